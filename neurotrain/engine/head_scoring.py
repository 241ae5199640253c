"""One pass over the evaluation data of several tasks: each head's values as if it were alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from neurotrain.dataset.heads import LearnedHead, targets_of
from neurotrain.engine.evaluation import Scored, collect, evaluated
from neurotrain.engine.inference import Inference
from neurotrain.engine.task_criterion import TaskCriterion
from neurotrain.engine.value_scoring import Measured, collect_values
from neurotrain.metrics.base import Metric
from neurotrain.transforms.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A batch with what every head says about it; its images are not kept."""

    losses: torch.Tensor
    """float64 (B,), the weighted sum of each sample by itself."""
    heads: tuple[Scored | Measured, ...]


def answer(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    criterion: TaskCriterion,
    inference: Inference,
    heads: tuple[LearnedHead, ...],
) -> Iterator[Answered]:
    """Apply the model to every batch, without gradients and in evaluation mode."""
    return evaluated(
        model, batches, inference.device,
        lambda batch: _answer(model, batch, criterion, inference, heads),
    )  # fmt: skip


def collect_heads(
    parts: Iterable[Answered],
    heads: tuple[LearnedHead, ...],
    metrics: Mapping[str, tuple[Metric, ...]],
) -> dict[str, float]:
    """The loss of all, and of every head its loss and metrics, by their recorded names."""
    answered = list(parts)
    losses = [loss for part in answered for loss in part.losses.tolist()]
    found = {"loss": sum(losses) / len(losses) if losses else float("nan")}
    values: dict[str, float] = {}
    for place, head in enumerate(heads):
        own = [part.heads[place] for part in answered]
        measured = metrics.get(head.name, ())
        if head.classes:
            scored = [one for one in own if isinstance(one, Scored)]
            scores = collect(scored, measured, classes=head.classes)
            loss, overall = scores.loss, scores.overall(measured)
        else:
            numbers = [one for one in own if isinstance(one, Measured)]
            value_scores = collect_values(numbers, targets=head.targets)
            loss, overall = value_scores.loss, value_scores.overall(measured)
        found[f"{head.name}/loss"] = loss
        values |= {f"{head.name}/{name}": value for name, value in overall.items()}
    return found | values


def _answer(
    model: nn.Module,
    batch: Batch,
    criterion: TaskCriterion,
    inference: Inference,
    heads: tuple[LearnedHead, ...],
) -> Answered:
    assert isinstance(batch.images, torch.Tensor)
    assert isinstance(batch.targets, torch.Tensor)
    outputs, answers = inference.of_heads(model, batch.images, heads)
    totals, each = [], []
    for row in range(len(batch)):
        part = slice(row, row + 1)
        totals.append(criterion(outputs[part], batch.targets[part], None))
        each.append(criterion.last)
    light = replace(batch, images=batch.images.new_empty(len(batch), 0))
    losses = torch.stack(each).double().unbind(1)
    own = targets_of(heads, batch.targets)
    found = [_of_head(*one, light) for one in zip(heads, answers, own, losses, strict=True)]
    return Answered(losses=torch.stack(totals).double(), heads=tuple(found))


def _of_head(
    head: LearnedHead,
    answers: torch.Tensor,
    targets: torch.Tensor,
    losses: torch.Tensor,
    batch: Batch,
) -> Scored | Measured:
    """What a head says, as in a training of its task alone."""
    own = replace(batch, targets=targets)
    if not head.classes:
        return Measured(batch=own, predicted_BT=answers, losses=losses)
    # Equal probabilities count as the second class, as with one task.
    two = len(head.classes) == 2
    labels = (answers[:, 1] >= 0.5).long() if two else answers.argmax(1)
    return Scored(batch=own, probabilities=answers, labels=labels, losses=losses)
