"""The loss and the metrics on the validation data, as a training measures them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from neurotrain.engine.evaluation import Criterion, collect, mean_loss, score
from neurotrain.engine.foreign import as_batches
from neurotrain.engine.inference import Inference
from neurotrain.engine.setup import Setup
from neurotrain.engine.value_scoring import collect_values, measure


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
    inference = Inference(
        device=device, precision=precision, divisor=setup.divisor, window=setup.window,
        overlap=setup.overlap,
    )  # fmt: skip
    batches = as_batches(loader)
    if setup.targets:
        measured = measure(
            model, batches, criterion=criterion, inference=inference, targets=setup.targets
        )
        values = collect_values(measured, targets=setup.targets)
        found = values.overall(setup.metrics)
        return {"valid/loss": values.loss} | {f"valid/{name}": v for name, v in found.items()}
    if not setup.classes:
        loss = mean_loss(model, batches, criterion=criterion, inference=inference)
        return {"valid/loss": loss}
    scored = score(
        model, batches, criterion=criterion, inference=inference, num_classes=len(setup.classes)
    )
    scores = collect(scored, setup.metrics, classes=setup.classes)
    overall = scores.overall(setup.metrics)
    return {"valid/loss": scores.loss} | {f"valid/{name}": v for name, v in overall.items()}
