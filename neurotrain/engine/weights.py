"""The trained weights of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from neurotrain.engine.build import Builder
from neurotrain.engine.checkpoint import BEST, LAST, load, require_plan
from neurotrain.engine.done import train_folder
from neurotrain.engine.ensemble import Ensemble
from neurotrain.plan.graph import folds_of, training_digest
from neurotrain.plan.spread import portable_digest


def trained_model(builder: Builder, run_dir: Path) -> tuple[nn.Module, str]:
    """The model with its best weights, or its last where none is the best, and which those are.

    Where every fold has its training that is the mean of their models. With `ema` the weights are
    the averaged ones, where the spec does not say otherwise.

    Raises:
        FileNotFoundError: nothing is trained yet, or not all folds.
        CorruptCheckpoint: a file is damaged.
    """
    folds = folds_of(builder.plan.experiment)
    if not folds:
        return model_of_fold(builder, run_dir, None)
    builders = [builder.of_fold(fold) for fold in folds]
    found = [model_of_fold(own, run_dir, fold) for own, fold in zip(builders, folds, strict=True)]
    heads = [own.plan.facts.all_heads for own in builders]
    told = f"the mean of {len(folds)} models, each with its best weights"
    return Ensemble([model for model, _ in found], heads), told


def model_of_fold(builder: Builder, run_dir: Path, fold: int | None) -> tuple[nn.Module, str]:
    """The model of one training, as `trained_model` gives it; `builder` is that training's.

    Raises:
        FileNotFoundError: nothing is trained yet.
        CorruptCheckpoint: the file is damaged.
    """
    folder = train_folder(run_dir, fold) / "checkpoints"
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
            return model, f"{path.relative_to(run_dir)} ({told})"
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
