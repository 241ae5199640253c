"""What a loss component offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from neurotrain.component.base import Family

if TYPE_CHECKING:
    import torch

    Compute: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]


class Loss(Family):
    """What training makes small."""

    __slots__ = ()
    family: ClassVar[str] = "loss"
    tasks: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[str, ...]] = ()
    """The model outputs it is made for: `sigmoid` (one logit), `softmax` (one logit a class)."""
    weight: float

    def build(self) -> Compute:
        """The function (logits, targets, roi) -> loss of shape ().

        Logits are (B, K, ...) with K = 1 for two classes, targets int64 (B, ...), the region of
        interest bool (B, ...) or None.
        """
        raise AssertionError(f"{type(self).__name__} cannot be built")
