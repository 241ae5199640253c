"""The weighted sum of a spec's losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurotrain.dataset.targets import Target, standardized
from neurotrain.losses.base import Loss

if TYPE_CHECKING:
    import torch


class TotalLoss:
    """What training makes small: each loss times its weight, added up."""

    def __init__(self, losses: tuple[Loss, ...], targets: tuple[Target, ...] = ()) -> None:
        """The losses, and the targets of a regression where they are learned on another scale."""
        assert losses
        self._targets = targets
        self._of_values = "values" in losses[0].outputs
        self._terms = [(loss.weight, loss.build()) for loss in losses]

    def __call__(
        self, logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The sum for a batch, of shape ().

        Logits are (B, K, ...), targets int64 (B, ...), the region of interest bool (B, ...). In a
        regression outputs are (B, T), targets (B, T) in their own units.

        Raises:
            ValueError: the shapes do not belong together.
        """
        wanted = tuple(logits.shape)
        wanted = wanted if self._of_values else (wanted[0], *wanted[2:])
        for name, given in (("targets", targets), ("the region of interest", roi)):
            if given is not None and given.shape != wanted:
                raise ValueError(
                    f"{name} of logits {tuple(logits.shape)} have the shape {wanted}, "
                    f"not {tuple(given.shape)}"
                )
        if self._targets:
            targets = standardized(targets, self._targets)
        (weight, first), *others = self._terms
        total = first(logits, targets, roi)
        if weight != 1:
            total = weight * total
        for weight, compute in others:
            total = total + weight * compute(logits, targets, roi)
        return total
