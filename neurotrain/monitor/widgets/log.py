"""The logs of all ranks; what a model prints shows here and nowhere else."""

from __future__ import annotations

import re
from typing import Final

from neurotrain.monitor.clean import width as cells_of
from neurotrain.monitor.clean import wrapped
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, box, cells, line
from neurotrain.monitor.logs import LogLine, chosen
from neurotrain.monitor.widgets.pane import Pane

_BAD: Final = re.compile(r"\b(error|exception|traceback|critical|fatal)\b", re.IGNORECASE)
_ODD: Final = re.compile(r"\bwarn(ing)?\b", re.IGNORECASE)


class Log(Pane):
    """The newest lines, or those that were scrolled to."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the lines that fit."""
        options = frame.options
        found = chosen(frame.log, options.log_filter, options.log_rank)
        room = max(1, height - 2)
        up = min(options.scrolled, max(0, len(found) - room)) if options.shown == "log" else 0
        end = len(found) - up
        many = len({each.rank for each in frame.log[-2000:]}) > 1
        body = [
            row
            for each in found[max(0, end - room) : end]
            for row in _rows(each, width - 2 if options.log_wraps else None, named=many)
        ][-room:]
        if not body:
            body = [line((f" {_empty(frame)}", "dim"))]
        title = line(("Log", "title"), (f" {_whose(frame, many=many)}", "dim"))
        return box(title, _right(frame, len(found), up), body, width, height, frame.glyphs)


def num_shown(frame: Frame) -> int:
    """How many lines the filter lets through."""
    return len(chosen(frame.log, frame.options.log_filter, frame.options.log_rank))


def _rows(each: LogLine, room: int | None, *, named: bool) -> list[Line]:
    """A line of the log; with a room, on as many rows as it takes."""
    style = "bad" if _BAD.search(each.text) else "warn" if _ODD.search(each.text) else "plain"
    start = ((f" r{each.rank} ", "dim"),) if named else ((" ", "plain"),)
    inner = max(1, room - cells(start)) if room is not None else 0
    if not inner or cells_of(each.text) <= inner:
        return [(*start, (each.text, style))]
    gap: Span = (" " * cells(start), "plain")
    return [
        (*(start if at == 0 else (gap,)), (part, style))
        for at, part in enumerate(wrapped(each.text, inner))
    ]


def _whose(frame: Frame, *, many: bool) -> str:
    if frame.options.log_rank is not None:
        return f"rank {frame.options.log_rank}"
    return "all ranks" if many else "logs/rank-0.log"


def _right(frame: Frame, num: int, up: int) -> Line:
    parts = [f"/{frame.options.log_filter}"] if frame.options.log_filter else []
    parts.append(f"{num} lines")
    if frame.options.shown == "log":
        parts.append(f"{up} below" if up else "follow")
    return line((" · ".join(parts), "dim"))


def _empty(frame: Frame) -> str:
    if frame.options.log_filter and frame.log:
        return f"no line matches {frame.options.log_filter}; esc ends the filter"
    if frame.log:
        return "nothing from this rank"
    return "nothing yet; a run in the foreground writes to its own terminal"
