"""Random transforms, each on a whole batch at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, Positive, Share
from neurotrain.transforms.base import Apply, Shape, Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


_TRIES: Final = 8
_Change: TypeAlias = "Callable[[torch.Tensor], torch.Tensor]"


class RandomCrop(Component, Transform, tag="random_crop", frozen=True, kw_only=True):
    """Cut a window at a random place, its centre inside the region of interest if there is one."""

    random = True
    size: Annotated[
        tuple[Positive, Positive], Meta(description="Height and width of the window in pixels")
    ]
    crops_per_image: Annotated[
        Positive, Meta(description="How many windows each image gives in an epoch")
    ] = 1

    def build(self) -> Apply:
        """Cut one window of every image."""
        height, width = self.size

        def apply(batch: Batch, draws: Draws) -> Batch:
            positions = draws.uniform(2 * _TRIES + 1)
            rois = batch.rois if batch.rois is not None else [None] * len(batch)
            corners = [
                _corner(image, roi, self.size, position)
                for image, roi, position in zip(batch.images, rois, positions, strict=True)
            ]

            def cut(maps: torch.Tensor | list[torch.Tensor]) -> list[torch.Tensor]:
                return [
                    x[..., top : top + height, left : left + width]
                    for x, (top, left) in zip(maps, corners, strict=True)
                ]

            return replace(
                batch,
                images=cut(batch.images),
                targets=cut(batch.targets) if batch.has_label_maps else batch.targets,
                rois=None if batch.rois is None else cut(batch.rois),
            ).stacked()

        return apply

    def shape(self, shape: Shape) -> Shape:
        """The window's size."""
        return replace(shape, size=self.size)

    @property
    def per_image(self) -> int:
        """The number of windows."""
        return self.crops_per_image


class RandomFlip(Component, Transform, tag="random_flip", frozen=True, kw_only=True):
    """Mirror each sample, with the given probability along each axis."""

    random = True
    equal_sizes = True
    axes: Annotated[
        tuple[Literal["horizontal", "vertical"], ...],
        Meta(description="Which ways an image may be mirrored", min_length=1),
    ] = ("horizontal", "vertical")
    probability: Annotated[Share, Meta(description="Chance of a flip, for each axis by itself")] = (
        0.5
    )

    def build(self) -> Apply:
        """Mirror the drawn samples."""
        import torch

        dims = [{"horizontal": -1, "vertical": -2}[axis] for axis in self.axes]

        def apply(batch: Batch, draws: Draws) -> Batch:
            chosen = torch.from_numpy(draws.uniform(len(dims)) < self.probability)
            for column, dim in enumerate(dims):
                batch = _where(batch, chosen[:, column], partial(torch.flip, dims=(dim,)))
            return batch

        return apply


class RandomRotate90(Component, Transform, tag="random_rotate90", frozen=True, kw_only=True):
    """Turn each square sample by 0, 90, 180 or 270 degrees, all equally likely."""

    random = True
    equal_sizes = True

    def build(self) -> Apply:
        """Turn every sample by its drawn multiple of 90 degrees."""
        import torch

        def apply(batch: Batch, draws: Draws) -> Batch:
            height, width = batch.images[0].shape[-2:]
            if height != width:
                raise ValueError(
                    f"images of {height}x{width} pixels cannot be turned by 90 degrees"
                )
            turns = torch.from_numpy((draws.uniform(1)[:, 0] * 4).astype("int64"))
            batch = _where(batch, turns >= 2, lambda x: x.flip(-1, -2))
            return _where(batch, turns % 2 == 1, lambda x: x.transpose(-1, -2).flip(-1))

        return apply


class RandomAffine(Component, Transform, tag="random_affine", frozen=True, kw_only=True):
    """Rotate and scale each sample about its centre; bilinear, label maps by nearest neighbour."""

    random = True
    equal_sizes = True
    degrees: Annotated[NonNegative, Meta(description="Largest rotation either way, in degrees")] = (
        180.0
    )
    scale: Annotated[
        float,
        Meta(
            description="Largest relative change of size: 0.1 draws from 0.9 to 1.1", ge=0, le=0.9
        ),
    ] = 0.1
    probability: Annotated[Share, Meta(description="Chance that a sample is changed")] = 1.0

    def build(self) -> Apply:
        """Resample every drawn sample on its turned grid."""
        import numpy as np
        import torch
        import torch.nn.functional as F

        def apply(batch: Batch, draws: Draws) -> Batch:
            batch = batch.stacked()
            uniform = draws.uniform(3)
            chosen = uniform[:, 0] < self.probability
            angle = np.deg2rad(self.degrees) * (2 * uniform[chosen, 1] - 1)
            factor = 1 + self.scale * (2 * uniform[chosen, 2] - 1)
            height, width = batch.images[0].shape[-2:]
            grid = _turned_grid(angle, factor, height, width)
            # All are reflected at the edges, so that labels stay where their pixels are.
            sample = partial(F.grid_sample, padding_mode="reflection", align_corners=False)

            def labels(x_BHW: torch.Tensor) -> torch.Tensor:
                turned = sample(x_BHW[:, None].float(), grid, mode="nearest")
                return turned[:, 0].to(x_BHW.dtype)

            return _where(batch, torch.from_numpy(chosen), lambda x: sample(x, grid), labels)

        return apply


