"""A rectangle of drawn lines: the bridge from frames to Textual.

Text from a log reaches the terminal only as inert segments: there is no markup to interpret.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from neurotrain.monitor.clean import width
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import STYLES, Line, crop

_PLAIN: Final = str.maketrans({"…": "~", "–": "-", "∞": "inf", "×": "x", "→": ">", "←": "<",
                               "±": "~", "·": "-", "↑": "^", "↓": "v"})  # fmt: skip


class Pane(Widget):
    """What is drawn from a frame; repainted only when its lines change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{style}" for style in STYLES}

    ticks: ClassVar[bool] = False
    """Whether the time alone changes what is drawn."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._frame: Frame | None = None
        self._lines: list[Line] = []

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The lines of the pane; they are cut to its size."""
        raise AssertionError(f"{type(self).__name__} draws nothing")

    def show(self, frame: Frame) -> None:
        """Take a frame; where it changes what is drawn, repaint."""
        old, self._frame = self._frame, frame
        if old is not None and not self.ticks and replace(frame, now=old.now) == old:
            return
        if self._redraw():
            self.refresh()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._redraw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row, for Textual."""
        room = self.size.width
        if self._frame is None or y >= len(self._lines):
            return Strip.blank(room, self.rich_style)
        plain = self._frame.glyphs.ascii_only
        segments = [
            Segment(_ascii(text) if plain else text, self.get_component_rich_style(f"ink--{style}"))
            for text, style in crop(self._lines[y], room)
        ]
        cells = sum(width(segment.text) for segment in segments)
        return Strip(segments, cells)

    def _redraw(self) -> bool:
        if self._frame is None or not self.display:
            return False
        lines = self.draw(self._frame, self.size.width, self.size.height)
        changed = lines != self._lines
        self._lines = lines
        return changed


def _ascii(text: str) -> str:
    same_width = text.translate(_PLAIN)
    return same_width.encode("ascii", "replace").decode("ascii")[: max(len(text), 1)]
