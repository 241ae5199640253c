"""Metrics of a confusion matrix. TP, FP, FN and TN are counts for one class against the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from neurotrain.component.base import Component
from neurotrain.metrics.base import MatrixMetric

if TYPE_CHECKING:
    import torch


class Dice(Component, MatrixMetric, tag="dice", frozen=True, kw_only=True):
    """2 TP / (2 TP + FP + FN), pooled over all pixels. Dice, Ecology 1945; the same as F1."""

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The overlap of each class."""
        tp, fp, fn, _ = outcomes(counts_KK)
        return 2 * tp / (2 * tp + fp + fn)


class IoU(Component, MatrixMetric, tag="iou", frozen=True, kw_only=True):
    """TP / (TP + FP + FN), pooled over all pixels; the Jaccard index."""

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """Intersection over union of each class."""
        tp, fp, fn, _ = outcomes(counts_KK)
        return tp / (tp + fp + fn)


class Accuracy(Component, MatrixMetric, tag="accuracy", frozen=True, kw_only=True):
    """The share of pixels or samples that are right; a class's value is of that class's own."""

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The share of each class's pixels or samples that are right."""
        tp, _, fn, _ = outcomes(counts_KK)
        return tp / (tp + fn)

    def overall(self, counts_KK: torch.Tensor, *, foreground_only: bool) -> float:
        """All that is right over all that there is, background included."""
        return float(counts_KK.diagonal().sum().double() / counts_KK.sum().double())


class BalancedAccuracy(Component, MatrixMetric, tag="balanced_accuracy", frozen=True, kw_only=True):
    """The mean over all classes of the share that is right."""

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The share of each class that is right."""
        tp, _, fn, _ = outcomes(counts_KK)
        return tp / (tp + fn)

    def overall(self, counts_KK: torch.Tensor, *, foreground_only: bool) -> float:
        """The mean over every class that occurs, background included."""
        return super().overall(counts_KK, foreground_only=False)


class Precision(Component, MatrixMetric, tag="precision", frozen=True, kw_only=True):
    """TP / (TP + FP); 0 for a class that occurs and is never predicted."""

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The share of predictions of each class that are right."""
        tp, fp, fn, _ = outcomes(counts_KK)
        precision = tp / (tp + fp)
        return precision.where((tp + fp > 0) | (fn == 0), 0.0)


class Recall(Component, MatrixMetric, tag="recall", frozen=True, kw_only=True):
    """TP / (TP + FN), also called sensitivity."""

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The share of each class that is found."""
        tp, _, fn, _ = outcomes(counts_KK)
        return tp / (tp + fn)


class Specificity(Component, MatrixMetric, tag="specificity", frozen=True, kw_only=True):
    """TN / (TN + FP)."""

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The share of everything else that is not taken for the class."""
        tp, fp, fn, tn = outcomes(counts_KK)
        return (tn / (tn + fp)).where(tp + fp + fn > 0, float("nan"))


class F1(Component, MatrixMetric, tag="f1", frozen=True, kw_only=True):
    """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall."""

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """F1 of each class against the rest."""
        tp, fp, fn, _ = outcomes(counts_KK)
        return 2 * tp / (2 * tp + fp + fn)


class CohenKappa(Component, MatrixMetric, tag="cohen_kappa", frozen=True, kw_only=True):
    """Agreement beyond chance: (p - e) / (1 - e) of the share right and that expected by chance.

    A class's value is of that class against the rest; the overall value is of all classes together,
    background included. Cohen, Educational and Psychological Measurement 1960.
    """

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """Kappa of each class against the rest."""
        tp, fp, fn, tn = outcomes(counts_KK)
        kappa = 2 * (tp * tn - fn * fp) / ((tp + fp) * (fp + tn) + (tp + fn) * (fn + tn))
        return kappa.where(tp + fp + fn > 0, float("nan"))

    def overall(self, counts_KK: torch.Tensor, *, foreground_only: bool) -> float:
        """Kappa of all classes; not defined where all is of one class."""
        counts = counts_KK.double() / counts_KK.sum()
        chance = (counts.sum(0) * counts.sum(1)).sum()
        return float((counts.diagonal().sum() - chance) / (1 - chance))


class Matthews(Component, MatrixMetric, tag="matthews", frozen=True, kw_only=True):
    """Matthews' correlation coefficient between truth and prediction; 0 is guessing.

    A class's value is of that class against the rest; the overall value is of all classes together,
    background included. Gorodkin, Computational Biology and Chemistry 2004.
    """

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """The correlation of each class against the rest; 0 where one side never changes."""
        tp, fp, fn, tn = outcomes(counts_KK)
        spread = ((tp + fp).sqrt() * (tp + fn).sqrt()) * ((tn + fp).sqrt() * (tn + fn).sqrt())
        value = ((tp * tn - fp * fn) / spread).where(spread > 0, 0.0)
        return value.where((tp + fp + fn > 0) & (tn + fp + fn > 0), float("nan"))

    def overall(self, counts_KK: torch.Tensor, *, foreground_only: bool) -> float:
        """The correlation of all classes; 0 where all is predicted or truly of one class."""
        counts = counts_KK.double() / counts_KK.sum()
        predicted, true = counts.sum(0), counts.sum(1)
        spread = ((1 - (predicted**2).sum()) * (1 - (true**2).sum())).sqrt()
        if spread == 0 and not bool((counts.diagonal() == 1).any()):
            return 0.0 if bool(counts.isfinite().all()) else float("nan")
        return float((counts.diagonal().sum() - (predicted * true).sum()) / spread)


def outcomes(
    counts_KK: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """True positives, false positives, false negatives and true negatives, float64 (K,)."""
    counts = counts_KK.double()
    tp = counts.diagonal()
    fp = counts.sum(0) - tp
    fn = counts.sum(1) - tp
    return tp, fp, fn, counts.sum() - tp - fp - fn
