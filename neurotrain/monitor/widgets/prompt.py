"""A line at the bottom of the screen to type a filter into."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input


class Prompt(ModalScreen[str | None]):
    """Tells every change at once; enter keeps the text, escape the one before."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "give_up", "back")]

    def __init__(self, label: str, text: str, changed: Callable[[str], None]) -> None:
        super().__init__()
        self._label, self._before, self._changed = label, text, changed

    def compose(self) -> ComposeResult:
        """The line."""
        yield Input(self._before, placeholder=self._label, id="prompt", compact=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what is typed so far."""
        self._changed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the text."""
        self.dismiss(event.value)

    def action_give_up(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)
