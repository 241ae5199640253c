"""The trained weights of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from neurotrain.engine.build import Builder
from neurotrain.engine.checkpoint import BEST, LAST, load, require_plan
from neurotrain.plan.graph import training_digest
from neurotrain.plan.spread import portable_digest


def trained_model(builder: Builder, run_dir: Path) -> tuple[nn.Module, str]:
    """The model with its best weights, or its last where none is the best, and which those are.

    With `ema` those are the averaged ones, where the spec does not say otherwise.

    Raises:
        FileNotFoundError: nothing is trained yet.
        CorruptCheckpoint: the file is damaged.
    """
    folder = run_dir / "train" / "checkpoints"
    for name in (BEST, LAST):
        path = folder / name
        if path.exists():
            state = load(path)
            require_plan(
                state, training_digest(builder.plan), path, portable=portable_digest(builder.plan)
            )
            model = builder.model()
            ema = builder.plan.experiment.train.ema
            averaged = ema is not None and ema.evaluate == "averaged"
            weights = state["ema_state_dict"]["weights"] if averaged else {}
            put_in(model, state["model_state_dict"], weights)
            epoch = state["best_epoch"] if name == BEST else state["epoch"] - 1
            told = f"epoch {epoch}, averaged" if weights else f"epoch {epoch}"
            return model, f"train/checkpoints/{name} ({told})"
    raise FileNotFoundError(f"no trained weights in {folder}: run the trainer first")


def put_in(
    model: nn.Module, trained: Mapping[str, torch.Tensor], averaged: Mapping[str, torch.Tensor]
) -> None:
    """Give a model its trained weights, and over them the averaged ones.

    Those that are tied are averaged under one of their names, and the trained value stands under
    the others; so the averages come last.
    """
    model.load_state_dict(trained)
    model.load_state_dict(averaged, strict=False)
