"""Losses that are negative log-likelihoods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, PositiveFloat
from neurotrain.losses.base import Loss

if TYPE_CHECKING:
    import torch

    from neurotrain.losses.base import Compute

_Smoothing = Annotated[
    float,
    Meta(description="Probability given evenly to all classes instead of the label", ge=0.0, lt=1),
]


class BinaryCrossEntropy(Component, Loss, tag="bce", frozen=True, kw_only=True):
    """Binary cross-entropy of one logit, averaged over samples and pixels of the region."""

    tasks: ClassVar[tuple[str, ...]] = ("segmentation", "classification")
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid",)
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    positive_weight: Annotated[
        PositiveFloat, Meta(description="Factor of the foreground's terms")
    ] = 1.0

    def build(self) -> Compute:
        """torch's binary cross-entropy with logits."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits

        factor = None if self.positive_weight == 1.0 else torch.tensor(self.positive_weight)

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            terms = binary_cross_entropy_with_logits(
                logits[:, 0].float(),
                targets.float(),
                reduction="none",
                pos_weight=factor if factor is None else factor.to(logits.device),
            )
            return _mean_inside(terms, roi)

        return compute


class CrossEntropy(Component, Loss, tag="cross_entropy", frozen=True, kw_only=True):
    """Cross-entropy of a softmax, averaged over samples and pixels of the region."""

    tasks: ClassVar[tuple[str, ...]] = ("segmentation", "classification")
    outputs: ClassVar[tuple[str, ...]] = ("softmax",)
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    label_smoothing: _Smoothing = 0.0

    def build(self) -> Compute:
        """torch's cross-entropy."""
        from torch.nn.functional import cross_entropy

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            reduction = "mean" if roi is None else "none"
            terms = cross_entropy(
                logits.float(), targets, reduction=reduction, label_smoothing=self.label_smoothing
            )
            return terms if roi is None else _mean_inside(terms, roi)

        return compute


def _mean_inside(terms: torch.Tensor, roi: torch.Tensor | None) -> torch.Tensor:
    if roi is None:
        return terms.mean()
    return (terms * roi).sum() / roi.sum().clamp_min(1)
