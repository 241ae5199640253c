"""What a screen asks of a run, by keys or by the command line."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from textual.screen import Screen

from neurotrain.monitor.choices import GIVEN
from neurotrain.monitor.clean import clean
from neurotrain.monitor.command import Choices, complete, read
from neurotrain.monitor.frame import VIEWS, Frame, Options
from neurotrain.monitor.plots import groups
from neurotrain.monitor.widgets.command import CommandLine
from neurotrain.monitor.widgets.confirm import StopMenu
from neurotrain.recorder import control

_WHEN: Final[dict[str, control.Request]] = {"step": "stop", "epoch": "stop_after_epoch"}
_MAX_HISTORY: Final = 100


class Asking(Screen[None]):
    """A screen that can ask its run for something, and be told what to show in words."""

    options: Options
    run_dir: Path

    def __init__(self) -> None:
        super().__init__()
        self._history: list[str] = []

    def frame(self) -> Frame:
        """The moment as it is."""
        raise AssertionError(f"{type(self).__name__} has no frame")

    def choose(self, options: Options) -> None:
        """Show by other options."""
        raise AssertionError(f"{type(self).__name__} has no choose")

    def tell(self, message: str) -> None:
        """Say something in the last row."""
        raise AssertionError(f"{type(self).__name__} has no tell")

    def action_command(self) -> None:
        """Type a command."""
        choices = self._choices()
        self.app.push_screen(CommandLine(partial(complete, choices=choices), self._history),
                             self._obey)  # fmt: skip

    async def _obey(self, line: str | None) -> None:
        line = clean(line or "", 200).strip()
        if not line:
            return
        if line not in self._history[-1:]:
            self._history = [*self._history, line][-_MAX_HISTORY:]
        order = read(line, self._choices(), self._refusal())
        if order.told:
            self.tell(order.told)
        elif order.action:
            await self.run_action(order.action)

    def action_given(self, name: str, argument: str) -> None:
        """What a command asks with an argument."""
        if name == "stop":
            self.app.push_screen(StopMenu(self.frame().name, _WHEN[argument]), self._stop_if)
        elif name == "theme":
            self.app.theme = argument
        else:
            self.choose(GIVEN[name](self.options, self.frame().view, argument))

    def action_save(self) -> None:
        """Ask the run for a checkpoint."""
        self._ask("save", "Asked the run to save a checkpoint")

    def action_stop(self) -> None:
        """Ask the run to stop, after the person has chosen when and confirmed it."""
        self.app.push_screen(StopMenu(self.frame().name), self._stop_if)

    def _stop_if(self, chosen: control.Request | None) -> None:
        if chosen is not None:
            when = "this step" if chosen == "stop" else "this epoch"
            self._ask(chosen, f"Asked the run to stop after {when}")

    def _ask(self, request: control.Request, told: str) -> None:
        if not self.frame().can_ask:
            return
        try:
            control.ask(self.run_dir, request)
        except OSError as error:
            told = f"Could not leave the request: {clean(str(error))}"
        self.tell(told)

    def _refusal(self) -> str:
        """Why the run cannot be asked for anything; empty where it can."""
        frame = self.frame()
        if frame.can_ask:
            return ""
        if frame.options.readonly:
            return "this screen is read-only"
        if not frame.has_folder:
            return "the run's folder is not there"
        return "the run is over" if frame.is_over else "the run has not begun"

    def _choices(self) -> Choices:
        view = self.frame().view
        metrics = dict.fromkeys([*groups(view), *view.by_epoch])
        return {
            "when": tuple(_WHEN),
            "view": VIEWS,
            "metric": tuple(metrics),
            "theme": tuple(sorted(self.app.available_themes)),
        }
