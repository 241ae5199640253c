"""Check the optimizer's parameters against each other."""

from __future__ import annotations

from functools import partial
from typing import Final

from neurotrain.compiler.codes import components as codes
from neurotrain.compiler.draft import Draft, attempt, fault
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.optim.optimizers import SGD, Optimizer, Rprop

_PLACES: Final[tuple[SpecPath, ...]] = (
    ("train", "optimizer"), ("train", "adversarial", "optimizer"),
)  # fmt: skip


def check_optimizer(draft: Draft, report: Report) -> Draft:
    """Report parameters that exclude each other or have no effect.

    `groups: [{match: encoder.*, frozen: true, learning_rate: 1e-3}]` is answered by
    `contradictory-parameters` at the rate. Names are compared with the model when it is built.
    """
    for place in _PLACES:
        if draft.has(*place):
            attempt(partial(_check, place), draft, report)
    return draft


def _check(place: SpecPath, draft: Draft, report: Report) -> None:
    optimizer = draft.read(*place)
    _momentum(place, optimizer, report)
    _steps(place, optimizer, report)
    _groups(place, optimizer, draft, report)
    _decay(place, optimizer, report)


def _momentum(place: SpecPath, optimizer: Optimizer, report: Report) -> None:
    if not isinstance(optimizer, SGD) or not optimizer.nesterov:
        return
    if optimizer.momentum == 0:
        message = "Nesterov's form of momentum needs a momentum above 0"
        path = (*place, "nesterov")
        report.add(fault(codes.CONTRADICTION, path, message, "write momentum: 0.9"))
    elif optimizer.dampening > 0:
        message = f"Nesterov's form of momentum has no dampening, here {optimizer.dampening:g}"
        path = (*place, "dampening")
        report.add(fault(codes.CONTRADICTION, path, message, "leave it out"))


def _steps(place: SpecPath, optimizer: Optimizer, report: Report) -> None:
    if isinstance(optimizer, Rprop) and optimizer.step_sizes[0] > optimizer.step_sizes[1]:
        low, high = optimizer.step_sizes
        message = f"the smallest step, {low:g}, is larger than the largest, {high:g}"
        hint = f"write step_sizes: [{high:g}, {low:g}]"
        report.add(fault(codes.CONTRADICTION, (*place, "step_sizes"), message, hint))


def _groups(place: SpecPath, optimizer: Optimizer, draft: Draft, report: Report) -> None:
    seen: dict[str, int] = {}
    for index, group in enumerate(optimizer.groups):
        path = (*place, "groups", index)
        stated = [key for key in ("learning_rate", "weight_decay") if draft.has(*path, key)]
        if group.match in seen:
            first = (*place, "groups", seen[group.match], "match")
            message = f"'{group.match}' is matched twice; the first group takes all of it"
            hint = "leave one of them out"
            related = ((first, "the first is here"),)
            at = (*path, "match")
            report.add(fault(codes.CONTRADICTION, at, message, hint, related=related))
        seen.setdefault(group.match, index)
        if group.frozen:
            for key in stated:
                message = f"'{key}' has no effect on parameters that are frozen"
                hint = f"leave out {key}, or frozen"
                report.add(fault(codes.CONTRADICTION, (*path, key), message, hint))
        elif not stated:
            message = f"the group '{group.match}' changes nothing"
            hint = "write learning_rate, weight_decay or frozen: true"
            report.add(fault(codes.WINDOW_UNUSED, path, message, hint))
        elif "weight_decay" in stated and not hasattr(optimizer, "weight_decay"):
            message = f"'{tag_of(optimizer)}' has no weight decay"
            report.add(fault(codes.WINDOW_UNUSED, (*path, "weight_decay"), message, "leave it out"))


def _decay(place: SpecPath, optimizer: Optimizer, report: Report) -> None:
    path = (*place, "weight_decay_on")
    if optimizer.weight_decay_on == "all" or getattr(optimizer, "weight_decay", 0.0) > 0:
        return
    message = "nothing decays: weight_decay is 0"
    hint = "write weight_decay: 1e-2, or leave weight_decay_on out"
    report.add(fault(codes.WINDOW_UNUSED, path, message, hint))
