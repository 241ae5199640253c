"""A rectangle of drawn lines: the bridge from frames to Textual.

Text from a log reaches the terminal only as inert segments: there is no markup to interpret.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import ClassVar, Final

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from neurotrain.monitor.clean import width
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import STYLES, Glyphs, Line, crop

_PLAIN: Final = str.maketrans({"…": "~", "–": "-", "∞": "i", "×": "x", "→": ">", "←": "<",
                               "±": "~", "·": "-", "↑": "^", "↓": "v", "≈": "~", "°": " ",
                               "⇧": "^", "Δ": "d"})  # fmt: skip


class Inked(Widget):
    """Shows drawn lines and nothing else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{style}" for style in STYLES}

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.lines: list[Line] = []
        self._ascii_only = False

    def put(self, lines: list[Line], glyphs: Glyphs) -> list[int]:
        """Take the lines to show; which rows are others than before."""
        pairs = zip_longest(self.lines, lines)
        changed = [at for at, (before, now) in enumerate(pairs) if before != now]
        self.lines, self._ascii_only = lines, glyphs.ascii_only
        return changed

    def render_line(self, y: int) -> Strip:
        """One row, for Textual."""
        room = self.size.width
        if y >= len(self.lines):
            return Strip.blank(room, self.rich_style)
        segments = [
            Segment(
                _ascii(text) if self._ascii_only else text,
                self.get_component_rich_style(f"ink--{style}"),
            )
            for text, style in crop(self.lines[y], room)
        ]
        cells = sum(width(segment.text) for segment in segments)
        return Strip(segments, cells)


class Pane(Inked):
    """What is drawn from a frame; repainted only when its lines change."""

    ticks: ClassVar[bool] = False
    """Whether the time alone changes what is drawn."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._frame: Frame | None = None

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The lines of the pane; they are cut to its size."""
        raise AssertionError(f"{type(self).__name__} draws nothing")

    def show(self, frame: Frame, *, force: bool = False) -> None:
        """Take a frame; where it changes what is drawn, repaint."""
        old, self._frame = self._frame, frame
        same = old is not None and not self.ticks and replace(frame, now=old.now) == old
        if same and not force:
            return
        rows = self._redraw()
        if rows:
            self.refresh(*(Region(0, at, self.size.width, 1) for at in rows))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._redraw()
        self.refresh()

    def _redraw(self) -> list[int]:
        """Draw again; which rows have changed."""
        if self._frame is None or not self.display:
            return []
        lines = self.draw(self._frame, self.size.width, self.size.height)
        return self.put(lines, self._frame.glyphs)


def _ascii(text: str) -> str:
    """The text in ASCII, in as many cells; what has no likeness becomes question marks."""
    if text.isascii():
        return text
    plain = text.translate(_PLAIN)
    return "".join(char if char.isascii() else "?" * width(char) for char in plain)
