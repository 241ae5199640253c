"""What is wrong now, then what happened, the newest first: bests, saves, resumes, warnings."""

from __future__ import annotations

from time import localtime, strftime
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.health import Alert
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.state import State
from neurotrain.monitor.view import Note
from neurotrain.monitor.widgets.pane import Pane

_MARKS: Final = {"good": "✓", "info": "·", "warn": "!", "bad": "✗"}


class Notes(Pane):
    """A row a note: time, mark, text."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the notes that fit."""
        body = [_alert(frame, alert) for alert in frame.alerts]
        body += [_row(frame, note) for note in reversed(frame.view.notes)]
        if not body:
            body = [line((" nothing to report", "dim"))]
        right = _health(frame)
        return box(line(("Events", "title")), right, body, width, height, frame.glyphs)


def _health(frame: Frame) -> Line:
    if frame.is_over or frame.state is State.STALE:
        return ()
    if frame.waiting:
        return line((wording.plural(len(frame.waiting), "alert"), "warn"))
    seen = sum(alert.acknowledged for alert in frame.alerts)
    if seen:
        return line((f"{wording.plural(seen, 'alert')} seen", "dim"))
    return line(("healthy", "good"))


def _alert(frame: Frame, alert: Alert) -> Line:
    """The time since when it is known; one that was acknowledged is dim."""
    since = " now     " if alert.since is None else f" {clock(alert.since)}"
    style = "dim" if alert.acknowledged or alert.mark == "info" else alert.mark
    mark = "-" if frame.glyphs.ascii_only else _MARKS["info"]
    mark = mark if style == "dim" else frame.glyphs.warning
    return line((f"{since} ", "dim"), (f"{mark} {alert.text}", style))


def _row(frame: Frame, note: Note) -> Line:
    mark = _MARKS[note.mark]
    if frame.glyphs.ascii_only:
        mark = "!" if note.mark in ("warn", "bad") else "-"
    style = "dim" if note.mark == "info" else note.mark
    return line((f" {clock(note.time)} ", "dim"), (f"{mark} ", style), note.text)


def moment(time: float, now: float) -> str:
    """The time of day, or the date where it was another day."""
    try:
        then, today = localtime(time), localtime(now)
        same = then[:3] == today[:3]
        return strftime("%H:%M:%S" if same else "%Y-%m-%d", then)
    except (OverflowError, ValueError, OSError):
        return "--:--:--"


def clock(time: float) -> str:
    """The local time of day; dashes for a time that no calendar has."""
    try:
        return strftime("%H:%M:%S", localtime(time))
    except (OverflowError, ValueError, OSError):
        return "--:--:--"
