"""One pass over the evaluation data of a regression: loss, predictions and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from neurotrain.dataset.targets import Target
from neurotrain.engine.evaluation import Criterion, evaluated
from neurotrain.engine.inference import Inference
from neurotrain.metrics.base import Metric, ValueMetric, name_of
from neurotrain.metrics.value_tally import ValueTally
from neurotrain.recorder.results import SampleScore
from neurotrain.transforms.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A batch with the numbers that the model gives for it."""

    batch: Batch
    predicted_BT: torch.Tensor
    """float64, in the units of the targets."""
    losses: torch.Tensor
    """float64 (B,), the loss of each sample by itself."""

    @property
    def truth_BT(self) -> torch.Tensor:
        """float64, in the units of the targets."""
        assert isinstance(self.batch.targets, torch.Tensor)
        return self.batch.targets


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueScores:
    """Values over a whole pass."""

    loss: float
    tally: ValueTally
    samples: tuple[SampleScore, ...]
    """Empty where only the whole was asked for."""

    def overall(self, metrics: Iterable[Metric]) -> dict[str, float]:
        """Each metric as the mean over the targets."""
        return {name_of(metric): self.tally.overall(metric) for metric in _of_values(metrics)}

    def per_target(
        self, metrics: Iterable[Metric], targets: tuple[Target, ...]
    ) -> dict[str, Mapping[str, float]]:
        """Each metric of each target."""
        values = {name_of(each): self.tally.per_target(each) for each in _of_values(metrics)}
        return {
            target.name: {metric: float(column[index]) for metric, column in values.items()}
            for index, target in enumerate(targets)
        }


def measure(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    criterion: Criterion,
    inference: Inference,
    targets: tuple[Target, ...],
) -> Iterator[Measured]:
    """Apply the model to every batch, without gradients and in evaluation mode."""
    return evaluated(
        model, batches, inference.device,
        lambda batch: _measure(model, batch, criterion, inference, targets),
    )  # fmt: skip


def collect_values(
    measured: Iterable[Measured],
    *,
    targets: tuple[Target, ...],
    names: tuple[str, ...] | None = None,
) -> ValueScores:
    """Add a pass up; with sample names also each sample's own numbers.

    Each sample counts once in the loss, whatever its batch.
    """
    losses: list[float] = []
    samples: list[SampleScore] = []
    tally = ValueTally(len(targets))
    for part in measured:
        tally.add(part.predicted_BT, part.truth_BT)
        losses += part.losses.tolist()
        if names is not None:
            samples += _sample_scores(part, names)
    return ValueScores(
        loss=sum(losses) / len(losses) if losses else float("nan"),
        tally=tally,
        samples=tuple(samples),
    )


def _measure(
    model: nn.Module,
    batch: Batch,
    criterion: Criterion,
    inference: Inference,
    targets: tuple[Target, ...],
) -> Measured:
    assert isinstance(batch.images, torch.Tensor)
    assert isinstance(batch.targets, torch.Tensor)
    outputs, predicted_BT = inference.values(model, batch.images, targets)
    rows = [slice(index, index + 1) for index in range(len(batch))]
    losses = [criterion(outputs[row], batch.targets[row], None) for row in rows]
    return Measured(batch=batch, predicted_BT=predicted_BT, losses=torch.stack(losses).double())


def _sample_scores(part: Measured, names: tuple[str, ...]) -> Iterator[SampleScore]:
    truths, predictions = part.truth_BT.tolist(), part.predicted_BT.tolist()
    losses = part.losses.tolist()
    for row, index in enumerate(part.batch.samples.tolist()):
        pairs = zip(truths[row], predictions[row], strict=True)
        yield SampleScore(id=names[index], loss=losses[row], metrics={}, values=tuple(pairs))


def _of_values(metrics: Iterable[Metric]) -> Iterator[ValueMetric]:
    for metric in metrics:
        assert isinstance(metric, ValueMetric), "the compiler lets no other metric pass"
        yield metric
