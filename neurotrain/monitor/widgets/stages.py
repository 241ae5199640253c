"""The stages of the run on one row."""

from __future__ import annotations

import math
from statistics import fmean, stdev
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Glyphs, Line, Span, cells
from neurotrain.monitor.view import Stage, View
from neurotrain.monitor.widgets.pane import Pane


class Stages(Pane):
    """The stages in the order of the graph."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """One line; several trainings by their numbers and scores, in as few words as it takes."""
        stages, trainings = frame.view.stages, frame.view.trainings
        if len(trainings) < 2:
            return [_row(frame, stages)]
        others = _row(frame, tuple(stage for stage in stages if not stage.trains))[1:]
        many = [_folds(frame, digits=digits) for digits in (True, False)]
        mean, brief = (((f" {mean_of(frame.view, brief=each)}", "best"),) for each in (False, True))
        rest: list[Line] = [(*mean, ("   ", "plain"), *others), mean, brief]
        rows = [(*folds, *more) for folds in many for more in rest]
        return [next((row for row in rows if cells(row) <= width), many[-1])]


_MOST: Final = 1e150
"""Squares of larger numbers overflow."""


def mean_of(view: View, *, brief: bool = False) -> str:
    """The mean score of the trainings that are over; its name and standard deviation, too."""
    found = [score for score in map(score_of, view.trainings) if score is not None]
    known = [value for _, value in found]
    if len(known) < 2 or not all(abs(value) < _MOST for value in known):
        return ""
    if brief:
        return f"mean {wording.value(fmean(known))}"
    return f"mean {found[0][0]} {wording.value(fmean(known))} ±{stdev(known):.2g}"


def score_of(stage: Stage) -> tuple[str, float] | None:
    """The score of a training that is over, with its name."""
    return next((each for each in stage.result if "/" in each[0]), None)


def _row(frame: Frame, stages: tuple[Stage, ...]) -> Line:
    spans: list[Span] = [(" ", "plain")]
    for stage in stages:
        spans += [mark_of(stage, frame), (f" {stage.name}", _name_style(stage))]
        told = told_of(stage)
        spans += [(f" {told}", "dim"), ("   ", "plain")] if told else [("   ", "plain")]
    return tuple(spans)


def _folds(frame: Frame, *, digits: bool) -> Line:
    spans: list[Span] = [(" Folds  ", "dim")]
    for number, stage in enumerate(frame.view.trainings, start=1):
        spans += [mark_of(stage, frame), (f" {number}", _name_style(stage))]
        score = score_of(stage) if digits else None
        spans.append((f" {wording.value(score[1])}  " if score else "  ", "plain"))
    return tuple(spans)


def mark_of(stage: Stage, frame: Frame) -> Span:
    """The glyph of a stage's state; a stage in which the run ended badly shows it."""
    glyphs: Glyphs = frame.glyphs
    if stage.state == "running" and frame.is_over:
        return ("x" if glyphs.ascii_only else "✗", "bad")
    return {
        "waiting": (glyphs.waiting, "dim"),
        "running": (glyphs.running, "good"),
        "done": (glyphs.done, "good"),
        "skipped": ("-", "dim"),
    }[stage.state]


def told_of(stage: Stage, *, named: bool = True) -> str:
    """How long it took, its score (named, or not), how far it is, or that it was skipped."""
    if stage.state == "done" and stage.seconds is not None:
        score = score_of(stage) if stage.trains else None
        if score is None:
            return wording.duration(stage.seconds)
        epoch = dict(stage.result).get("best_epoch")
        at = f" @ e{epoch:.0f}" if epoch is not None and math.isfinite(epoch) else ""
        name = f"{score[0]} " if named else ""
        return f"{wording.duration(stage.seconds)}  {name}{wording.value(score[1])}{at}"
    if stage.state == "skipped":
        return "skipped"
    if stage.state == "running" and stage.done and stage.total and stage.done < stage.total:
        return wording.percent(min(1.0, stage.done / stage.total))
    return ""


def _name_style(stage: Stage) -> str:
    return "dim" if stage.state in ("waiting", "skipped") else "plain"
