"""Metrics of predictions and targets, and the counting behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from neurotrain.metrics.base import CurveMetric, MapMetric, Metric, ValueMetric, name_of

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


def values(
    metric: Metric,
    predictions: torch.Tensor,
    targets: torch.Tensor,
    inputs: Inputs = "logits",
    num_classes: int | None = None,
) -> torch.Tensor:
    """A metric of each class, float64 (K,), over the batch as over a whole pass.

    Raises:
        ValueError: predictions and targets differ in shape, a label is none of the classes, or the
            metric needs scores or label maps and is not given them.
    """
    import torch

    from neurotrain.metrics.tally import Tally

    if isinstance(metric, ValueMetric):
        return values_of_targets(metric, predictions, targets)
    labels, truth = to_labels(predictions, inputs), targets.long()
    if labels.shape != truth.shape:
        shapes = f"{tuple(labels.shape)}, targets {tuple(truth.shape)}"
        raise ValueError(f"predicted labels have the shape {shapes}")
    if isinstance(metric, CurveMetric) and inputs == "labels":
        raise ValueError(f"'{name_of(metric)}' ranks logits or probabilities, not labels")
    if isinstance(metric, MapMetric) and labels.ndim != 3:
        raise ValueError(f"'{name_of(metric)}' measures label maps (B, H, W), not {labels.ndim}-d")
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
    tally = Tally((metric,), told, is_map=labels.ndim > 1)
    scores = None if inputs == "labels" else _to_probabilities(predictions, inputs)
    tally.add(labels, scores, truth)
    return tally.per_class(metric)


def values_of_targets(
    metric: ValueMetric, predictions: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """A metric of each target, float64 (T,), of numbers (B, T), or (B,) of one target.

    Raises:
        ValueError: predictions and targets differ in shape, or have another number of dimensions.
    """
    from neurotrain.metrics.value_tally import ValueTally

    if predictions.shape != targets.shape or predictions.ndim not in (1, 2):
        shapes = f"{tuple(predictions.shape)}, targets {tuple(targets.shape)}"
        raise ValueError(f"numbers are (B, T) or (B,); predictions have the shape {shapes}")
    each = predictions if predictions.ndim == 2 else predictions[:, None]
    tally = ValueTally(each.shape[1])
    tally.add(each.detach(), targets.reshape(each.shape))
    return tally.per_target(metric)


def _to_probabilities(predictions: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """Probabilities of all classes, (B, K, ...) with K at least 2."""
    import torch

    if predictions.shape[1] > 1:
        return predictions.softmax(1) if inputs == "logits" else predictions
    foreground = predictions.sigmoid() if inputs == "logits" else predictions
    return torch.cat([1 - foreground, foreground], dim=1)
