"""What a discriminator costs, against a real training with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from neurotrain.component.paths import Resolver
from neurotrain.engine.build import Builder
from neurotrain.plan.plan import Plan
from tests.compiler.conftest import Compiling
from tests.engine.rivals import ADVERSARIAL, rivals


def predicted(plan: Plan) -> dict[str, float]:
    """Every prediction by name."""
    return {prediction.name: prediction.value for prediction in plan.predictions}


def test_parameters_memory_and_checkpoint_are_those_of_a_training(
    compiling: Compiling, tmp_path: Path
) -> None:
    """Of both networks and both optimizers, and of the file that is written."""
    plan = compiling(ADVERSARIAL, deep=True).plan
    found = predicted(plan)
    trainer, _ = rivals(Builder(plan, Resolver(base=tmp_path)), tmp_path)
    judge = trainer.discriminator
    assert found["parameters of the discriminator"] == sum(p.numel() for p in judge.parameters())
    weights = [*trainer.model.parameters(), *judge.parameters()]
    assert found["memory of parameters"] == 4 * sum(p.numel() for p in weights)
    engine = trainer._updating()
    states = [
        value
        for optimizer in (engine.optimizer, engine.discriminator_optimizer)
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    ]
    assert found["memory of optimizer states"] == sum(t.numel() * t.element_size() for t in states)
    written = (tmp_path / "train/checkpoints/last.pth").stat().st_size
    assert found["checkpoint"] == pytest.approx(written, rel=0.05)


def test_its_work_grows_with_its_updates(compiling: Compiling) -> None:
    """Another update is as much again for the discriminator, and nothing for the model."""
    work = [
        predicted(compiling(ADVERSARIAL, f"train.adversarial.steps={steps}", deep=True).plan)[
            "operations of a step"
        ]
        for steps in (1, 2, 3)
    ]
    without = predicted(compiling(ADVERSARIAL, "train.adversarial=null", deep=True).plan)
    assert work[2] - work[1] == work[1] - work[0] > 0
    assert work[0] > without["operations of a step"] + (work[1] - work[0])


def test_a_discriminator_adds_to_the_activations(compiling: Compiling) -> None:
    """The model's backward pass goes through it."""
    plain = predicted(compiling(ADVERSARIAL, "train.adversarial=null", deep=True).plan)
    both = predicted(compiling(ADVERSARIAL, deep=True).plan)
    assert both["memory of activations"] > plain["memory of activations"]