class RandomIntensity(Component, Transform, tag="random_intensity", frozen=True, kw_only=True):
    """Change the contrast (about each channel's mean), brightness and noise of each sample.

    For images of mean 0 and deviation 1, as `normalize` makes them.
    """

    random = True
    equal_sizes = True
    brightness: Annotated[
        NonNegative, Meta(description="Largest value added or taken away, in deviations")
    ] = 0.1
    contrast: Annotated[
        Share, Meta(description="Largest relative change of contrast: 0.1 draws from 0.9 to 1.1")
    ] = 0.1
    noise: Annotated[
        NonNegative, Meta(description="Largest deviation of added Gaussian noise, in deviations")
    ] = 0.0

    def build(self) -> Apply:
        """Scale, shift and add noise."""
        import numpy as np
        import torch

        def apply(batch: Batch, draws: Draws) -> Batch:
            images = batch.stacked().images
            assert isinstance(images, torch.Tensor)
            uniform = draws.uniform(3).astype(np.float32)
            scale = torch.from_numpy(1 + self.contrast * (2 * uniform[:, 0] - 1))
            shift = torch.from_numpy(self.brightness * (2 * uniform[:, 1] - 1))
            mean = images.mean((-2, -1), keepdim=True)
            changed = (images - mean) * scale[:, None, None, None]
            changed = changed + mean + shift[:, None, None, None]
            if self.noise > 0:
                deviation = torch.from_numpy(self.noise * uniform[:, 2])[:, None]
                noise = torch.from_numpy(draws.at(1).normal(images[0].numel()))
                changed = changed + (noise * deviation).reshape(images.shape)
            return replace(batch.stacked(), images=changed)

        return apply


def _corner(
    image: torch.Tensor,
    roi: torch.Tensor | None,
    size: tuple[int, int],
    positions: NDArray[np.float64],
) -> tuple[int, int]:
    """The window's top left corner, evenly drawn from those whose centre the region holds.

    A few corners are tried first, because listing all of a large region's takes long. Where no
    window has its centre in the region, the last try stands.

    Raises:
        ValueError: the image is smaller than the window.
    """
    free = [image.shape[-2 + axis] - size[axis] for axis in range(2)]
    if min(free) < 0:
        height, width = image.shape[-2:]
        raise ValueError(
            f"a window of {size[0]}x{size[1]} pixels does not fit into an image of {height}x{width}"
        )
    for first in range(0, 2 * _TRIES, 2):
        top = int(positions[first] * (free[0] + 1))
        left = int(positions[first + 1] * (free[1] + 1))
        if roi is None or bool(roi[top + size[0] // 2, left + size[1] // 2]):
            return top, left
    assert roi is not None
    centres = roi[size[0] // 2 :, size[1] // 2 :][: free[0] + 1, : free[1] + 1].nonzero()
    if len(centres) > 0:
        top, left = centres[int(positions[-1] * len(centres))].tolist()
    return top, left


def _turned_grid(
    angle: NDArray[np.float64], factor: NDArray[np.float64], height: int, width: int
) -> torch.Tensor:
    """Where each pixel comes from, (B, H, W, 2) in normalised coordinates (x, y) of -1 to 1.

    Computed element by element: a product of matrices has other last bits in other batches.
    """
    import numpy as np
    import torch

    def a_sample(values: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32))[:, None, None]

    aspect = width / height
    cosine, sine = np.cos(angle) / factor, np.sin(angle) / factor
    x = (2 * torch.arange(width) + 1) / width - 1
    y = ((2 * torch.arange(height) + 1) / height - 1)[:, None]
    from_x = a_sample(cosine) * x - a_sample(sine / aspect) * y
    from_y = a_sample(sine * aspect) * x + a_sample(cosine) * y
    return torch.stack([from_x, from_y], dim=-1)


def _where(
    batch: Batch, chosen: torch.Tensor, change: _Change, labels: _Change | None = None
) -> Batch:
    """The batch with `change` done to the chosen samples, `labels` to their maps if it is given."""

    def picked(change: _Change) -> _Change:
        def pick(x: torch.Tensor) -> torch.Tensor:
            changed = x.clone()
            changed[chosen] = change(x[chosen])
            return changed

        return pick

    stacked = batch.stacked()
    if not bool(chosen.any()):
        return stacked
    return _map_stacked(stacked, picked(change), picked(labels or change))


def _map_stacked(batch: Batch, image: _Change, labels: _Change) -> Batch:
    import torch

    targets, rois = batch.targets, batch.rois
    maps = batch.has_label_maps
    assert isinstance(targets, torch.Tensor)
    assert isinstance(batch.images, torch.Tensor)
    assert not isinstance(rois, list)
    return replace(
        batch,
        images=image(batch.images),
        targets=labels(targets) if maps else targets,
        rois=None if rois is None else labels(rois),
    )
