"""A loss of centre lines, for vessels and other networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, Positive, PositiveFloat
from neurotrain.losses.areas import areas
from neurotrain.losses.base import Loss

if TYPE_CHECKING:
    import torch

    from neurotrain.losses.base import Compute


class ClDiceLoss(Component, Loss, tag="cldice", frozen=True, kw_only=True):
    """One minus the overlap of soft centre lines with the areas of the other mask.

    It sees gaps in thin lines that Dice does not; take it together with Dice. The mean over classes
    without the background. Shit et al., "clDice", CVPR 2021.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    iterations: Annotated[
        Positive, Meta(description="Erosions that thin a line: at least half the widest, in pixels")
    ] = 5
    smooth: Annotated[
        PositiveFloat, Meta(description="Added to both lengths, in pixels, so that 0/0 is 1")
    ] = 1.0

    def build(self) -> Compute:
        """The harmonic mean of both shares, on probabilities."""

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            likely, truth = areas(logits, targets, roi, include_background=False)
            precision = self._share(soft_skeleton(likely, self.iterations), truth)
            sensitivity = self._share(soft_skeleton(truth, self.iterations), likely)
            return 1 - (2 * precision * sensitivity / (precision + sensitivity)).mean()

        return compute

    def _share(self, lines: torch.Tensor, within: torch.Tensor) -> torch.Tensor:
        """How much of the lines lies within the areas, (B, C)."""
        dims = (-2, -1)
        return ((lines * within).sum(dims) + self.smooth) / (lines.sum(dims) + self.smooth)


def soft_skeleton(areas_BCHW: torch.Tensor, iterations: int) -> torch.Tensor:
    """Centre lines of soft areas: what an opening takes away, after each of so many erosions."""
    rest = areas_BCHW
    lines = (rest - _opened(rest)).relu()
    for _ in range(iterations):
        rest = _eroded(rest)
        found = (rest - _opened(rest)).relu()
        lines = lines + found * (1 - lines).clamp_min(0)
    return lines


def _eroded(areas_BCHW: torch.Tensor) -> torch.Tensor:
    """The least of a pixel and its four neighbours."""
    import torch
    from torch.nn.functional import max_pool2d

    lost = -areas_BCHW
    columns = max_pool2d(lost, (3, 1), 1, (1, 0))
    return -torch.maximum(columns, max_pool2d(lost, (1, 3), 1, (0, 1)))


def _opened(areas_BCHW: torch.Tensor) -> torch.Tensor:
    """Eroded, then the most of each pixel and its eight neighbours."""
    from torch.nn.functional import max_pool2d

    return max_pool2d(_eroded(areas_BCHW), 3, 1, 1)
