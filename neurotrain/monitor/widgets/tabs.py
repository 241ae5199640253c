"""The views by their numbers, and how much there is to look at."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.frame import VIEWS, Frame
from neurotrain.monitor.ink import Line, Span, cells, spread
from neurotrain.monitor.widgets.pane import Pane

_RUNS: Final = "runs"
_LONGEST: Final = max(map(len, VIEWS))


class Tabs(Pane):
    """One row; where it is narrow, only the view that is shown has its name."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The names of the views, the shown one in brackets, and the alerts."""
        right = _alerts(frame)
        for length in (_LONGEST, 8, 0):
            names = _names(frame, length)
            if cells(names) + cells(right) < width:
                return [spread(names, right, width)]
        return [spread(_names(frame, 0), (), width)]


def _names(frame: Frame, length: int) -> Line:
    """The names of at most that many characters; longer ones have a shorter one."""
    spans: list[Span] = [(" ", "plain")]
    for number, name in enumerate((*VIEWS, _RUNS), start=1):
        told = name if len(name) <= max(length, len("overview")) else "saves"
        if name == frame.options.shown:
            spans += [(f"[{number} {told.capitalize()}]", "title"), (" ", "plain")]
        else:
            spans += [(f" {number}", "key"), (f" {told.capitalize()} " if length else " ", "dim")]
    return tuple(spans)


def _alerts(frame: Frame) -> Line:
    spans: list[Span] = []
    if frame.waiting:
        style = "bad" if any(alert.mark == "bad" for alert in frame.waiting) else "warn"
        told = wording.plural(len(frame.waiting), "alert")
        spans.append((f"{frame.glyphs.warning} {told} ", style))
    if frame.view.num_warnings:
        told = wording.plural(frame.view.num_warnings, "warning")
        spans.append((f"{frame.glyphs.warning} {told} ", "warn"))
    return tuple(spans)
