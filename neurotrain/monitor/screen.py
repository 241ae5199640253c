"""The screen of one run: asks the tail, folds, and hands each pane the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message

from neurotrain.monitor import export, wording
from neurotrain.monitor.across import Window
from neurotrain.monitor.asking import Asking
from neurotrain.monitor.attention import Attention
from neurotrain.monitor.choices import CHOICES, filtered, offered, scrolled, show
from neurotrain.monitor.clean import clean
from neurotrain.monitor.detail import Closer, Detail, Epoch, wanted
from neurotrain.monitor.frame import Frame, Options
from neurotrain.monitor.health import alerts
from neurotrain.monitor.ink import Glyphs
from neurotrain.monitor.keys import KEYS
from neurotrain.monitor.layout import MAX_CHARTS, Place, arrange
from neurotrain.monitor.plots import newest
from neurotrain.monitor.replay import Replay, Source
from neurotrain.monitor.saving import resume_command
from neurotrain.monitor.state import State, is_over, judge
from neurotrain.monitor.tail import Tail
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets import actual, early, machine, metrics, plan, result
from neurotrain.monitor.widgets.checkpoints import Checkpoints
from neurotrain.monitor.widgets.curves import Curves
from neurotrain.monitor.widgets.epochs import Epochs
from neurotrain.monitor.widgets.footer import Footer
from neurotrain.monitor.widgets.header import Header
from neurotrain.monitor.widgets.help import Help
from neurotrain.monitor.widgets.log import Log, num_shown
from neurotrain.monitor.widgets.notes import Notes
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.progress import Progress
from neurotrain.monitor.widgets.prompt import Prompt
from neurotrain.monitor.widgets.saves import Saves
from neurotrain.monitor.widgets.stages import Stages
from neurotrain.monitor.widgets.system import System
from neurotrain.monitor.widgets.tabs import Tabs
from neurotrain.monitor.wishes import wish_of

_NOTHING: Final = "nothing"
_BY_METRIC: Final = ("left", "right", "next_metric", "previous_metric")
_FASTEST_S: Final = 0.1
_SLOWEST_S: Final = 1.0
_BACK_OFF: Final = 1.5
_LOADING_SHOW_S: Final = 0.5
"""How often a screen is shown while a long log is being read."""
_MESSAGE_S: Final = 6.0


class RunScreen(Asking):
    """Everything about one run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.label, id=key.id, priority=key.id == "detach")
        for key in KEYS
        if key.keys
    ]

    class WasRead(Message):
        """Everything that was recorded before the screen opened has been read."""

    class RunsAsked(Message):
        """The person wants to see the list of runs."""

    def __init__(
        self,
        run_dir: Path,
        *,
        readonly: bool,
        glyphs: Glyphs,
        clock: Callable[[], float],
        fastest_s: float = _FASTEST_S,
        replay: Replay | None = None,
    ) -> None:
        super().__init__()
        self.run_dir = run_dir
        self.view = View()
        self.options = Options(readonly=readonly)
        self._glyphs = glyphs
        self._clock = clock
        self._replay = replay
        self._tail: Source = Tail(run_dir) if replay is None else replay
        self._fastest_s = fastest_s
        self._wait_s = fastest_s
        self._show_again_at = 0.0
        self._opened_at = clock()
        self._message, self._message_until = "", 0.0
        self._alert, self._pointed = 0, ""
        self._attention = Attention()
        self._was_read = False
        self._closer = Closer(self._tail.detail)
        self._shown: Frame | None = None
        self._frozen: Frame | None = None
        self._places: dict[str, Place] = {}

    def compose(self) -> ComposeResult:
        """All panes; the layout shows those that have a place."""
        yield Header(id="header")
        yield Tabs(id="tabs")
        yield Stages(id="stages")
        yield Progress(id="progress")
        yield early.EarlyRow(id="early_row")
        yield plan.Plan(id="plan")
        yield Epochs(id="epochs")
        yield Curves(id="chart", first="loss")
        yield Curves(id="chart_metric")
        yield Curves(id="chart_lr", fixed="lr")
        for at in range(MAX_CHARTS):
            yield Curves(id=f"grid_{at}")
        yield result.Result(id="result")
        yield early.EarlyBlock(id="early")
        yield metrics.Metrics(id="metrics")
        yield Checkpoints(id="checkpoints")
        yield Saves(id="saves")
        yield machine.MachineBlock(id="machine")
        yield machine.MachineRow(id="machine_row")
        yield System(id="system")
        yield actual.Actual(id="actual")
        yield actual.Settings(id="settings")
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
        if not more and not self._was_read:
            self._was_read = True
            self.post_message(self.WasRead())
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
        found = alerts(self.view, state, float(int(now)), liveness.since)
        return Frame(
            name=self.view.facts.name or clean(self.run_dir.name, 80),
            run_dir=clean(str(self.run_dir)),
            resume=clean(resume_command(self.run_dir)),
            view=self.view,
            state=state,
            liveness=replace(liveness, since=self._since(liveness.since, state)),
            log=self._tail.log(),
            alerts=self._attention.mark(found, self.view.updated_at or now),
            has_folder=self.run_dir.is_dir(),
            missing=self._tail.missing((*self.view.checkpoints, *self.view.earlier_checkpoints)),
            options=self.options,
            glyphs=self._glyphs,
            now=0.0 if is_over(state) else float(int(now)),
            opened_at=float(int(self._opened_at)),
            detail=self._detail(),
            replay="" if self._replay is None else f"{self._replay.speed:g}×",
            message=self._message if now < self._message_until else "",
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something; those that ask the run are off when it cannot be asked."""
        asks_run = any(key.asks_run and key.action == action for key in KEYS)
        return None if asks_run and not self.frame().can_ask else True

    def action_detach(self) -> None:
        """Leave; the run goes on."""
        self.app.exit(return_code=0)

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(Help(disabled=not self.frame().can_ask, glyphs=self._glyphs))

    def action_freeze(self) -> None:
        """Hold the screen still, or let it go."""
        self.options = replace(self.options, frozen=not self.options.frozen)
        self._frozen = self.frame() if self.options.frozen else None
        if self._replay is not None:
            self._replay.is_paused = self.options.frozen
        self._show(self.frame())

    def action_view(self, number: int) -> None:
        """Show one of the views."""
        self.choose(show(self.options, number))

    def action_choose(self, what: str) -> None:
        """Change what is shown."""
        options = self.options
        if what in _BY_METRIC and not options.group and options.shown == "overview":
            options = replace(options, group=self._group_shown())
        self.choose(CHOICES[what](options, self.view))

    def _group_shown(self) -> str:
        """What the chart that can be switched shows before anything was chosen."""
        shown = self.query_one("#chart_metric", Curves)
        return (shown if shown.display else self.query_one("#chart", Curves)).group(self.frame())

    def action_scroll_by(self, rows: int) -> None:
        """Scroll what can be scrolled, no further than it goes."""
        frame = self._shown or self.frame()
        most = num_shown(frame) if self.options.shown == "log" else len(frame.view.facts.settings)
        options = scrolled(self.options, rows)
        self.choose(replace(options, scrolled=min(most, options.scrolled)))

    def action_page(self, pages: int) -> None:
        """Scroll by what fits on the screen."""
        self.action_scroll_by(pages * max(1, self.size.height - 10))

    def action_filter(self) -> None:
        """Type a filter for the metrics, or for the log."""
        name = "metric_filter" if self.options.shown == "metrics" else "log_filter"
        before = self.options

        def take(text: str | None) -> None:
            if text is None:
                self.choose(before)

        def change(text: str) -> None:
            self.choose(filtered(self.options, self.view, clean(text, 80)))

        label = f"filter the {name.split('_')[0]}s: text, glob*, /regex/, !not"
        self.app.push_screen(Prompt(label, getattr(before, name), change), take)

    def action_back(self) -> None:
        """Out one layer; at the outermost to the list of runs, where there is one below."""
        options = self.options
        if options.log_filter or options.metric_filter:
            self.choose(replace(options, log_filter="", metric_filter="", scrolled=0))
        elif options.look.cursor is not None:
            self.choose(replace(options, look=replace(options.look, cursor=None)))
        elif options.is_large:
            self.choose(replace(options, is_large=False))
        elif options.shown != "overview":
            self.choose(show(options, 1))
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_runs(self) -> None:
        """The list of the runs beside this one."""
        self.post_message(self.RunsAsked())

    def action_resume(self) -> None:
        """Show the command that resumes, and put it into the clipboard of the terminal."""
        command = resume_command(self.run_dir)
        self.app.copy_to_clipboard(command)
        self.tell(f"copied: {clean(command)}")

    def action_alert(self) -> None:
        """Tell the next of the alerts and warnings."""
        told = self._attention.all_of(self._shown or self.frame())
        if not told:
            self.tell("nothing is wrong that the run or its machine tell")
            return
        at, self._alert = self._alert % len(told), self._alert + 1
        name, text = told[at]
        self.tell(f"{at + 1} of {len(told)}: {text}")
        self._pointed = name

    def action_acknowledge(self) -> None:
        """Take note of the alert in the last row, or of all."""
        num = self._attention.acknowledge(self._pointed if self._message else "")
        self.tell(f"{wording.plural(num, 'alert')} acknowledged" if num else "no alert waits")

    def action_copy(self) -> None:
        """Put the main metric into the clipboard of the terminal."""
        told = newest(self.view, self.options.group, self.options.look, self._detail())
        self.app.copy_to_clipboard(told)
        self.tell(f"copied: {told}" if told else "there is no value yet")

    def action_export(self) -> None:
        """Write what is shown into a folder of its own, below the current one."""
        frame = self._shown or self.frame()
        lines = {pane.id or "": pane.lines for pane in self.query(Pane) if pane.display}
        screen = export.text_of(tuple(self._places.values()), lines)
        picture = self.app.export_screenshot(title=frame.name)
        files = export.files_of(self.run_dir, frame.view, frame.state, screen, picture)
        try:
            folder = export.write(Path.cwd(), f"{frame.name}-{self.options.shown}", files)
            self.tell(f"written: {clean(str(folder))}")
        except OSError as error:
            self.tell(f"Could not write: {clean(str(error))}")

    def action_move(self, share: float) -> None:
        """Go on or back in a recording."""
        if self._replay is None:
            self.tell("this goes through a recording: neurotrain monitor RUN --replay SPEED")
            return
        self._replay.move(share)
        self.view, _ = self._replay.advance(self.view)
        self._frozen = self.frame() if self.options.frozen else None
        self._show(self.frame())

    def tell(self, message: str) -> None:
        """Say something in the last row for a while."""
        self._message, self._message_until = message, self._clock() + _MESSAGE_S
        self._pointed = ""
        self._show(self.frame())

    def choose(self, options: Options) -> None:
        """Show by other options."""
        if options == self.options:
            return
        self.options = options
        if self._frozen is not None:
            self._frozen = replace(self._frozen, options=options)
        self._show(self.frame())

    def _detail(self) -> Detail | None:
        """What was read again for the window, where there is need; else it is sent for."""
        look = self.options.look
        window = None if look.smooth else wanted(self.view, look.axis, look.window)
        epoch = (self.view.attempt, self.view.training, self.view.resumed_from)
        if window is not None and self._closer.is_due(window, epoch):
            self.run_worker(self._read_again(window, epoch), group="detail")
        return self._closer.fitting(window, epoch)

    async def _read_again(self, window: Window, epoch: Epoch) -> None:
        await self._closer.read(window, epoch)
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
                pane.show(frame, force=force)

    def _arrange(self, frame: Frame) -> None:
        options = frame.options
        wish = wish_of(frame, self.size.width)
        found = arrange(*self.size, wish, options.shown, is_large=options.is_large)
        places = {place.name: place for place in found}
        self._deal(frame, places)
        if places == self._places:
            return
        self._places = places
        for pane in self.query(Pane):
            place = places.get(pane.id or "")
            pane.display = place is not None
            if place is not None:
                pane.styles.offset = (place.x, place.y)
                pane.styles.width, pane.styles.height = place.width, place.height

    def _deal(self, frame: Frame, places: Mapping[str, Place]) -> None:
        """Say which group each chart shows; the grid turns pages to the chosen one."""
        self.query_one("#chart", Curves).fixed = "loss" if "chart_metric" in places else ""
        num = sum(name.startswith("grid_") for name in places)
        if not num:
            return
        found = offered(frame.options, frame.view) or ("loss",)
        at = found.index(frame.options.group) if frame.options.group in found else 0
        first = at // num * num
        last = min(first + num, len(found))
        page = f"{first + 1}-{last}/{len(found)}" if len(found) > num else ""
        for chart in range(num):
            self.query_one(f"#grid_{chart}", Curves).page = page if chart == 0 else ""
            group = found[first + chart] if first + chart < len(found) else _NOTHING
            self.query_one(f"#grid_{chart}", Curves).fixed = group
