"""One pass over evaluation data: loss, confusion matrix and each sample's own values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from neurotrain.component.base import tag_of
from neurotrain.engine.inference import Inference, autocast
from neurotrain.metrics.base import Metric
from neurotrain.metrics.functional import count
from neurotrain.recorder.results import SampleScore
from neurotrain.transforms.batch import Batch

Criterion = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A batch with what the model says about it."""

    batch: Batch
    probabilities: torch.Tensor
    """(B, K, ...) with K at least 2."""
    labels: torch.Tensor
    """int64 (B, ...)."""
    losses: torch.Tensor
    """float64 (B,), the loss of each sample by itself."""
    counts: torch.Tensor
    """int64 (B, K, K): each sample's confusion matrix, rows truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Values over a whole pass."""

    loss: float
    counts: torch.Tensor
    foreground_only: bool
    """Overall values leave class 0 out, which is the background of a segmentation."""
    samples: tuple[SampleScore, ...]
    """Empty where only the whole was asked for."""

    def overall(self, metrics: Iterable[Metric]) -> dict[str, float]:
        """Each metric over all pixels or samples."""
        return {
            tag_of(metric): metric.overall(self.counts, foreground_only=self.foreground_only)
            for metric in metrics
        }

    def per_class(
        self, metrics: Iterable[Metric], classes: tuple[str, ...]
    ) -> dict[str, Mapping[str, float]]:
        """Each metric of each class."""
        values = {tag_of(metric): metric.per_class(self.counts) for metric in metrics}
        return {
            name: {metric: float(column[index]) for metric, column in values.items()}
            for index, name in enumerate(classes)
        }


def score(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    criterion: Criterion,
    inference: Inference,
    num_classes: int,
) -> Iterator[Scored]:
    """Apply the model to every batch, without gradients and in evaluation mode."""
    was_training = model.training
    model.eval()
    try:
        for cpu_batch in batches:
            with torch.inference_mode():
                batch = cpu_batch.to(inference.device)
                yield _score(model, batch, criterion, inference, num_classes)
    finally:
        model.train(was_training)


def collect(
    scored: Iterable[Scored],
    metrics: tuple[Metric, ...],
    *,
    classes: tuple[str, ...],
    names: tuple[str, ...] | None = None,
) -> Scores:
    """Add a pass up; with sample names also each sample's own values.

    Each sample counts once in the loss, whatever its batch.
    """
    counts = torch.zeros(len(classes), len(classes), dtype=torch.int64)
    losses: list[float] = []
    samples: list[SampleScore] = []
    maps = False
    for part in scored:
        maps = part.labels.ndim > 1
        counts += part.counts.sum(0).cpu()
        losses += part.losses.tolist()
        if names is not None:
            samples += _sample_scores(part, metrics, names, classes)
    loss = sum(losses) / len(losses) if losses else float("nan")
    return Scores(loss=loss, counts=counts, foreground_only=maps, samples=tuple(samples))


def mean_loss(
    model: nn.Module, batches: Iterable[Batch], *, criterion: Criterion, inference: Inference
) -> float:
    """The mean loss over samples, for data without classes."""
    was_training = model.training
    model.eval()
    total, num_samples = 0.0, 0
    try:
        for cpu_batch in batches:
            batch = cpu_batch.to(inference.device)
            with torch.inference_mode(), autocast(inference.device, inference.precision):
                loss = criterion(model(batch.images), batch.targets, batch.rois)  # type: ignore[arg-type]
            total += float(loss) * len(batch)
            num_samples += len(batch)
    finally:
        model.train(was_training)
    return total / num_samples if num_samples else float("nan")


def _score(
    model: nn.Module, batch: Batch, criterion: Criterion, inference: Inference, num_classes: int
) -> Scored:
    images, targets, rois = batch.images, batch.targets, batch.rois
    assert isinstance(images, torch.Tensor)
    assert isinstance(targets, torch.Tensor)
    assert not isinstance(rois, list)
    logits, probabilities = inference.both(model, images)
    # Equal probabilities count as foreground, as `threshold` does.
    labels = (probabilities[:, 1] >= 0.5).long() if num_classes == 2 else probabilities.argmax(1)
    each = range(len(batch))
    part = [slice(index, index + 1) for index in each]
    losses = [criterion(logits[i], targets[i], None if rois is None else rois[i]) for i in part]
    counts = [
        count(labels[i], targets[i], num_classes, None if rois is None else rois[i]) for i in part
    ]
    return Scored(
        batch=batch,
        probabilities=probabilities,
        labels=labels,
        losses=torch.stack(losses).double(),
        counts=torch.stack(counts),
    )


def _sample_scores(
    part: Scored, metrics: tuple[Metric, ...], names: tuple[str, ...], classes: tuple[str, ...]
) -> list[SampleScore]:
    found = []
    losses, counts = part.losses.tolist(), part.counts.cpu()
    for row, index in enumerate(part.batch.samples.tolist()):
        truth = prediction = ""
        if part.labels.ndim == 1:
            truth = classes[int(part.batch.targets[row])]
            prediction = classes[int(part.labels[row])]
        foreground_only = part.labels.ndim > 1
        found.append(
            SampleScore(
                id=names[index],
                loss=losses[row],
                metrics={
                    tag_of(metric): metric.overall(counts[row], foreground_only=foreground_only)
                    for metric in metrics
                },
                truth=truth,
                prediction=prediction,
            )
        )
    return found
