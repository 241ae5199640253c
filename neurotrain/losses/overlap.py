"""Losses that measure the overlap of areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, PositiveFloat
from neurotrain.losses.base import Loss

if TYPE_CHECKING:
    import torch

    from neurotrain.losses.base import Compute


class DiceLoss(Component, Loss, tag="dice", frozen=True, kw_only=True):
    """One minus the soft Dice overlap, of each sample or of the whole batch.

    Two classes: of the foreground. More: the mean over classes, background excluded by default.
    Milletari, Navab and Ahmadi, "V-Net", 3DV 2016.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    smooth: Annotated[
        PositiveFloat, Meta(description="Added to both areas, in pixels, so that 0/0 is 1")
    ] = 1.0
    over_batch: Annotated[
        bool, Meta(description="Take the overlap over the whole batch instead of each sample")
    ] = False
    include_background: Annotated[
        bool, Meta(description="With three or more classes, count class 0 as well")
    ] = False

    def build(self) -> Compute:
        """Soft Dice on probabilities."""
        import torch
        from torch.nn.functional import one_hot

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            if logits.shape[1] == 1:
                likely, truth = logits.float().sigmoid(), targets[:, None].float()
            else:
                likely = logits.float().softmax(1)
                truth = one_hot(targets, logits.shape[1]).movedim(-1, 1).float()
                first = 0 if self.include_background else 1
                likely, truth = likely[:, first:], truth[:, first:]
            if roi is not None:
                likely, truth = likely * roi[:, None], truth * roi[:, None]
            dims = tuple(d for d in range(likely.ndim) if d > 1 or (d == 0 and self.over_batch))
            shared = (likely * truth).sum(dims)
            areas = likely.sum(dims) + truth.sum(dims)
            return 1 - torch.mean((2 * shared + self.smooth) / (areas + self.smooth))

        return compute
