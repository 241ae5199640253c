"""The weighted sum of a spec's losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurotrain.losses.base import Loss

if TYPE_CHECKING:
    import torch


class TotalLoss:
    """What training makes small: each loss times its weight, added up."""

    def __init__(self, losses: tuple[Loss, ...]) -> None:
        assert losses
        self._terms = [(loss.weight, loss.build()) for loss in losses]

    def __call__(
        self, logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The sum for a batch, of shape ().

        Logits are (B, K, ...), targets int64 (B, ...), the region of interest bool (B, ...).

        Raises:
            ValueError: the shapes do not belong together.
        """
        wanted = (logits.shape[0], *logits.shape[2:])
        for name, given in (("targets", targets), ("the region of interest", roi)):
            if given is not None and given.shape != wanted:
                raise ValueError(
                    f"{name} of logits {tuple(logits.shape)} have the shape {wanted}, "
                    f"not {tuple(given.shape)}"
                )
        (weight, first), *others = self._terms
        total = first(logits, targets, roi)
        if weight != 1:
            total = weight * total
        for weight, compute in others:
            total = total + weight * compute(logits, targets, roi)
        return total
