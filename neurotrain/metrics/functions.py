"""The metrics as plain functions of predictions and targets.

Each gives one float64 value a class, K in all, NaN where a class has none. Predictions are logits
or probabilities (B, K, ...), with one channel for two classes, or labels (B, ...); targets are
labels (B, ...). K is the number of channels, at least 2. Labels do not tell it: without
`num_classes` it is one more than the largest label. `mae`, `rmse` and `r2` are of numbers (B, T).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurotrain.metrics.curve import AUROC
from neurotrain.metrics.functional import Inputs, values, values_of_targets
from neurotrain.metrics.overlap import F1, Accuracy, Dice, IoU, Precision, Recall, Specificity
from neurotrain.metrics.shape import ClDice, Hausdorff95
from neurotrain.metrics.values import MAE, R2, RMSE

if TYPE_CHECKING:
    import torch


def dice(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """Dice of each class, pooled over the batch; NaN for classes that never occur."""
    return values(Dice(), predictions, targets, inputs, num_classes)


def iou_seg(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """Intersection over union of each class, pooled over the batch, as `dice`."""
    return values(IoU(), predictions, targets, inputs, num_classes)


def accuracy(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The share of each class's pixels or samples that are right, as `dice`."""
    return values(Accuracy(), predictions, targets, inputs, num_classes)


def precision(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The share of predictions of each class that are right, as `dice`."""
    return values(Precision(), predictions, targets, inputs, num_classes)


def recall(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The share of each class that is found, as `dice`."""
    return values(Recall(), predictions, targets, inputs, num_classes)


def specificity(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The share of everything else not taken for the class, as `dice`."""
    return values(Specificity(), predictions, targets, inputs, num_classes)


def f1(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The harmonic mean of precision and recall of each class, as `dice`."""
    return values(F1(), predictions, targets, inputs, num_classes)


def auroc(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The area under the ROC curve of each class; of logits or probabilities, not labels."""
    return values(AUROC(), predictions, targets, inputs, num_classes)


def hausdorff95(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
    spacing: tuple[float, float] = (1.0, 1.0),
) -> torch.Tensor:
    """The 95 % Hausdorff distance of each class but the first, the mean over label maps."""
    return values(Hausdorff95(spacing=spacing), predictions, targets, inputs, num_classes)


def cldice(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The overlap of centre lines of each class but the first, the mean over label maps."""
    return values(ClDice(), predictions, targets, inputs, num_classes)


def mae(predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean absolute error of each target, float64 (T,), of numbers (B, T) or (B,)."""
    return values_of_targets(MAE(), predictions, targets)


def rmse(predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The root of the mean squared error of each target, as `mae`."""
    return values_of_targets(RMSE(), predictions, targets)


def r2(predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The explained share of each target's variance, as `mae`; NaN where the truth is constant."""
    return values_of_targets(R2(), predictions, targets)
