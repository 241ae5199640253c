"""The loss and the metrics on the validation data, as a training measures them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import torch
from torch import nn

from neurotrain.engine.evaluation import (
    Criterion,
    Scored,
    Scores,
    collect,
    mean_in_order,
    mean_losses,
    score,
)
from neurotrain.engine.foreign import as_batches
from neurotrain.engine.head_scoring import answer, collect_heads
from neurotrain.engine.inference import Inference
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.setup import Setup
from neurotrain.engine.task_criterion import TaskCriterion
from neurotrain.engine.token_scoring import TokenScores, collect_tokens, read
from neurotrain.engine.value_scoring import Measured, ValueScores, collect_values, measure
from neurotrain.metrics.tally import Tally
from neurotrain.metrics.value_tally import ValueTally

_Part = TypeVar("_Part", Scored, Measured)


def validate(
    model: nn.Module,
    loader: Iterable[Any],
    criterion: Criterion,
    setup: Setup,
    *,
    device: torch.device,
    precision: str,
) -> dict[str, float]:
    """The values by their recorded names; without classes the loss alone."""
    inference = _inference(setup, device, precision)
    batches = as_batches(loader)
    if setup.heads:
        assert isinstance(criterion, TaskCriterion)
        parts = answer(model, batches, criterion=criterion, inference=inference, heads=setup.heads)
        found = collect_heads(parts, setup.heads, setup.head_metrics)
        return {f"valid/{name}": value for name, value in found.items()}
    if setup.targets:
        measured = measure(
            model, batches, criterion=criterion, inference=inference, targets=setup.targets
        )
        values = collect_values(measured, targets=setup.targets)
        return _named(values, setup)
    if setup.tokens is not None:
        return validate_text(
            model, batches, criterion, setup, device=device, precision=precision, ranks=Ranks()
        )
    if not setup.classes:
        found = mean_losses(model, batches, criterion=criterion, inference=inference)
        return {f"valid/{name}": value for name, value in found.items()}
    scored = score(
        model, batches, criterion=criterion, inference=inference, num_classes=len(setup.classes)
    )
    return _named(collect(scored, setup.metrics, classes=setup.classes), setup)


def validate_shared(
    model: nn.Module,
    loader: Iterable[Any],
    criterion: Criterion,
    setup: Setup,
    *,
    device: torch.device,
    precision: str,
    ranks: Ranks,
) -> dict[str, float]:
    """The values of what all processes have together, each having given its share.

    What is counted is summed and losses are put in the order of samples, so that they do not depend
    on the number of processes. A process that is alone with the data has all of it.
    """
    inference = _inference(setup, device, precision)
    batches = as_batches(loader)
    order: list[int] = []
    losses: list[float] = []
    if setup.targets:
        measured = measure(
            model, batches, criterion=criterion, inference=inference, targets=setup.targets
        )
        values = collect_values(_noted(measured, order, losses), targets=setup.targets)
        parts = ranks.gathered((order, losses, values.tally.state()))
        tally = ValueTally(len(setup.targets))
        for _, _, state in parts:
            tally.merge(state)
        mean = _mean_of((part[0], part[1]) for part in parts)
        return _named(ValueScores(loss=mean, tally=tally, samples=()), setup)
    scored = score(
        model, batches, criterion=criterion, inference=inference, num_classes=len(setup.classes)
    )
    scores = collect(_noted(scored, order, losses), setup.metrics, classes=setup.classes)
    counted = ranks.gathered((order, losses, scores.tally.is_map, scores.tally.state()))
    total = Tally(setup.metrics, len(setup.classes), is_map=any(part[2] for part in counted))
    for part in counted:
        total.merge(part[3])
    mean = _mean_of((part[0], part[1]) for part in counted)
    return _named(Scores(loss=mean, tally=total, samples=()), setup)


def _noted(parts: Iterable[_Part], order: list[int], losses: list[float]) -> Iterator[_Part]:
    """The parts of a pass; which samples they have, and their losses, are noted."""
    for part in parts:
        order.extend(part.batch.samples.tolist())
        losses.extend(part.losses.tolist())
        yield part


def _mean_of(shares: Iterable[tuple[list[int], list[float]]]) -> float:
    """The mean loss of what all processes have."""
    pairs = list(shares)
    order = [index for indices, _ in pairs for index in indices]
    return mean_in_order(order, [loss for _, losses in pairs for loss in losses])


def validate_text(
    model: nn.Module,
    loader: Iterable[Any],
    criterion: Criterion,
    setup: Setup,
    *,
    device: torch.device,
    precision: str,
    ranks: Ranks,
) -> dict[str, float]:
    """The values of the text that all processes have together, each having given its share.

    A process that is alone with the data has all of it.
    """
    parts = list(
        read(
            model, as_batches(loader), criterion=criterion,
            inference=_inference(setup, device, precision),
        )
    )  # fmt: skip
    parts = [part for share in ranks.gathered(parts) for part in share]
    return _named(collect_tokens(parts, setup.metrics), setup)


def _inference(setup: Setup, device: torch.device, precision: str) -> Inference:
    return Inference(
        device=device, precision=precision, divisor=setup.divisor, window=setup.window,
        overlap=setup.overlap,
    )  # fmt: skip


def _named(scores: Scores | ValueScores | TokenScores, setup: Setup) -> dict[str, float]:
    overall = scores.overall(setup.metrics)
    return {"valid/loss": scores.loss} | {f"valid/{name}": v for name, v in overall.items()}
