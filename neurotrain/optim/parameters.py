"""Which parameters of a model are updated, and with which settings.

Knows parameters by name and number of dimensions alone, so that a model on the
`meta` device serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from neurotrain.optim.optimizers import Optimizer, ParameterGroup

if TYPE_CHECKING:
    import torch


class NoSuchParameter(Exception):
    """A pattern names no parameter of the model, or every parameter is frozen."""


def unmatched(groups: Sequence[ParameterGroup], names: Iterable[str]) -> tuple[int, ...]:
    """The groups that get no parameter, because nothing matches or an earlier group has it."""
    taken = {_place(groups, name) for name in names}
    return tuple(index for index in range(len(groups)) if index not in taken)


def parameter_groups(optimizer: Optimizer, model: torch.nn.Module) -> list[dict[str, Any]]:
    """What the optimizer is built with: the other parameters first, then each group's.

    Frozen parameters need no gradient from here on and are in none.

    Raises:
        NoSuchParameter: a group would be empty, or all.
    """
    groups = optimizer.groups
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    for index in unmatched(groups, [name for name, _ in named]):
        raise NoSuchParameter(
            f"train.optimizer.groups[{index}].match '{groups[index].match}' matches no parameter "
            f"that is left; parameters: {_some(name for name, _ in named)}"
        )
    only_weights = optimizer.weight_decay_on == "weights"
    made: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in named:
        place = _place(groups, name)
        rule = groups[place] if place >= 0 else None
        if rule is not None and rule.frozen:
            parameter.requires_grad_(False)
            continue
        spared = only_weights and parameter.ndim < 2
        if (place, spared) not in made:
            made[place, spared] = {"params": [], **_settings(rule, spared)}
        made[place, spared]["params"].append(parameter)
    if not made:
        raise NoSuchParameter("every parameter is frozen: nothing is left to train")
    return [made[key] for key in sorted(made)]


def by_name(optimizer: Optimizer) -> bool:
    """Whether the optimizer has settings that depend on the parameter."""
    return bool(optimizer.groups) or optimizer.weight_decay_on != "all"


def _settings(rule: ParameterGroup | None, spared: bool) -> dict[str, float]:
    """What differs from the optimizer's own settings; a decay that a group states stands."""
    settings = {"weight_decay": 0.0} if spared else {}
    if rule is not None and rule.learning_rate is not None:
        settings["lr"] = rule.learning_rate
    if rule is not None and rule.weight_decay is not None:
        settings["weight_decay"] = rule.weight_decay
    return settings


def _place(groups: Sequence[ParameterGroup], name: str) -> int:
    """The first group that a parameter matches; -1 for none."""
    matching = (i for i, group in enumerate(groups) if fnmatchcase(name, group.match))
    return next(matching, -1)


def _some(names: Iterable[str], most: int = 8) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
