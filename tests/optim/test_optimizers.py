"""Optimizers against torch's own, and from plain dicts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from neurotrain.optim import get_optimizer, get_scheduler
from neurotrain.optim.optimizers import (
    ASGD,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
)
from neurotrain.optim.schedules import Cosine, Step

PAIRS: list[tuple[Optimizer, type[torch.optim.Optimizer], dict[str, Any]]] = [
    (
        Adam(learning_rate=0.02, weight_decay=0.1, betas=(0.8, 0.95), eps=1e-5, amsgrad=True),
        torch.optim.Adam,
        {"lr": 0.02, "weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-5, "amsgrad": True},
    ),
    (
        AdamW(learning_rate=0.02, weight_decay=0.1, betas=(0.8, 0.95), eps=1e-5),
        torch.optim.AdamW,
        {"lr": 0.02, "weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-5},
    ),
    (
        SGD(learning_rate=0.02, weight_decay=0.1, momentum=0.7, nesterov=True),
        torch.optim.SGD,
        {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.7, "nesterov": True},
    ),
    (
        SGD(learning_rate=0.02, momentum=0.7, dampening=0.3),
        torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.7, "dampening": 0.3},
    ),
    (
        RMSprop(
            learning_rate=0.02, weight_decay=0.1, alpha=0.9, eps=1e-5, momentum=0.5, centered=True
        ),
        torch.optim.RMSprop,
        {
            "lr": 0.02, "weight_decay": 0.1, "alpha": 0.9, "eps": 1e-5, "momentum": 0.5,
            "centered": True,
        },
    ),
    (
        Adagrad(
            learning_rate=0.2, weight_decay=0.1, lr_decay=0.1, initial_accumulator=0.3, eps=1e-5
        ),
        torch.optim.Adagrad,
        {
            "lr": 0.2, "weight_decay": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.3,
            "eps": 1e-5,
        },
    ),
    (
        Adadelta(learning_rate=0.5, weight_decay=0.1, rho=0.8, eps=1e-5),
        torch.optim.Adadelta,
        {"lr": 0.5, "weight_decay": 0.1, "rho": 0.8, "eps": 1e-5},
    ),
    (
        Adamax(learning_rate=0.02, weight_decay=0.1, betas=(0.8, 0.95), eps=1e-5),
        torch.optim.Adamax,
        {"lr": 0.02, "weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-5},
    ),
    (
        NAdam(learning_rate=0.02, weight_decay=0.1, momentum_decay=0.01, decoupled=True),
        torch.optim.NAdam,
        {
            "lr": 0.02, "weight_decay": 0.1, "momentum_decay": 0.01,
            "decoupled_weight_decay": True,
        },
    ),
    (
        RAdam(learning_rate=0.02, weight_decay=0.1, decoupled=True),
        torch.optim.RAdam,
        {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    (
        ASGD(learning_rate=0.02, weight_decay=0.1, lambd=0.01, alpha=0.5, t0=3.0),
        torch.optim.ASGD,
        {"lr": 0.02, "weight_decay": 0.1, "lambd": 0.01, "alpha": 0.5, "t0": 3.0},
    ),
    (
        Rprop(learning_rate=0.02, etas=(0.4, 1.3), step_sizes=(1e-4, 1.0)),
        torch.optim.Rprop,
        {"lr": 0.02, "etas": (0.4, 1.3), "step_sizes": (1e-4, 1.0)},
    ),
    (Adam(), torch.optim.Adam, {}),
    (AdamW(), torch.optim.AdamW, {}),
    (SGD(), torch.optim.SGD, {"lr": 0.01, "momentum": 0.9}),
    (RMSprop(), torch.optim.RMSprop, {}),
    (Adagrad(), torch.optim.Adagrad, {}),
    (Adadelta(), torch.optim.Adadelta, {}),
    (Adamax(), torch.optim.Adamax, {}),
    (NAdam(), torch.optim.NAdam, {}),
    (RAdam(), torch.optim.RAdam, {}),
    (ASGD(), torch.optim.ASGD, {}),
    (Rprop(), torch.optim.Rprop, {}),
]  # fmt: skip


def trained(make: Any) -> torch.Tensor:
    """A weight after ten updates on a fixed problem."""
    weight = torch.nn.Parameter(torch.linspace(-1, 1, 6))
    goal = torch.linspace(2, -1, 6)
    optimizer = make([weight])
    for _ in range(10):
        optimizer.zero_grad()
        ((weight - goal) ** 2).sum().backward()
        optimizer.step()
    return weight.detach()


@pytest.mark.parametrize(("component", "own", "settings"), PAIRS)
def test_updates_are_torchs(component: Optimizer, own: Any, settings: dict[str, Any]) -> None:
    """Ten updates give the bits of torch's optimizer with the same settings."""
    expected = trained(lambda parameters: own(parameters, **settings))
    assert torch.equal(trained(component.build), expected)


def test_a_plain_dict_is_the_specs_optimizer() -> None:
    """A map and a name give what the component gives."""
    config = {"type": "sgd", "learning_rate": 0.05, "momentum": 0.5}
    expected = trained(SGD(learning_rate=0.05, momentum=0.5).build)
    assert torch.equal(trained(lambda parameters: get_optimizer(config, parameters)), expected)
    by_name = trained(lambda parameters: get_optimizer("adamw", parameters))
    assert torch.equal(by_name, trained(AdamW().build))


@pytest.mark.parametrize(
    ("config", "scheduler"),
    [
        ("cosine", Cosine()),
        ({"type": "cosine", "warmup": "2 epochs"}, Cosine(warmup="2 epochs")),
        ({"type": "step", "every": "3 epochs"}, Step(every="3 epochs")),
    ],
)
def test_a_plain_dict_is_the_specs_scheduler(config: Any, scheduler: Any) -> None:
    """A map and a name give the component."""
    assert get_scheduler(config) == scheduler


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("adamww", "no optimizer is named 'adamww'; did you mean 'adamw'?"),
        ({"type": "adam", "learningrate": 1}, "did you mean 'learning_rate'?"),
        ({"type": "adam", "lr": 1}, "'adam' has no key 'lr'; it has: learning_rate"),
        ({"type": "adam", "learning_rate": 0}, "at `$.learning_rate`"),
        ({"type": "adam", "betas": [0.9, 1.0]}, "at `$.betas[1]`"),
        ("cosine", "no optimizer is named 'cosine'"),
    ],
)
def test_wrong_optimizers_are_told(config: Any, told: str) -> None:
    """What is wrong is said, with the nearest name that is right."""
    with pytest.raises(ValueError, match=r".") as caught:
        get_optimizer(config, [])
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("cosin", "no scheduler is named 'cosin'; did you mean 'cosine'?"),
        ({"type": "step"}, "'every'"),
        ({"type": "step", "every": "3"}, "at `$.every`"),
        ({"type": "cosine", "warmup": "1 hour"}, "at `$.warmup`"),
    ],
)
def test_wrong_schedulers_are_told(config: Any, told: str) -> None:
    """So are schedules."""
    with pytest.raises(ValueError, match=r".") as caught:
        get_scheduler(config)
    assert told.replace("'", "`") in str(caught.value).replace("'", "`")
