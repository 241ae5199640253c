"""Transforms without randomness: their result is cached with the sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from neurotrain.component.base import Component, Positive
from neurotrain.transforms.base import Apply, Shape, Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws

if TYPE_CHECKING:
    import torch


class Normalize(Component, Transform, tag="normalize", frozen=True, kw_only=True):
    """Subtract the mean and divide by the standard deviation of each image."""

    per: Annotated[
        Literal["image", "channel"],
        Meta(description="Over which values the mean and deviation are taken: all, or per channel"),
    ] = "channel"
    inside_roi: Annotated[
        bool, Meta(description="Take mean and deviation inside the region of interest only")
    ] = True

    def build(self) -> Apply:
        """Normalise every image of a batch."""
        dims = (1,) if self.per == "channel" else (0, 1)

        def apply(batch: Batch, draws: Draws) -> Batch:
            rois = batch.rois if self.inside_roi and batch.rois is not None else [None] * len(batch)
            images = [
                _standardise(image, roi, dims)
                for image, roi in zip(batch.images, rois, strict=True)
            ]
            return (
                replace(batch, images=images).stacked()
                if _even(images)
                else replace(batch, images=images)
            )

        return apply


class Grey(Component, Transform, tag="grey", frozen=True, kw_only=True):
    """Make a colour image grey."""

    source: Annotated[
        Literal["luminance", "red", "green", "blue"],
        Meta(description="Rec. 601 luminance, or one channel (green shows vessels best)"),
    ] = "luminance"

    def build(self) -> Apply:
        """Mix the channels of every image into one."""
        weights = {"red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0)}
        mixture = weights.get(self.source, (0.299, 0.587, 0.114))

        def apply(batch: Batch, draws: Draws) -> Batch:
            return replace(batch, images=[_mixed(image, mixture) for image in batch.images])

        return apply

    def shape(self, shape: Shape) -> Shape:
        """One channel."""
        return replace(shape, channels=1)


class Resize(Component, Transform, tag="resize", frozen=True, kw_only=True):
    """Bring every image to one size: bilinear, antialiased; label maps by nearest neighbour."""

    size: Annotated[
        tuple[Positive, Positive], Meta(description="Height and width in pixels after it")
    ]

    def build(self) -> Apply:
        """Resize images, label maps and regions of interest."""
        import torch.nn.functional as F

        def image(x_CHW: torch.Tensor) -> torch.Tensor:
            return F.interpolate(
                x_CHW[None], self.size, mode="bilinear", antialias=True, align_corners=False
            )[0]

        def labels(x_HW: torch.Tensor) -> torch.Tensor:
            resized = F.interpolate(x_HW[None, None].float(), self.size, mode="nearest-exact")
            return resized[0, 0].to(x_HW.dtype)

        def apply(batch: Batch, draws: Draws) -> Batch:
            targets, rois = batch.targets, batch.rois
            return replace(
                batch,
                images=[image(x_CHW) for x_CHW in batch.images],
                targets=[labels(x) for x in targets] if batch.has_label_maps else targets,
                rois=None if rois is None else [labels(x) for x in rois],
            ).stacked()

        return apply

    def shape(self, shape: Shape) -> Shape:
        """The size that it brings to."""
        return replace(shape, size=self.size)


def _even(images: list[torch.Tensor]) -> bool:
    return len({image.shape for image in images}) == 1


def _standardise(
    image_CHW: torch.Tensor, roi_HW: torch.Tensor | None, dims: tuple[int, ...]
) -> torch.Tensor:
    values_CN = image_CHW.flatten(1) if roi_HW is None else image_CHW[:, roi_HW]
    if values_CN.shape[1] == 0:
        values_CN = image_CHW.flatten(1)
    mean = values_CN.mean(dims, keepdim=True)
    deviation = values_CN.std(dims, keepdim=True, unbiased=False).clamp_min(1e-6)
    return (image_CHW - mean[..., None]) / deviation[..., None]


def _mixed(image_CHW: torch.Tensor, mixture: tuple[float, ...]) -> torch.Tensor:
    if image_CHW.shape[0] == 1:
        return image_CHW
    if image_CHW.shape[0] < 3:
        raise ValueError(f"an image of {image_CHW.shape[0]} channels is no colour image")
    weights = image_CHW.new_tensor(mixture)[:, None, None]
    return (image_CHW[:3] * weights).sum(0, keepdim=True)
