"""What happened, the newest first: new bests, resumes, warnings."""

from __future__ import annotations

from time import localtime, strftime
from typing import Final

from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.view import Note
from neurotrain.monitor.widgets.pane import Pane

_MARKS: Final = {"good": "✓", "info": "·", "warn": "!", "bad": "✗"}


class Notes(Pane):
    """A row a note: time, mark, text."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the notes that fit."""
        body = [_row(frame, note) for note in reversed(frame.view.notes)]
        if not body:
            body = [line((" nothing to report", "dim"))]
        return box(line(("Events", "title")), (), body, width, height, frame.glyphs)


def _row(frame: Frame, note: Note) -> Line:
    mark = _MARKS[note.mark]
    if frame.glyphs.ascii_only:
        mark = "!" if note.mark in ("warn", "bad") else "-"
    style = "dim" if note.mark == "info" else note.mark
    return line((f" {clock(note.time)} ", "dim"), (f"{mark} ", style), note.text)


def clock(time: float) -> str:
    """The local time of day; dashes for a time that no calendar has."""
    try:
        return strftime("%H:%M:%S", localtime(time))
    except (OverflowError, ValueError, OSError):
        return "--:--:--"
