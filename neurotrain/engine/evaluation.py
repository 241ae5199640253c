"""One pass over evaluation data: loss, metrics and each sample's own values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from neurotrain.engine.inference import Inference, autocast
from neurotrain.engine.task_criterion import TaskCriterion
from neurotrain.metrics.base import Metric, name_of
from neurotrain.metrics.tally import Tally
from neurotrain.recorder.results import SampleScore
from neurotrain.transforms.batch import Batch

T = TypeVar("T")
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

    def add_to(self, tally: Tally, rows: slice = slice(None)) -> None:
        """Gather some samples of the batch."""
        targets, rois = self.batch.targets, self.batch.rois
        assert isinstance(targets, torch.Tensor)
        assert not isinstance(rois, list)
        roi = None if rois is None else rois[rows]
        tally.add(self.labels[rows], self.probabilities[rows], targets[rows], roi)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Values over a whole pass."""

    loss: float
    tally: Tally
    samples: tuple[SampleScore, ...]
    """Empty where only the whole was asked for."""

    def overall(self, metrics: Iterable[Metric]) -> dict[str, float]:
        """Each metric over all pixels or samples."""
        return {name_of(metric): self.tally.overall(metric) for metric in metrics}

    def per_class(
        self, metrics: Iterable[Metric], classes: tuple[str, ...]
    ) -> dict[str, Mapping[str, float]]:
        """Each metric of each class."""
        values = {name_of(metric): self.tally.per_class(metric) for metric in metrics}
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
    return evaluated(
        model, batches, inference.device,
        lambda batch: _score(model, batch, criterion, inference, num_classes),
    )  # fmt: skip


def evaluated(
    model: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    work: Callable[[Batch], T],
) -> Iterator[T]:
    """What `work` makes of each batch, on a device, with the model in evaluation mode.

    Without gradients, but not in inference mode: weights that ZeRO gathers in it could not be
    trained afterwards.
    """
    was_training = model.training
    model.eval()
    try:
        for batch in batches:
            with torch.no_grad():
                found = work(batch.to(device))
            yield found
    finally:
        model.train(was_training)


def collect(
    scored: Iterable[Scored],
    metrics: tuple[Metric, ...],
    *,
    classes: tuple[str, ...],
    name: Callable[[int], str] | None = None,
) -> Scores:
    """Add a pass up; with the names of samples by their index also each sample's own values.

    Each sample counts once in the loss, whatever its batch.
    """
    losses: list[float] = []
    samples: list[SampleScore] = []
    tally: Tally | None = None
    for part in scored:
        is_map = part.labels.ndim > 1
        if tally is None:
            tally = Tally(metrics, len(classes), is_map=is_map)
        losses += part.losses.tolist()
        if name is None:
            part.add_to(tally)
            continue
        for row, index in enumerate(part.batch.samples.tolist()):
            own = Tally(metrics, len(classes), is_map=is_map)
            part.add_to(own, slice(row, row + 1))
            tally.merge(own.state())
            samples.append(_sample_score(part, row, own, metrics, name(index), classes))
    return Scores(
        loss=sum(losses) / len(losses) if losses else float("nan"),
        tally=tally or Tally(metrics, len(classes), is_map=False),
        samples=tuple(samples),
    )


def mean_losses(
    model: nn.Module, batches: Iterable[Batch], *, criterion: Criterion, inference: Inference
) -> dict[str, float]:
    """The mean loss over samples, for data without classes; of several tasks also each one's."""
    tasks = criterion.tasks if isinstance(criterion, TaskCriterion) else ()
    names = ("loss", *(f"{task}/loss" for task in tasks))

    def measured(batch: Batch) -> tuple[list[float], int]:
        with autocast(inference.device, inference.precision):
            loss = criterion(model(batch.images), batch.targets, batch.rois)  # type: ignore[arg-type]
        own = criterion.last.tolist() if isinstance(criterion, TaskCriterion) else []
        return [float(loss), *own], len(batch)

    parts = list(evaluated(model, batches, inference.device, measured))
    num_samples = sum(num for _, num in parts)
    if not num_samples:
        return dict.fromkeys(names, float("nan"))
    sums = (sum(losses[at] * num for losses, num in parts) for at in range(len(names)))
    return {name: total / num_samples for name, total in zip(names, sums, strict=True)}


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
    return Scored(
        batch=batch,
        probabilities=probabilities,
        labels=labels,
        losses=torch.stack(losses).double(),
    )


def _sample_score(
    part: Scored,
    row: int,
    tally: Tally,
    metrics: tuple[Metric, ...],
    name: str,
    classes: tuple[str, ...],
) -> SampleScore:
    truth = prediction = ""
    if not tally.is_map:
        truth = classes[int(part.batch.targets[row])]
        prediction = classes[int(part.labels[row])]
    return SampleScore(
        id=name,
        loss=float(part.losses[row]),
        metrics={name_of(metric): tally.overall(metric) for metric in metrics},
        truth=truth,
        prediction=prediction,
    )


def mean_in_order(order: list[int], losses: list[float]) -> float:
    """The mean of the samples' losses, added in the order of the samples."""
    each = [loss for _, loss in sorted(zip(order, losses, strict=True))]
    return sum(each) / len(each) if each else float("nan")
