"""Soft areas of classes: what losses of overlap and of centre lines are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from neurotrain.component.base import NonNegative

if TYPE_CHECKING:
    import torch

ClassWeights = Annotated[
    tuple[NonNegative, ...],
    Meta(
        description="Factor of each class that the loss counts, in label order: all, or all but "
        "the background",
        min_length=1,
    ),
]


def areas(
    logits: torch.Tensor,
    targets: torch.Tensor,
    roi: torch.Tensor | None,
    *,
    include_background: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities and truth of the counted classes, float32 (B, C, ...), 0 outside the region.

    One logit gives the foreground, and with the background two classes.
    """
    import torch
    from torch.nn.functional import one_hot

    if logits.shape[1] == 1:
        foreground = logits.float().sigmoid()
        likely = torch.cat([1 - foreground, foreground], 1) if include_background else foreground
        truth = one_hot(targets, 2).movedim(-1, 1).float()
    else:
        likely = logits.float().softmax(1)
        truth = one_hot(targets, logits.shape[1]).movedim(-1, 1).float()
        likely = likely if include_background else likely[:, 1:]
    truth = truth if include_background else truth[:, 1:]
    if roi is not None:
        likely, truth = likely * roi[:, None], truth * roi[:, None]
    return likely, truth


def summed_over(values: torch.Tensor, *, over_batch: bool) -> tuple[int, ...]:
    """The dimensions over which areas are summed: space, and the batch where asked."""
    return tuple(d for d in range(values.ndim) if d > 1 or (d == 0 and over_batch))


def mean_over_classes(values: torch.Tensor, weights: tuple[float, ...] | None) -> torch.Tensor:
    """The mean of (..., C) values, weighted by class where there are weights; of shape ()."""
    import torch

    if weights is None:
        return values.mean()
    factors = torch.tensor(weights, dtype=values.dtype).to(values.device)
    return (values * factors).mean() * (len(weights) / sum(weights))
