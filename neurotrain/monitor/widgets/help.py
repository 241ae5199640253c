"""The keys, from the table that also makes the bindings."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from neurotrain.monitor.ink import Glyphs
from neurotrain.monitor.keys import KEYS


class Help(ModalScreen[None]):
    """A list of the keys over the screen; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,question_mark,f1,enter,space", "dismiss", "close")
    ]

    def __init__(self, *, disabled: bool, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._disabled = disabled

    def compose(self) -> ComposeResult:
        """A row a key."""
        with VerticalScroll(id="help"):
            yield Static(self._table(), markup=False)

    def _marks(self) -> tuple[tuple[str, str], ...]:
        glyphs = self._glyphs
        return (
            (glyphs.star, f"The best epoch; in a chart above {glyphs.guide}"),
            (glyphs.saved, "A checkpoint"),
            (glyphs.point, "A validation"),
            ("x", "A value that is not finite, on the upper edge"),
            (f"{glyphs.up} {glyphs.falling}", "Larger or smaller values are better"),
            (f"{glyphs.box_on} {glyphs.box_off}", "Patience of early stopping: used, left"),
        )

    def _table(self) -> Content:
        rows = [Content.styled("Keys\n", "bold")]
        for key in KEYS:
            off = key.asks_run and self._disabled
            told = f"{key.help}{'  (disabled)' if off else ''}"
            row = Content.assemble((f"{key.shown:<9}", "bold"), told)
            rows.append(row.stylize("dim") if off else row)
        rows.append(Content.styled("\nMarks\n", "bold"))
        rows += [Content.assemble((f"{mark:<7}", "bold"), told) for mark, told in self._marks()]
        rows.append(Content.styled("\nesc closes", "dim"))
        return Content("\n").join(rows)
