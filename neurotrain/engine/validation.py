"""The loss and the metrics on the validation data, as a training measures them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from neurotrain.dataset.loader import EvalLoader
from neurotrain.engine.evaluation import Criterion, Scored, Scores, collect, mean_loss, score
from neurotrain.engine.foreign import as_batches
from neurotrain.engine.inference import Inference
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.setup import Setup
from neurotrain.engine.token_scoring import TokenScores, collect_tokens, read
from neurotrain.engine.value_scoring import collect_values, measure
from neurotrain.metrics.tally import Tally


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
    if setup.targets:
        measured = measure(
            model, batches, criterion=criterion, inference=inference, targets=setup.targets
        )
        values = collect_values(measured, targets=setup.targets)
        found = values.overall(setup.metrics)
        return {"valid/loss": values.loss} | {f"valid/{name}": v for name, v in found.items()}
    if setup.tokens is not None:
        parts = read(model, batches, criterion=criterion, inference=inference)
        return _of_text(collect_tokens(parts, setup.metrics), setup)
    if not setup.classes:
        loss = mean_loss(model, batches, criterion=criterion, inference=inference)
        return {"valid/loss": loss}
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
    """The values of what all processes have together, where the loader gives each its share.

    Counts are summed and losses put in the order of samples, so that they do not depend on the
    number of processes.
    """
    order: list[int] = []
    losses: list[float] = []

    def noted() -> Iterator[Scored]:
        scored = score(
            model, as_batches(loader), criterion=criterion,
            inference=_inference(setup, device, precision), num_classes=len(setup.classes),
        )  # fmt: skip
        for part in scored:
            order.extend(part.batch.samples.tolist())
            losses.extend(part.losses.tolist())
            yield part

    scores = collect(noted(), setup.metrics, classes=setup.classes)
    if not isinstance(loader, EvalLoader) or loader.share.size == 1:
        return _named(scores, setup)
    parts = ranks.gathered((order, losses, scores.tally.is_map, scores.tally.state()))
    tally = Tally(setup.metrics, len(setup.classes), is_map=any(part[2] for part in parts))
    pairs: list[tuple[int, float]] = []
    for indices, values, _, state in parts:
        pairs += zip(indices, values, strict=True)
        tally.merge(state)
    each = [loss for _, loss in sorted(pairs)]
    mean = sum(each) / len(each) if each else float("nan")
    return _named(Scores(loss=mean, tally=tally, samples=()), setup)


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
    """The values of the text that all processes have together, where each has its share."""
    parts = list(
        read(
            model, as_batches(loader), criterion=criterion,
            inference=_inference(setup, device, precision),
        )
    )  # fmt: skip
    if isinstance(loader, EvalLoader) and loader.share.size > 1:
        parts = [part for share in ranks.gathered(parts) for part in share]
    return _of_text(collect_tokens(parts, setup.metrics), setup)


def _of_text(scores: TokenScores, setup: Setup) -> dict[str, float]:
    overall = scores.overall(setup.metrics)
    return {"valid/loss": scores.loss} | {f"valid/{name}": v for name, v in overall.items()}


def _inference(setup: Setup, device: torch.device, precision: str) -> Inference:
    return Inference(
        device=device, precision=precision, divisor=setup.divisor, window=setup.window,
        overlap=setup.overlap,
    )  # fmt: skip


def _named(scores: Scores, setup: Setup) -> dict[str, float]:
    overall = scores.overall(setup.metrics)
    return {"valid/loss": scores.loss} | {f"valid/{name}": v for name, v in overall.items()}
