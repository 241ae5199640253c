"""Find the training samples of each level of a curriculum, and check when each begins."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from neurotrain.compiler.codes import curriculum as codes
from neurotrain.compiler.codes.form import WRONG_FORM
from neurotrain.compiler.codes.training import BEYOND_THE_END
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.curriculum import EPOCH, MAX_NAME, Curriculum, members
from neurotrain.dataset.faults import counted, some_names
from neurotrain.language.diagnostics import Report
from neurotrain.language.suggest import closest

_PATH: Final = ("data", "curriculum")
_SCHEDULE: Final = (*_PATH, "schedule")
_LEVELS: Final = (*_PATH, "levels")
_SHOWN_NAMES: Final = 3
_MAX_SUGGESTED: Final = 50
"""Faults for which the nearest name is looked for."""


def check_curriculum(draft: Draft, report: Report) -> Draft:
    """Count the samples of each level; report levels and patterns that mean nothing.

    `schedule: {0: eazy}` is answered by `unknown-level` with the nearest level.
    """
    curriculum: Curriculum | None = draft.read(*_PATH)
    if curriculum is None:
        return draft
    attempt(_tell_never, draft, report)
    for check in (_check_names, _check_epochs, _check_levels):
        check(curriculum, report)
    samples = need(draft.parts).samples["train"]
    _check_patterns(curriculum, samples, draft, report)
    chosen = {level: members(each, samples) for level, each in curriculum.levels.items()}
    if not report.taints(_PATH):
        used = [chosen[level] for level in curriculum.schedule.values()]
        _tell_outside(samples, {place for each in used for place in each}, report)
    return replace(draft, level_sizes={level: len(each) for level, each in chosen.items()})


def _tell_never(draft: Draft, report: Report) -> None:
    """Levels that begin after the last epoch."""
    epochs, curriculum = draft.read("train", "epochs"), draft.read(*_PATH)
    for key, level in curriculum.schedule.items():
        if EPOCH.fullmatch(key) and int(key) >= epochs > 0:
            message = f"the level '{level}' begins after {key} epochs, the training has {epochs}"
            hint = "begin it earlier, or train longer"
            report.add(fault(BEYOND_THE_END, (*_SCHEDULE, key), message, hint, at_key=True))


def _check_names(curriculum: Curriculum, report: Report) -> None:
    for level in curriculum.levels:
        if not (level.isprintable() and 0 < len(level) <= MAX_NAME):
            message = f"the name of a level has {len(level)} characters, or some that are invisible"
            hint = f"give it 1 to {MAX_NAME} visible ones"
            report.add(fault(WRONG_FORM, (*_LEVELS, level), message, hint, at_key=True))


def _check_epochs(curriculum: Curriculum, report: Report) -> None:
    """The schedule's numbers are such, begin with 0, and each changes something."""
    schedule = curriculum.schedule
    for key in schedule:
        if not EPOCH.fullmatch(key):
            message = f"'{key}' is not a number of finished epochs"
            hint = "write a whole number without a sign, such as 0 or 20"
            report.add(fault(WRONG_FORM, (*_SCHEDULE, key), message, hint, at_key=True))
    numbers = sorted(int(key) for key in schedule if EPOCH.fullmatch(key))
    if numbers[:1] != [0] and len(numbers) == len(schedule):
        message = "the schedule has no level for the first epoch"
        first = schedule[str(numbers[0])] if numbers else next(iter(curriculum.levels), "…")
        hint = f"write {{0: {first}, …}}: levels begin after so many finished epochs"
        report.add(fault(codes.SCHEDULE_START, _SCHEDULE, message, hint, at_key=True))
    for before, after in pairwise(numbers):
        level = schedule[str(after)]
        if schedule[str(before)] == level:
            message = f"the level is '{level}' already, since {before} finished epochs"
            path = (*_SCHEDULE, str(after))
            report.add(fault(codes.SAME_LEVEL, path, message, "leave it out", at_key=True))


def _check_levels(curriculum: Curriculum, report: Report) -> None:
    """The schedule names levels that there are, and all of them."""
    levels, schedule = curriculum.levels, curriculum.schedule
    unknown = {key: level for key, level in schedule.items() if level not in levels}
    for number, (key, level) in enumerate(unknown.items()):
        near = closest(level, levels) if number < _MAX_SUGGESTED else None
        hint = f"there are: {some_names(list(levels))}" if levels else "give it one"
        hint = f"did you mean '{near}'?" if near else hint
        message = f"the curriculum has no level '{level}'"
        related = ((_LEVELS, "the levels"),)
        report.add(fault(codes.UNKNOWN_LEVEL, (*_SCHEDULE, key), message, hint, related=related))
    used = set(schedule.values())
    unused = [level for level in levels if level not in used]
    for level in unused if "0" in schedule and not unknown else ():
        message = f"the schedule never comes to the level '{level}'"
        hint = "give it an epoch in the schedule, or leave it out"
        report.add(fault(codes.UNUSED_LEVEL, (*_LEVELS, level), message, hint, at_key=True))


def _check_patterns(
    curriculum: Curriculum, samples: tuple[SampleInfo, ...], draft: Draft, report: Report
) -> None:
    """Every pattern matches a training sample."""
    held_out = _held_out(draft)
    for level, patterns in curriculum.levels.items():
        for index, pattern in enumerate(patterns):
            if members([pattern], samples):
                continue
            message = f"'{pattern}' matches the name of no training sample"
            names = some_names([each.id for each in samples[:_SHOWN_NAMES]])
            hint = f"the names are such as {names}"
            outside = [held_out[place].id for place in members([pattern], held_out)]
            if outside:
                message = f"'{pattern}' matches only samples that are held out of the training: "
                message += some_names(outside)
                hint = "take a pattern that matches more of them"
            path = (*_LEVELS, level, index)
            report.add(fault(codes.LEVEL_PATTERN, path, message, hint))


def _held_out(draft: Draft) -> list[SampleInfo]:
    parts = need(draft.parts)
    names = [part for part, source in parts.sources.items() if source == "train" != part]
    return [sample for part in names for sample in parts.samples[part]]


def _tell_outside(samples: tuple[SampleInfo, ...], seen: set[int], report: Report) -> None:
    outside = [sample.id for place, sample in enumerate(samples) if place not in seen]
    if outside:
        message = f"{counted(len(outside), 'training sample')} "
        message += "is in no level" if len(outside) == 1 else "are in no level"
        message += f" of the schedule: {some_names(outside)}"
        hint = 'take "*" for the last level, or leave them out of the training data'
        report.add(fault(codes.OUTSIDE_LEVELS, _LEVELS, message, hint, at_key=True))
