"""Early stopping: what is watched, the best, how much patience is left, when it would stop."""

from __future__ import annotations

import math
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.forecast import time_until
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, box, cells, line, sparkline
from neurotrain.monitor.plots import best_of, group_of, mode_of
from neurotrain.monitor.state import State
from neurotrain.monitor.view import EarlyStopping, Facts
from neurotrain.monitor.widgets.pane import Pane

_MAX_BOXES: Final = 16
_NARROW: Final = 50
_TREND: Final = 8


class EarlyRow(Pane):
    """Early stopping on one or two rows."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The shortest telling of it."""
        early = frame.view.early_stopping
        if early is None:
            return [line(" Early stop  ", (_without(frame), "dim"))]
        if height == 1:
            return [_one_row(frame, early, width)]
        return [_first_row(frame, early, width), _second_row(frame, early, width)]


class EarlyBlock(Pane):
    """Early stopping in a box."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """A line for each fact."""
        early = frame.view.early_stopping
        title = line(("Early stop", "title"))
        if early is None:
            body = [line((f" {_without(frame)}", "dim"))]
            return box(title, (), body, width, height, frame.glyphs)
        return box(title, _now(frame, early), block(frame, early), width, height, frame.glyphs)


def _now(frame: Frame, early: EarlyStopping) -> Line:
    if early.stopped:
        return (("stopped", "warn"),)
    if _is_training_over(frame):
        return (("over", "dim"),)
    return (("interrupted" if frame.is_over else "watching", "dim"),)


def block(frame: Frame, early: EarlyStopping) -> list[Line]:
    """The lines of the box."""
    delta = f"  min delta {wording.small(early.min_delta)}" if early.min_delta else ""
    counts = _counts_from(frame, early)
    rows = [
        line((" monitor   ", "dim"), *_monitor(frame, early), (delta, "dim")),
        line((" best      ", "dim"), *_best(frame, early)),
        *([line((" counts    ", "dim"), f"from {counts}")] if counts else []),
        line((" now       ", "dim"), wording.value(early.value), *_change(frame, early)),
        line((" patience  ", "dim"), *_patience(frame, early, 12), _left(early)),
    ]  # fmt: skip
    if early.stopped:
        return [
            *rows,
            line((" stopped   ", "dim"), f"after epoch {early.epoch}"),
            line((f" {early.reason or 'no improvement'}", "warn")),
            line((" needed    ", "dim"), *_needed(early)),
        ]
    if _is_training_over(frame):
        return [*rows, line((" training  ended before the patience did", "dim"))]
    return [
        *rows,
        line((" needs     ", "dim"), *_needed(early)),
        line((" stops     ", "dim"), *_stops(frame, early), *_when(frame, early)),
        *_trend(frame, early),
    ]


def _first_row(frame: Frame, early: EarlyStopping, width: int) -> Line:
    row = line(
        " Early stop  ", *_monitor(frame, early), ("   best ", "dim"), *_best(frame, early),
        ("   now ", "dim"), wording.value(early.value), *_change(frame, early),
    )  # fmt: skip
    counts = _counts_from(frame, early)
    more = (*row, ("   counts from ", "dim"), (counts, "plain"))
    return more if counts and cells(more) <= width else row


def _second_row(frame: Frame, early: EarlyStopping, width: int) -> Line:
    start = line("             ", *_patience(frame, early, _MAX_BOXES), ("   ", "plain"))
    if early.stopped:
        told = f"stopped after e{early.epoch}: {early.reason or 'no improvement'}"
        row = (*start, (told, "warn"), (", needed", "dim"), (_bound(early), "plain"))
        return row if cells(row) <= width else row[:-2]
    if _is_training_over(frame):
        return (*start, ("the training ended before the patience did", "dim"))
    if early.stops_at_epoch is None or _comes_too_late(frame, early):
        return (*start, *_stops(frame, early), ("   needs", "dim"), (_bound(early), "plain"))
    unless = ((" unless", "dim"), (_bound(early), "plain"))
    stops, when = _stops(frame, early), _when(frame, early)
    row = (*start, ("stops ", "dim"), *stops, *when, *unless)
    return row if cells(row) <= width else (*start, ("stops ", "dim"), *stops, *unless)


def _one_row(frame: Frame, early: EarlyStopping, width: int) -> Line:
    watched, best = _monitor(frame, early), _best(frame, early)
    if width < _NARROW:
        watched = tuple((group_of(text), style) for text, style in watched)
    ends: list[Line] = [()]
    foreseen = early.stops_at_epoch is not None and not _comes_too_late(frame, early)
    if early.stopped:
        ends = [((f"  stopped after e{early.epoch}", "warn"),), (("  stopped", "warn"),), ()]
    elif foreseen and not _is_training_over(frame):
        stop: Span = (f"  stops at e{early.stops_at_epoch}", "plain")
        needs = (stop, ("  needs ", "dim"), *_needed(early))
        ends = [needs, (stop,), ((f" stop@e{early.stops_at_epoch}", "plain"),)]
    elif not _is_training_over(frame):
        ends = [(("  needs ", "dim"), *_needed(early)), ()]
    rows = [
        (*line(" ", *watched, " ", *best, "  ", *_patience(frame, early, boxes)), *end)
        for boxes in (_MAX_BOXES, 5, 0)
        for end in ends
    ]
    return next((row for row in rows if cells(row) <= width), rows[-1])


def _is_training_over(frame: Frame) -> bool:
    over = frame.state in (State.FINISHED, State.EARLY_STOPPED)
    stages = frame.view.stages
    trainers = [stage for stage in stages if stage.trains]
    return over or (bool(trainers) and all(stage.state == "done" for stage in trainers))


def _without(frame: Frame) -> str:
    facts: Facts = frame.view.facts
    if facts.patience is not None:
        patience = wording.plural(facts.patience, "validation")
        return f"{facts.monitor}, patience {patience}; awaits the first validation"
    if not facts.monitor:
        return "off"
    best = best_of(facts.monitor, frame.view)
    told = "" if best is None else f": {wording.value(best.value)} @ e{best.epoch}"
    return f"off; best by {facts.monitor}{told}"


def _monitor(frame: Frame, early: EarlyStopping) -> Line:
    mode = early.mode or mode_of(early.monitor, frame.view)
    glyph = frame.glyphs.falling if mode == "min" else frame.glyphs.up
    return ((f"{early.monitor} {glyph}", "plain"),)


def _seen(frame: Frame, early: EarlyStopping) -> tuple[float | None, int | None]:
    """The best value there was, and its epoch."""
    best = best_of(early.monitor, frame.view)
    return (early.best, early.best_epoch) if best is None else (best.value, best.epoch)


def _counts_from(frame: Frame, early: EarlyStopping) -> str:
    """The value that the patience counts from, where the best is better by less than the delta."""
    if early.best_epoch is None or _seen(frame, early)[1] == early.best_epoch:
        return ""
    return f"{wording.value(early.best)} @ e{early.best_epoch}"


def _best(frame: Frame, early: EarlyStopping) -> Line:
    best, epoch = _seen(frame, early)
    at = "" if epoch is None else f" @ e{epoch}"
    return ((wording.value(best), "best"), (at, "best"))


def _change(frame: Frame, early: EarlyStopping) -> Line:
    best, _ = _seen(frame, early)
    if early.value is None or best is None or early.value == best:
        return ()
    told = wording.change(early.value - best)
    return ((f" ({told})", "dim"),) if told else ()


def _patience(frame: Frame, early: EarlyStopping, max_boxes: int) -> Line:
    """A box for each validation of patience, filled where used up."""
    left = early.patience - early.counter
    style = "bad" if left <= 0 else "warn" if left <= 2 else "good"
    counts: Span = (f"{early.counter}/{early.patience}", style)
    if not 0 < early.patience <= max_boxes:
        return (counts,)
    used = min(early.counter, early.patience)
    glyphs = frame.glyphs
    return (
        (glyphs.box_on * used, style), (glyphs.box_off * (early.patience - used), "dim"),
        (" ", "plain"), counts,
    )  # fmt: skip


def _left(early: EarlyStopping) -> Span:
    left = wording.plural(max(0, early.patience - early.counter), "validation")
    return (f", {left} left", "dim")


def _bound(early: EarlyStopping) -> str:
    """The value that counts as better."""
    sign = "<" if early.mode == "min" else ">"
    return " any value" if early.needed is None else f" {sign} {wording.value(early.needed)}"


def _needed(early: EarlyStopping) -> Line:
    if early.needed is None:
        return (("any value", "plain"),)
    return ((f"{early.monitor}{_bound(early)}", "plain"),)


def _when(frame: Frame, early: EarlyStopping) -> Line:
    """In which time, and at what time of day it would stop, where the epochs so far tell."""
    too_late = _comes_too_late(frame, early)
    if early.stops_at_epoch is None or frame.is_over or too_late:
        return ()
    left = time_until(frame.view, early.stops_at_epoch)
    if left is None:
        return ()
    at = wording.time_of_day((frame.view.updated_at or frame.now) + left.seconds)
    return ((f" in {wording.duration(left.seconds)} ({at})", "dim"),)


def _trend(frame: Frame, early: EarlyStopping) -> list[Line]:
    """The latest values and their mean change from one validation to the next."""
    values = [each.value for each in frame.view.early_history[-_TREND:] if each.value is not None]
    steady = [value for value in values if math.isfinite(value)]
    if len(steady) < 3:
        return []
    drawn = sparkline(values, min(steady), max(steady), frame.glyphs)
    change = (steady[-1] - steady[0]) / (len(steady) - 1)
    good = change < 0 if early.mode == "min" else change > 0
    return [line((" trend     ", "dim"), (drawn, "valid"),
                 (f" {change:+.4f} a validation", "good" if good else "dim"))]  # fmt: skip


def _comes_too_late(frame: Frame, early: EarlyStopping) -> bool:
    """Whether the last epoch comes before the patience could be used up."""
    epochs, at = frame.view.facts.epochs, early.stops_at_epoch
    return epochs is not None and at is not None and at >= epochs


def _stops(frame: Frame, early: EarlyStopping) -> Line:
    if early.stops_at_epoch is None:
        return (("not foreseen", "dim"),)
    if _comes_too_late(frame, early):
        return (("not before the last epoch", "dim"),)
    style = "warn" if early.patience - early.counter <= 2 else "plain"
    return ((f"after epoch {early.stops_at_epoch}", style),)
