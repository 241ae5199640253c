"""Losses that are negative log-likelihoods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, PositiveFloat
from neurotrain.losses.base import Loss, weights_fault

if TYPE_CHECKING:
    import torch

    from neurotrain.losses.base import Compute

_TINY: Final = 1e-6
_Smoothing = Annotated[
    float,
    Meta(description="Probability given evenly to all classes instead of the label", ge=0.0, lt=1),
]
_ClassWeights = Annotated[
    tuple[NonNegative, ...], Meta(description="Factor of each class, in label order", min_length=1)
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
    """Cross-entropy of a softmax, averaged over samples and pixels of the region, or tokens."""

    tasks: ClassVar[tuple[str, ...]] = ("segmentation", "classification", "causal_lm")
    outputs: ClassVar[tuple[str, ...]] = ("softmax",)
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    label_smoothing: _Smoothing = 0.0
    class_weights: _ClassWeights | None = None

    @property
    def of_batch(self) -> str:
        """With weights it is divided by those of the whole batch."""
        return "" if self.class_weights is None else "class_weights"

    def contradiction(self, num_classes: int) -> tuple[str, str] | None:
        """Weights of another number than classes."""
        return weights_fault(self.class_weights, num_classes, f"{num_classes} classes")

    def build(self) -> Compute:
        """torch's cross-entropy; with weights, over the sum of the weights of what is averaged."""
        import torch
        from torch.nn.functional import cross_entropy

        factors = None if self.class_weights is None else torch.tensor(self.class_weights)

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            if factors is None and roi is None:
                return cross_entropy(logits.float(), targets, label_smoothing=self.label_smoothing)
            weights = None if factors is None else factors.to(logits.device)
            terms = cross_entropy(
                logits.float(), targets, weights, reduction="none",
                label_smoothing=self.label_smoothing,
            )  # fmt: skip
            if weights is None:
                return _mean_inside(terms, roi)
            total = weights[targets] if roi is None else weights[targets] * roi
            terms = terms if roi is None else terms * roi
            return terms.sum() / total.sum().clamp_min(_TINY)

        return compute


class FocalLoss(Component, Loss, tag="focal", frozen=True, kw_only=True):
    """Cross-entropy times (1 - p) ** gamma of the true class's probability p.

    So what is right already counts less. The mean over samples and pixels of the region. Lin et
    al., "Focal loss for dense object detection", ICCV 2017, whose alpha are the class weights.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation", "classification")
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid", "softmax")
    weight: Annotated[NonNegative, Meta(description="Factor of this loss in the sum")] = 1.0
    gamma: Annotated[NonNegative, Meta(description="Power; 0 gives plain cross-entropy")] = 2.0
    class_weights: _ClassWeights | None = None

    def contradiction(self, num_classes: int) -> tuple[str, str] | None:
        """Weights of another number than classes."""
        return weights_fault(self.class_weights, num_classes, f"{num_classes} classes")

    def build(self) -> Compute:
        """Of a sigmoid or a softmax, by the number of logits."""
        import torch
        from torch.nn.functional import cross_entropy

        factors = None if self.class_weights is None else torch.tensor(self.class_weights)

        def compute(
            logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
        ) -> torch.Tensor:
            scores = logits.float()
            if scores.shape[1] == 1:
                scores = torch.cat([torch.zeros_like(scores), scores], dim=1)
            terms = cross_entropy(scores, targets, reduction="none")
            # The slope at 0 is infinite for powers below one.
            terms = (1 - (-terms).exp()).clamp_min(_TINY) ** self.gamma * terms
            if factors is not None:
                terms = terms * factors.to(logits.device)[targets]
            return _mean_inside(terms, roi)

        return compute


def _mean_inside(terms: torch.Tensor, roi: torch.Tensor | None) -> torch.Tensor:
    if roi is None:
        return terms.mean()
    return (terms * roi).sum() / roi.sum().clamp_min(1)
