"""The pinned runs over one another: curves, scores, and the settings that differ."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from neurotrain.monitor.chart import draw
from neurotrain.monitor.compare import Compared, differences, plot_of, shared_groups, table, titled
from neurotrain.monitor.ink import Glyphs, Line, line
from neurotrain.monitor.plots import SMOOTHINGS, Look
from neurotrain.monitor.widgets.pane import Inked


class Comparison(Screen[None]):
    """Drawn once, and again when a key changes it; the runs are as they were when it opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,d", "app.pop_screen", "back"),
        ("ctrl+c", "app.exit", "leave"),
        ("right,n", "metric(1)", "metric"),
        ("left,p", "metric(-1)", "metric"),
        ("y", "log_scale", "log scale"),
        ("m", "smooth", "smooth"),
        ("down,j", "move(1)", "down"),
        ("up,k", "move(-1)", "up"),
    ]

    def __init__(self, runs: tuple[Compared, ...], glyphs: Glyphs) -> None:
        super().__init__()
        self._runs, self._glyphs = runs, glyphs
        self._group, self._look, self._down = 0, Look(), 0

    def compose(self) -> ComposeResult:
        """One rectangle."""
        yield Inked(id="compared")

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def action_metric(self, by: int) -> None:
        """Another metric."""
        self._group += by
        self._draw()

    def action_log_scale(self) -> None:
        """Logarithmic values, or linear ones again."""
        self._look = replace(self._look, log=not self._look.log)
        self._draw()

    def action_smooth(self) -> None:
        """The next strength of smoothing."""
        at = SMOOTHINGS.index(self._look.smooth)
        self._look = replace(self._look, smooth=SMOOTHINGS[(at + 1) % len(SMOOTHINGS)])
        self._draw()

    def action_move(self, rows: int) -> None:
        """Scroll the settings."""
        self._down = max(0, self._down + rows)
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        lines = self._lines(width, height)
        inked = self.query_one("#compared", Inked)
        if inked.put(lines, self._glyphs):
            inked.refresh()

    def _lines(self, width: int, height: int) -> list[Line]:
        found = shared_groups(self._runs) or ("loss",)
        group = found[self._group % len(found)]
        rows = table(self._runs, group, self._glyphs, width - 2)
        head, room = len(rows) + 2, height - 1
        lower = max(3, min(room // 3, 14)) if room - head >= 12 else 0
        upper = room - head - lower
        lines: list[Line] = []
        if upper >= 5:
            body = draw(plot_of(self._runs, group, self._look), width - 2, upper - 2, self._glyphs)
            told = "log scale" if self._look.log else ""
            lines += titled(group, told, body, (width, upper), self._glyphs)
        lines += titled("Runs", "", rows, (width, min(head, room)), self._glyphs)
        if lower:
            differing = differences(self._runs, width - 2)
            self._down = min(self._down, max(0, len(differing) - lower + 2))
            shown = [*differing[:1], *differing[1 + self._down :]]
            lines += titled("Settings that differ", "", shown, (width, lower), self._glyphs)
        hints = " esc back   ←→ metric   y log scale   m smooth   ↑↓ settings"
        return [*lines[:room], line((hints, "dim"))]
