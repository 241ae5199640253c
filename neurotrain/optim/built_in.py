"""The optimizers and schedules that NeuroTrain brings, and their building from a plain dict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from neurotrain.component.base import Component
from neurotrain.component.catalogue import Catalogue
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
from neurotrain.optim.parameters import by_name, parameter_groups
from neurotrain.optim.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    Linear,
    MultiStep,
    OneCycle,
    Plateau,
    Polynomial,
    Scheduler,
    Step,
)

if TYPE_CHECKING:
    import torch

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(Adam, AdamW, SGD, RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, ASGD, Rprop),
    *(Constant, Cosine, Step, MultiStep, Exponential, Polynomial, Linear, OneCycle),
    *(CosineRestarts, Plateau),
)


def get_optimizer(
    config: str | Mapping[str, Any],
    parameters: torch.nn.Module | Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]],
) -> torch.optim.Optimizer:
    """The torch optimizer of a spec's `optimizer` block, for a model or its parameters.

    Settings by parameter (`groups`, `weight_decay_on`) go by name and need the model.

    Raises:
        ValueError: a name, key or value is wrong; names the nearest that is right.
        NoSuchParameter: a group matches no parameter of the model.
    """
    from torch.nn import Module

    optimizer = Catalogue.of(BUILT_IN).decode(config, Optimizer)
    if isinstance(parameters, Module):
        return optimizer.build(parameter_groups(optimizer, parameters))
    if by_name(optimizer):
        raise ValueError("groups and weight_decay_on go by parameter name: give the model instead")
    return optimizer.build(parameters)


def get_scheduler(config: str | Mapping[str, Any]) -> Scheduler:
    """The schedule of a spec's `scheduler` block: `factor(step, horizon)` scales the peak rate.

    Raises:
        ValueError: a name, key or value is wrong; names the nearest that is right.
    """
    return Catalogue.of(BUILT_IN).decode(config, Scheduler)
