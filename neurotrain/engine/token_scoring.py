"""One pass over the evaluation data of a language model: loss and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from neurotrain.engine.evaluation import Criterion, evaluated, mean_in_order
from neurotrain.engine.inference import Inference, autocast
from neurotrain.metrics.base import Metric, TokenMetric, name_of
from neurotrain.metrics.token_tally import TokenTally, value_of
from neurotrain.recorder.results import SampleScore
from neurotrain.transforms.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBatch:
    """What a model says about a batch of text."""

    samples: tuple[int, ...]
    rows_B3: torch.Tensor
    """As a tally keeps them."""
    losses: torch.Tensor
    """float64 (B,), the loss of each sample by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScores:
    """Values over a whole pass."""

    loss: float
    rows_N3: torch.Tensor
    samples: tuple[SampleScore, ...] = ()

    def overall(self, metrics: Iterable[Metric]) -> dict[str, float]:
        """Each metric over all tokens."""
        return {name_of(each): value_of(each, self.rows_N3) for each in _of_tokens(metrics)}


def read(
    model: nn.Module, batches: Iterable[Batch], *, criterion: Criterion, inference: Inference
) -> Iterator[ReadBatch]:
    """Apply the model to every batch, without gradients and in evaluation mode."""
    return evaluated(
        model, batches, inference.device, lambda batch: _read(model, batch, criterion, inference)
    )


def collect_tokens(
    parts: Iterable[ReadBatch],
    metrics: tuple[Metric, ...],
    *,
    names: tuple[str, ...] | None = None,
) -> TokenScores:
    """Add a pass up; with sample names also each sample's own values."""
    found = list(parts)
    order = [index for part in found for index in part.samples]
    losses = [loss for part in found for loss in part.losses.tolist()]
    rows_N3 = torch.cat([torch.zeros(0, 3, dtype=torch.float64), *(p.rows_B3 for p in found)])
    samples: tuple[SampleScore, ...] = ()
    if names is not None:
        samples = tuple(
            SampleScore(
                id=names[index], loss=losses[place],
                metrics={
                    name_of(each): value_of(each, rows_N3[place : place + 1])
                    for each in _of_tokens(metrics)
                },
            )
            for place, index in enumerate(order)
        )  # fmt: skip
    return TokenScores(loss=mean_in_order(order, losses), rows_N3=rows_N3, samples=samples)


def _read(model: nn.Module, batch: Batch, criterion: Criterion, inference: Inference) -> ReadBatch:
    tokens, targets = batch.images, batch.targets
    assert isinstance(tokens, torch.Tensor)
    assert isinstance(targets, torch.Tensor)
    with autocast(inference.device, inference.precision):
        logits: torch.Tensor = model(tokens)
    logits = logits.float()
    tally = TokenTally()
    tally.add(logits, targets)
    rows = [slice(index, index + 1) for index in range(len(batch))]
    losses = [criterion(logits[row], targets[row], None) for row in rows]
    return ReadBatch(
        samples=tuple(batch.samples.tolist()),
        rows_B3=tally.state(),
        losses=torch.stack(losses).double().cpu(),
    )


def _of_tokens(metrics: Iterable[Metric]) -> Iterator[TokenMetric]:
    for metric in metrics:
        assert isinstance(metric, TokenMetric), "the compiler lets no other metric pass"
        yield metric
