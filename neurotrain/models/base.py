"""What a model component offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from neurotrain.component.base import Family

if TYPE_CHECKING:
    from torch import nn


class Model(Family):
    """A network."""

    __slots__ = ()
    family: ClassVar[str] = "model"
    tasks: ClassVar[tuple[str, ...]] = ()
    """The tasks whose output it gives: `segmentation`, `classification`, `regression`."""
    needs_size: ClassVar[bool] = False
    """Whether all images must have one size that is known before the run."""

    @property
    def divisor(self) -> int:
        """Height and width must be divisible by this; evaluation pads to it by itself."""
        return 1

    @property
    def min_side(self) -> int:
        """Height and width have to be at least this."""
        return self.divisor

    @property
    def batch_statistics(self) -> bool:
        """Whether it normalises by statistics of the batch, and keeps running ones."""
        return getattr(self, "norm", None) == "batch"

    def contradiction(self) -> str:
        """What is wrong between the parameters, in one line; empty where nothing is."""
        return ""

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """The network: float32 (B, in_channels, H, W) to logits.

        Logits are (B, out_channels, H, W) for segmentation and (B, out_channels) for
        classification and regression. Weights come from torch's global generator.
        """
        raise AssertionError(f"{type(self).__name__} cannot be built")
