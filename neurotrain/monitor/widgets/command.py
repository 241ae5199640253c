"""A line at the bottom of the screen to type a command into, with what could come next above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class CommandLine(ModalScreen[str | None]):
    """Enter gives the line, escape none; tab completes, up and down go through earlier lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "give_up", "back"),
        Binding("tab", "complete(1)", "complete", priority=True),
        Binding("shift+tab", "complete(-1)", "complete back", priority=True),
        Binding("up", "recall(-1)", "earlier", priority=True),
        Binding("down", "recall(1)", "later", priority=True),
    ]

    def __init__(self, complete: Callable[[str], list[str]], history: Sequence[str]) -> None:
        super().__init__()
        self._complete = complete
        self._lines = [*history, ""]
        self._at = len(history)
        self._cycle: list[str] = []

    def compose(self) -> ComposeResult:
        """What could come next, then the line."""
        with Vertical(id="command"):
            yield Static("", markup=False, id="candidates")
            with Horizontal():
                yield Static(":", markup=False, id="colon")
                yield Input(placeholder="command, tab completes", id="line", compact=True)

    def on_mount(self) -> None:
        """Show what there is."""
        self._show_candidates("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what could come next."""
        self._show_candidates(event.value)

    def _show_candidates(self, typed: str) -> None:
        if typed not in self._cycle:
            self._cycle = []
        found = self._cycle or self._complete(typed)
        told = [each.rpartition(" ")[2] for each in found]
        self.query_one("#candidates", Static).update(Content("  ".join(told[:40])))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line."""
        self.dismiss(event.value)

    def action_give_up(self) -> None:
        """Give none."""
        self.dismiss(None)

    def action_complete(self, by: int) -> None:
        """As far as all that could come next agree; then one of them after the other."""
        line = self.query_one("#line", Input)
        if line.value in self._cycle:
            at = self._cycle.index(line.value) + by
            self._put(self._cycle[at % len(self._cycle)])
            return
        found = self._complete(line.value)
        shared = _shared(found)
        if len(shared) > len(line.value):
            self._put(shared)
        elif found:
            self._cycle = found
            self._put(found[0 if by > 0 else -1])

    def action_recall(self, by: int) -> None:
        """An earlier line, or a later one."""
        line = self.query_one("#line", Input)
        if self._at == len(self._lines) - 1:
            self._lines[-1] = line.value
        self._at = min(len(self._lines) - 1, max(0, self._at + by))
        self._put(self._lines[self._at])

    def _put(self, text: str) -> None:
        line = self.query_one("#line", Input)
        line.value = text
        line.cursor_position = len(text)


def _shared(found: Sequence[str]) -> str:
    """What all begin with."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*found, strict=False))
    return "".join(column[0] for column in columns)
