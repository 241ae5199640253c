"""Asks how a run is to be ended; only a typed `y` after the choice ends it."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static

from neurotrain.recorder.control import Request

_ANSWER: Final = "y = yes, any other key = no"


class StopMenu(ModalScreen[Request | None]):
    """After the step or after the epoch, then yes or no; any other key leaves."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, name: str, chosen: Request | None = None) -> None:
        super().__init__()
        self._name = name
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """The question, the choices, how to answer."""
        with Vertical(id="confirm"):
            yield Static(f"Stop {self._name}?", markup=False, classes="question")
            told = _choices() if self._chosen is None else _consequence(self._chosen)
            yield Static(told, markup=False, id="choices")
            answer = "any other key = no" if self._chosen is None else _ANSWER
            yield Static(answer, markup=False, classes="answer")

    def on_key(self, event: Key) -> None:
        """Choose, then confirm; every other key closes with nothing."""
        event.stop()
        if self._chosen is not None:
            self.dismiss(self._chosen if event.key == "y" else None)
        elif event.key in ("s", "e"):
            self._chosen = "stop" if event.key == "s" else "stop_after_epoch"
            self.query_one("#choices", Static).update(_consequence(self._chosen))
            self.query_one(".answer", Static).update(Content(_ANSWER))
        else:
            self.dismiss(None)


def _consequence(chosen: Request) -> Content:
    part = "step" if chosen == "stop" else "epoch, or stage where it does not train"
    return Content(f"It finishes the {part}, saves a checkpoint and ends; it can be resumed.")


def _choices() -> Content:
    return Content.assemble(
        ("s", "bold"), "  after this step\n", ("e", "bold"), "  after this epoch",
    )  # fmt: skip
