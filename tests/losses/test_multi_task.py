"""The loss of several tasks is that of torch, weighted; what does not belong to it is told."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from neurotrain.losses import MultiTaskLoss, get_criterion

DRAW = torch.Generator().manual_seed(0)
OUTPUTS = {
    "kind": torch.randn(6, 3, generator=DRAW),
    "sex": torch.randn(6, 1, generator=DRAW),
    "age": torch.randn(6, 2, generator=DRAW),
}
TARGETS = {
    "kind": torch.tensor([0, 1, 2, 0, 1, 2]),
    "sex": torch.tensor([0, 1, 1, 0, 1, 0]),
    "age": torch.randn(6, 2, generator=DRAW),
}
WEIGHTS = {"kind": 1.0, "sex": 0.5, "age": 0.1}


def test_it_is_the_weighted_sum_of_torchs_losses() -> None:
    """By the kind of the targets; the tasks' own losses come without their weights."""
    total, found = MultiTaskLoss(WEIGHTS)(OUTPUTS, TARGETS)
    oracle = {
        "kind": nn.CrossEntropyLoss()(OUTPUTS["kind"], TARGETS["kind"]),
        "sex": nn.BCEWithLogitsLoss()(OUTPUTS["sex"][:, 0], TARGETS["sex"].float()),
        "age": nn.MSELoss()(OUTPUTS["age"], TARGETS["age"]),
    }
    assert list(found) == list(oracle)
    for name, expected in oracle.items():
        torch.testing.assert_close(found[name], expected)
    expected = sum(WEIGHTS[name] * loss for name, loss in oracle.items())
    torch.testing.assert_close(total, torch.as_tensor(expected))


def test_a_task_may_have_a_loss_of_its_own() -> None:
    """Of torch or of a spec's losses; the others keep the usual ones."""
    losses: Any = {"age": nn.L1Loss(), "kind": get_criterion("focal")}
    _, found = MultiTaskLoss(WEIGHTS, losses)(OUTPUTS, TARGETS)
    torch.testing.assert_close(found["age"], (OUTPUTS["age"] - TARGETS["age"]).abs().mean())
    assert found["kind"] == get_criterion("focal")(OUTPUTS["kind"], TARGETS["kind"])


def test_gradients_are_those_of_the_weighted_tasks() -> None:
    """A weight of 0 measures a task and does not learn it."""
    given = {name: x.clone().requires_grad_() for name, x in OUTPUTS.items()}
    total, found = MultiTaskLoss({**WEIGHTS, "age": 0.0})(given, TARGETS)
    total.backward()
    own = OUTPUTS["sex"].clone().requires_grad_()
    nn.BCEWithLogitsLoss()(own[:, 0], TARGETS["sex"].float()).backward()
    assert own.grad is not None
    torch.testing.assert_close(given["sex"].grad, 0.5 * own.grad)
    assert given["age"].grad is None or not given["age"].grad.any()
    assert found["age"] > 0


def test_one_task_of_weight_one_is_its_loss_bit_by_bit() -> None:
    """Nothing is added to it."""
    total, found = MultiTaskLoss({"age": 1.0})({"age": OUTPUTS["age"]}, {"age": TARGETS["age"]})
    assert torch.equal(total, found["age"])


@pytest.mark.parametrize(
    ("outputs", "targets", "told"),
    [
        ({"kind": OUTPUTS["kind"]}, TARGETS, "the outputs lack the task 'sex'"),
        (OUTPUTS, {**TARGETS, "hair": TARGETS["sex"]}, "the targets have 'hair', which is no task"),
        (OUTPUTS, {**TARGETS, "age": TARGETS["age"][:, 0]}, r"'age' have the shape \(6, 2\), its"),
    ],
)
def test_what_does_not_belong_together_is_told(outputs: Any, targets: Any, told: str) -> None:
    """By the name of the task."""
    with pytest.raises(ValueError, match=told):
        MultiTaskLoss(WEIGHTS)(outputs, targets)


@pytest.mark.parametrize(
    ("weights", "losses", "told"),
    [
        ({}, None, "there is no task"),
        ({"age": -1.0}, None, "the weight of 'age' is -1.0"),
        ({"age": float("nan")}, None, "the weight of 'age' is nan"),
        ({"age": 1.0}, {"aeg": nn.L1Loss()}, "the losses have 'aeg', which is no task"),
    ],
)
def test_wrong_weights_are_refused(weights: Any, losses: Any, told: str) -> None:
    """Before anything is computed."""
    with pytest.raises(ValueError, match=told):
        MultiTaskLoss(weights, losses)
