"""The end of rank 0's log; what a model prints shows here and nowhere else."""

from __future__ import annotations

from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.widgets.pane import Pane


class Log(Pane):
    """The last lines that fit."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the lines, the newest at the bottom."""
        room = max(0, height - 2)
        shown = frame.log[-room:] if room else ()
        body = [line((f" {text}", _style(text))) for text in shown]
        if not body:
            body = [line((" the log is empty", "dim"))]
        title = line(("Log", "title"), (" logs/rank-0.log", "dim"))
        return box(title, (), body, width, height, frame.glyphs)


def _style(text: str) -> str:
    head = text[:60].lower()
    if "error" in head or "traceback" in head:
        return "bad"
    return "warn" if "warning" in head else "plain"
