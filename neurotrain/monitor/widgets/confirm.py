"""Asks before something is ended; only a typed `y` says yes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static


class Confirm(ModalScreen[bool]):
    """A question; `y` answers yes and any other key no."""

    BINDINGS: ClassVar[list[BindingType]] = [("y", "answer(True)", "yes")]

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence

    def compose(self) -> ComposeResult:
        """The question, what follows, and how to answer."""
        with Vertical(id="confirm"):
            yield Static(self._question, markup=False, classes="question")
            yield Static(self._consequence, markup=False)
            yield Static("y = yes, any other key = no", markup=False, classes="answer")

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)

    def on_key(self, event: Key) -> None:
        """Close with no, on every key but `y`."""
        if event.key != "y":
            event.stop()
            self.dismiss(False)
