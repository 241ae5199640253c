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
    """The model outputs it is made for: `sigmoid` (one logit), `softmax` (one logit a class),
    `values` (one number a target)."""
    weight: float

    @property
    def of_batch(self) -> str:
        """The parameter by which a batch's value is not the mean of its samples' own; or empty."""
        return "over_batch" if getattr(self, "over_batch", False) else ""

    def contradiction(self, num_classes: int) -> tuple[str, str] | None:
        """The parameter that suits the others or the classes not, and why; None where all do."""
        return None

    def build(self) -> Compute:
        """The function (logits, targets, roi) -> loss of shape ().

        Logits are (B, K, ...) with K = 1 for two classes, targets int64 (B, ...), the region of
        interest bool (B, ...) or None. In a regression outputs and targets are (B, T).
        """
        raise AssertionError(f"{type(self).__name__} cannot be built")


def weights_fault(
    weights: tuple[float, ...] | None, num_counted: int, what: str
) -> tuple[str, str] | None:
    """What is wrong with the weights of a loss that counts so many classes; None where nothing is.

    `what` says in words which those are.
    """
    if weights is None:
        return None
    if num_counted == 1:
        return "class_weights", f"{what} alone counts, so there is nothing to weigh"
    if len(weights) != num_counted:
        return "class_weights", f"{what} need {num_counted} weights; there are {len(weights)}"
    return None if any(weights) else ("class_weights", "all weights are 0")
