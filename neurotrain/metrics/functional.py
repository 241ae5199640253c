"""Metrics as plain functions of predictions and targets, and the counting behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from neurotrain.metrics.base import Metric
from neurotrain.metrics.overlap import Accuracy, Dice, IoU

if TYPE_CHECKING:
    import torch

Inputs: TypeAlias = Literal["logits", "probabilities", "labels"]


def to_labels(predictions: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """Predicted labels, int64 (B, ...), of logits or probabilities (B, K, ...).

    One channel is the foreground of two classes: it is predicted from probability 0.5 on.

    Raises:
        ValueError: `inputs` is none of the three.
    """
    if inputs not in get_args(Inputs):
        raise ValueError(f"inputs are {', '.join(get_args(Inputs))}, not {inputs!r}")
    if inputs == "labels":
        return predictions.long()
    if predictions.shape[1] == 1:
        return (predictions[:, 0] >= (0.0 if inputs == "logits" else 0.5)).long()
    return predictions.argmax(1)


def count(
    labels: torch.Tensor, targets: torch.Tensor, num_classes: int, roi: torch.Tensor | None = None
) -> torch.Tensor:
    """The confusion matrix, int64 (K, K), rows truth, columns prediction.

    Counted on the device that holds the labels; nothing is read back.
    """
    import torch

    cells = targets.flatten() * num_classes + labels.flatten()
    if roi is None:
        ones = torch.ones_like(cells)
    else:
        ones = roi.flatten().to(cells.dtype)
    counts = torch.zeros(num_classes * num_classes, dtype=torch.int64, device=cells.device)
    return counts.scatter_add_(0, cells, ones).view(num_classes, num_classes)


def dice(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """Dice of each class, float64 (K,), pooled over the batch; NaN for classes that never occur.

    K is the number of channels, at least 2. Labels do not tell it: without `num_classes` it is one
    more than the largest label.
    """
    return values(Dice(), predictions, targets, inputs, num_classes)


def iou_seg(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """Intersection over union of each class, float64 (K,), pooled over the batch, as `dice`."""
    return values(IoU(), predictions, targets, inputs, num_classes)


def accuracy(
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    *,
    num_classes: int | None = None,
) -> torch.Tensor:
    """The share of each class's pixels or samples that are right, float64 (K,), as `dice`."""
    return values(Accuracy(), predictions, targets, inputs, num_classes)


def values(
    metric: Metric,
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    num_classes: int | None = None,
) -> torch.Tensor:
    """A metric of each class, float64 (K,), pooled over the batch.

    Raises:
        ValueError: predictions and targets differ in shape, or a label is none of the classes.
    """
    import torch

    labels, truth = to_labels(predictions, inputs), targets.long()
    if labels.shape != truth.shape:
        shapes = f"{tuple(labels.shape)}, targets {tuple(truth.shape)}"
        raise ValueError(f"predicted labels have the shape {shapes}")
    present = torch.cat([labels.flatten(), truth.flatten()])
    smallest, largest = (int(present.min()), int(present.max())) if len(present) else (0, 0)
    if inputs != "labels":
        told = max(2, predictions.shape[1])
    else:
        told = num_classes or max(2, largest + 1)
    if num_classes not in (None, told):
        raise ValueError(f"predictions of {told} classes are not of {num_classes}")
    if smallest < 0 or largest >= told:
        wrong = smallest if smallest < 0 else largest
        raise ValueError(f"there is a label {wrong} in data of {told} classes")
    return metric.per_class(count(labels, truth, told))
