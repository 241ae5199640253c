"""The screen of one run: asks the tail, folds, and hands each pane the frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen

from neurotrain.monitor.clean import clean
from neurotrain.monitor.frame import Frame, Options
from neurotrain.monitor.ink import Glyphs
from neurotrain.monitor.keys import KEYS
from neurotrain.monitor.layout import Place, Wish, arrange
from neurotrain.monitor.plots import SMOOTHINGS, groups
from neurotrain.monitor.state import State, judge
from neurotrain.monitor.tail import Tail
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets import early, machine, metrics, plan, result
from neurotrain.monitor.widgets.checkpoints import Checkpoints
from neurotrain.monitor.widgets.confirm import Confirm
from neurotrain.monitor.widgets.curves import Curves
from neurotrain.monitor.widgets.epochs import Epochs
from neurotrain.monitor.widgets.footer import Footer
from neurotrain.monitor.widgets.header import Header
from neurotrain.monitor.widgets.help import Help
from neurotrain.monitor.widgets.log import Log
from neurotrain.monitor.widgets.notes import Notes
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.progress import Progress
from neurotrain.monitor.widgets.stages import Stages
from neurotrain.recorder import control

_FASTEST_S: Final = 0.1
_SLOWEST_S: Final = 1.0
_BACK_OFF: Final = 1.5
_LOADING_SHOW_S: Final = 0.25
"""How often a screen is shown while a long log is being read."""
_LOG_LINES: Final = 200
_MESSAGE_S: Final = 6.0
_ENDED: Final = (
    State.FINISHED, State.EARLY_STOPPED, State.STOPPED, State.FAILED, State.CRASHED,
)  # fmt: skip


class RunScreen(Screen[None]):
    """Everything about one run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.label, id=key.id, priority=key.id == "detach")
        for key in KEYS
    ]

    def __init__(
        self,
        run_dir: Path,
        *,
        readonly: bool,
        glyphs: Glyphs,
        clock: Callable[[], float],
        fastest_s: float = _FASTEST_S,
    ) -> None:
        super().__init__()
        self.run_dir = run_dir
        self.view = View()
        self.options = Options(readonly=readonly)
        self._glyphs = glyphs
        self._clock = clock
        self._tail = Tail(run_dir)
        self._fastest_s = fastest_s
        self._wait_s = fastest_s
        self._show_again_at = 0.0
        self._opened_at = clock()
        self._message, self._message_until = "", 0.0
        self._shown: Frame | None = None
        self._frozen: Frame | None = None
        self._places: dict[str, Place] = {}

    def compose(self) -> ComposeResult:
        """All panes; the layout shows those that have a place."""
        yield Header(id="header")
        yield Stages(id="stages")
        yield Progress(id="progress")
        yield early.EarlyRow(id="early_row")
        yield plan.Plan(id="plan")
        yield Epochs(id="epochs")
        yield Curves(id="chart", first="loss")
        yield Curves(id="chart_metric")
        yield Curves(id="chart_lr", fixed="lr")
        yield result.Result(id="result")
        yield early.EarlyBlock(id="early")
        yield metrics.Metrics(id="metrics")
        yield Checkpoints(id="checkpoints")
        yield machine.MachineBlock(id="machine")
        yield machine.MachineRow(id="machine_row")
        yield Notes(id="notes")
        yield Log(id="log")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Show what there is and begin to poll."""
        self.poll()

    def on_resize(self, event: Resize) -> None:
        """Arrange the panes for the new size."""
        self._show(self.frame(), force=True)

    def poll(self) -> None:
        """Read what is new, show it, and come back: soon while things happen, later when not."""
        before = self.view
        self.view, more = self._tail.advance(self.view)
        if not more or monotonic() > self._show_again_at:
            self._show(self.frame())
            self._show_again_at = monotonic() + _LOADING_SHOW_S
        if self.view is not before:
            self._wait_s = self._fastest_s
        else:
            self._wait_s = min(_SLOWEST_S, self._wait_s * _BACK_OFF)
        self.set_timer(0.001 if more else self._wait_s, self.poll)

    def frame(self) -> Frame:
        """The moment as it is."""
        now = self._clock()
        liveness = self._tail.liveness(now)
        state = judge(self.view, liveness, now)
        return Frame(
            name=self.view.facts.name or clean(self.run_dir.name, 80),
            run_dir=clean(str(self.run_dir)),
            view=self.view,
            state=state,
            liveness=replace(liveness, since=self._since(liveness.since, state)),
            log=self._tail.log(_LOG_LINES),
            options=self.options,
            glyphs=self._glyphs,
            now=0.0 if state in _ENDED else float(int(now)),
            opened_at=float(int(self._opened_at)),
            message=self._message if now < self._message_until else "",
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something; those that ask the run are off when it cannot be asked."""
        asks_run = any(key.asks_run and key.action == action for key in KEYS)
        return None if asks_run and not self.frame().can_ask else True

    def action_detach(self) -> None:
        """Leave; the run goes on."""
        self.app.exit(return_code=0)

    def action_back(self) -> None:
        """Back to the list of runs, where there is one below."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(Help(disabled=not self.frame().can_ask))

    def action_freeze(self) -> None:
        """Hold the screen still, or let it go."""
        self.options = replace(self.options, frozen=not self.options.frozen)
        self._frozen = self.frame() if self.options.frozen else None
        self._show(self.frame())

    def action_metric(self, by: int) -> None:
        """Show another metric in the chart that can be switched."""
        offered = groups(self.view)
        if not offered:
            return
        shown = self.query_one("#chart_metric", Curves)
        if not shown.display:
            shown = self.query_one("#chart", Curves)
        now = shown.group(self.frame())
        at = offered.index(now) if now in offered else 0
        self._choose(replace(self.options, group=offered[(at + by) % len(offered)]))

    def action_log_scale(self) -> None:
        """Logarithmic values, or linear ones again."""
        self._choose(replace(self.options, log=not self.options.log))

    def action_smooth(self) -> None:
        """The next strength of smoothing."""
        at = SMOOTHINGS.index(self.options.smooth)
        self._choose(replace(self.options, smooth=SMOOTHINGS[(at + 1) % len(SMOOTHINGS)]))

    def action_save(self) -> None:
        """Ask the run for a checkpoint."""
        self._ask("save", "Asked the run to save a checkpoint")

    def action_stop(self) -> None:
        """Ask the run to stop, after the person has confirmed it."""
        question = f"Stop {self.frame().name}?"
        told = "It stops after the step it is in and saves a checkpoint; it can be resumed."
        self.app.push_screen(Confirm(question, told), self._stop_if)

    def _stop_if(self, confirmed: bool | None) -> None:
        if confirmed:
            self._ask("stop", "Asked the run to stop after this step")

    def _ask(self, request: control.Request, told: str) -> None:
        try:
            control.ask(self.run_dir, request)
        except OSError as error:
            told = f"Could not leave the request: {clean(str(error))}"
        self._message, self._message_until = told, self._clock() + _MESSAGE_S
        self._show(self.frame())

    def _choose(self, options: Options) -> None:
        self.options = options
        if self._frozen is not None:
            self._frozen = replace(self._frozen, options=options)
        self._show(self.frame())

    def _since(self, since: float | None, state: State) -> float | None:
        """The heartbeat's time where the screen shows it; else it would repaint for nothing."""
        return since if state is State.STALE else None

    def _show(self, frame: Frame, *, force: bool = False) -> None:
        if self._frozen is not None:
            frame = replace(self._frozen, options=self.options, message=frame.message)
        if frame == self._shown and not force:
            return
        self._shown = frame
        self._arrange(frame)
        for pane in self.query(Pane):
            if pane.display:
                pane.show(frame)

    def _arrange(self, frame: Frame) -> None:
        places = {place.name: place for place in arrange(*self.size, _wish(frame, self.size.width))}
        if places == self._places:
            return
        self._places = places
        for pane in self.query(Pane):
            place = places.get(pane.id or "")
            pane.display = place is not None
            if place is not None:
                pane.styles.offset = (place.x, place.y)
                pane.styles.width, pane.styles.height = place.width, place.height
        self.query_one("#chart", Curves).fixed = "loss" if "chart_metric" in places else ""


def _wish(frame: Frame, width: int) -> Wish:
    view = frame.view
    watched = view.early_stopping
    ended = frame.state in _ENDED
    inner = 40 if width >= 100 else width - 2
    return Wish(
        early=watched is not None or bool(view.facts.monitor),
        ended=ended,
        failed=frame.state in (State.FAILED, State.CRASHED),
        num_early_rows=1 if watched is None else len(early.block(frame, watched)),
        num_result_rows=min(12, len(result.rows(frame, inner))) if ended else 0,
        num_metrics=metrics.num_rows(view),
        num_checkpoints=max(1, min(6, len(view.checkpoints))),
        num_machine_rows=machine.num_rows(view),
        num_plan_rows=len(plan.rows(frame)),
    )
