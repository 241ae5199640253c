"""Find the training samples of each level of a curriculum, and check when each begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from neurotrain.compiler.codes import curriculum as codes
from neurotrain.compiler.codes.form import WRONG_FORM
from neurotrain.compiler.codes.training import BEYOND_THE_END
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.curriculum import EPOCH, Curriculum, matches, members
from neurotrain.dataset.faults import counted, some_names
from neurotrain.language.diagnostics import Report
from neurotrain.language.suggest import closest

_PATH: Final = ("data", "curriculum")
_SCHEDULE: Final = (*_PATH, "schedule")
_LEVELS: Final = (*_PATH, "levels")
_SHOWN_NAMES: Final = 3


def check_curriculum(draft: Draft, report: Report) -> Draft:
    """Count the samples of each level; report levels and patterns that mean nothing.

    `schedule: {0: eazy}` is answered by `unknown-level` with the nearest level.
    """
    curriculum: Curriculum | None = draft.read(*_PATH)
    if curriculum is None:
        return draft
    epochs = None if report.taints(("train", "epochs")) else draft.read("train", "epochs")
    _check_schedule(curriculum, epochs, report)
    samples = need(draft.parts).samples["train"]
    _check_patterns(curriculum, samples, draft, report)
    sizes = {level: len(members(each, samples)) for level, each in curriculum.levels.items()}
    attempt(lambda draft, report: _tell_outside(samples, draft, report), draft, report)
    return replace(draft, level_sizes=sizes)


def _check_schedule(curriculum: Curriculum, epochs: int | None, report: Report) -> None:
    levels = curriculum.levels
    for key, level in curriculum.schedule.items():
        path = (*_SCHEDULE, key)
        if not EPOCH.fullmatch(key):
            message = f"'{key}' is not a number of finished epochs"
            hint = "write a whole number without a sign, such as 0 or 20"
            report.add(fault(WRONG_FORM, path, message, hint, at_key=True))
        elif epochs is not None and int(key) >= epochs > 0:
            message = f"the level '{level}' begins after {key} epochs, the training has {epochs}"
            hint = "begin it earlier, or train longer"
            report.add(fault(BEYOND_THE_END, path, message, hint, at_key=True))
        if level not in levels:
            near = closest(level, levels)
            hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(levels)}"
            message = f"the curriculum has no level '{level}'"
            related = ((_LEVELS, "the levels"),)
            report.add(fault(codes.UNKNOWN_LEVEL, path, message, hint, related=related))
    numbers = sorted(int(key) for key in curriculum.schedule if EPOCH.fullmatch(key))
    if numbers[:1] != [0] and len(numbers) == len(curriculum.schedule):
        message = "the schedule has no level for the first epoch"
        first = curriculum.schedule[str(numbers[0])] if numbers else next(iter(levels), "…")
        hint = f"write {{0: {first}, …}}: levels begin after so many finished epochs"
        report.add(fault(codes.SCHEDULE_START, _SCHEDULE, message, hint, at_key=True))
    for before, after in pairwise(numbers):
        level = curriculum.schedule[str(after)]
        if curriculum.schedule[str(before)] == level:
            message = f"the level is '{level}' already, after {counted(before, 'epoch')} on"
            path = (*_SCHEDULE, str(after))
            report.add(fault(codes.SAME_LEVEL, path, message, "leave it out", at_key=True))
    for level in levels:
        known = [each for each in curriculum.schedule.values() if each in levels]
        if level not in known and len(known) == len(curriculum.schedule):
            message = f"the schedule never comes to the level '{level}'"
            hint = "give it an epoch in the schedule, or leave it out"
            report.add(fault(codes.UNUSED_LEVEL, (*_LEVELS, level), message, hint, at_key=True))


def _check_patterns(
    curriculum: Curriculum, samples: tuple[SampleInfo, ...], draft: Draft, report: Report
) -> None:
    """Every pattern matches a training sample."""
    for level, patterns in curriculum.levels.items():
        for index, pattern in enumerate(patterns):
            if any(matches(pattern, sample) for sample in samples):
                continue
            held_out = [each for each in _held_out(draft) if matches(pattern, each)]
            names = some_names([each.id for each in samples[:_SHOWN_NAMES]])
            message = f"'{pattern}' matches the name of no training sample"
            hint = f"the names are such as {names}"
            if held_out:
                message = f"'{pattern}' matches only samples that are held out of the training: "
                message += some_names([each.id for each in held_out])
                hint = "take a pattern that matches more of them"
            path = (*_LEVELS, level, index)
            report.add(fault(codes.LEVEL_PATTERN, path, message, hint))


def _held_out(draft: Draft) -> Iterator[SampleInfo]:
    parts = need(draft.parts)
    for part, source in parts.sources.items():
        if part != source and source == "train":
            yield from parts.samples[part]


def _tell_outside(samples: tuple[SampleInfo, ...], draft: Draft, report: Report) -> None:
    curriculum: Curriculum = draft.read(*_PATH)
    used = set(curriculum.schedule.values())
    seen = {
        place
        for level, patterns in curriculum.levels.items()
        if level in used
        for place in members(patterns, samples)
    }
    outside = [sample.id for place, sample in enumerate(samples) if place not in seen]
    if outside:
        message = f"{counted(len(outside), 'training sample')} "
        message += "is in no level" if len(outside) == 1 else "are in no level"
        message += f" of the schedule: {some_names(outside)}"
        hint = 'take "*" for the last level, or leave them out of the training data'
        report.add(fault(codes.OUTSIDE_LEVELS, _LEVELS, message, hint, at_key=True))
