"""The Textual app around the screens, and `watch`, which runs it in a terminal."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import ClassVar, Final

from textual.app import App, SystemCommand
from textual.screen import Screen

from neurotrain.monitor.ink import ASCII, UNICODE, Glyphs
from neurotrain.monitor.keys import KEYS
from neurotrain.monitor.replay import Replay
from neurotrain.monitor.runs import Listing, find, is_run
from neurotrain.monitor.screen import RunScreen
from neurotrain.monitor.widgets.comparison import Comparison
from neurotrain.monitor.widgets.picker import Picker

_LIST_EVERY_S: Final = 1.0
_FASTEST_S: Final = 0.1
_REMOTE_S: Final = 0.25
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_GRACE_S: Final = 2.0


class Monitor(App[None]):
    """Shows one run, or a list of runs to choose from."""

    CSS_PATH: ClassVar = "monitor.tcss"
    TITLE = "NeuroTrain"

    def __init__(
        self,
        folder: Path,
        *,
        readonly: bool,
        choose: bool = False,
        glyphs: Glyphs = UNICODE,
        clock: Callable[[], float] = time.time,
        replay: Replay | None = None,
    ) -> None:
        super().__init__()
        self._folder = folder
        self._readonly = readonly
        self._choose = choose
        self._glyphs = glyphs
        self._clock = clock if replay is None else replay.clock
        self._replay = replay

    def on_mount(self) -> None:
        """Open the run or the list, and take care of the signals that end a terminal."""
        self._restore_on_signals()
        if self._choose:
            self._push_list(self._folder)
        else:
            self.push_screen(self._run_screen(self._folder))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action of the table of keys, then what Textual offers."""
        if isinstance(screen, RunScreen):
            for key in KEYS:
                if key.action and key.id not in ("palette", "help", "detach"):
                    run = partial(screen.run_action, key.action)
                    yield SystemCommand(f"{key.label.capitalize()} ({key.shown})", key.help, run)
        yield from super().get_system_commands(screen)

    def on_picker_picked(self, message: Picker.Picked) -> None:
        """Open the chosen run over the list."""
        self.push_screen(self._run_screen(Path(message.run_dir)))

    def on_picker_compare_asked(self, message: Picker.CompareAsked) -> None:
        """Show the pinned runs side by side."""
        self.push_screen(Comparison(message.runs, self._glyphs))

    def on_run_screen_runs_asked(self, message: RunScreen.RunsAsked) -> None:
        """Back to the list below, or open the list of the runs beside this one."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
        elif isinstance(self.screen, RunScreen):
            self._push_list(self.screen.run_dir.absolute().parent)

    def on_run_screen_was_read(self) -> None:
        """Take what stays from the garbage collector: to look through it would hold a key up."""
        if not self.is_headless:
            gc.collect()
            gc.freeze()

    def _push_list(self, folder: Path) -> None:
        picker = Picker(Listing(folder), self._glyphs, now=self._clock())
        self.push_screen(picker)
        self.set_interval(_LIST_EVERY_S, partial(self._refresh_list, picker))

    def _refresh_list(self, picker: Picker) -> None:
        if self.screen is picker:
            picker.refresh_rows(self._clock())

    def _run_screen(self, run_dir: Path) -> RunScreen:
        fastest_s = _REMOTE_S if "SSH_CONNECTION" in os.environ else _FASTEST_S
        return RunScreen(
            run_dir, readonly=self._readonly, glyphs=self._glyphs, clock=self._clock,
            fastest_s=fastest_s, replay=self._replay,
        )  # fmt: skip

    def _restore_on_signals(self) -> None:
        """Without this, the default action would leave the terminal in the alternate screen.

        A terminal that is gone or takes nothing would hold the end up for ever, in the middle of a
        write; so the handler is not the loop's, and the process ends after a while in any case.
        """
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()

        def end(number: int, frame: FrameType | None) -> None:
            code = 128 + number
            last_word = threading.Timer(_GRACE_S, os._exit, (code,))
            last_word.daemon = True
            last_word.start()
            loop.call_soon_threadsafe(partial(self.exit, return_code=code))

        for number in _SIGNALS:
            signal.signal(number, end)


def watch(
    run_dir: Path,
    *,
    readonly: bool,
    wait_for_start: bool = False,
    ascii_only: bool = False,
    mouse: bool = True,
    speed: float | None = None,
) -> int:
    """Shows a run, or a folder's runs, in the terminal until the person leaves.

    With a `speed`, plays the run back from its beginning, that many times as fast as it went.

    Returns 0 after leaving, 2 where there is no terminal or nothing to show, 128 plus the signal's
    number when a signal ended it.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        sys.stderr.write("monitor: this needs a terminal; --once prints the state as text\n")
        return 2
    choose = not is_run(run_dir) and not wait_for_start
    if choose and not find(run_dir):
        sys.stderr.write(f"monitor: no run in {run_dir}\n")
        return 2
    if choose and speed is not None:
        sys.stderr.write(f"monitor: --replay takes one run; {run_dir} is a folder of runs\n")
        return 2
    glyphs = ASCII if ascii_only else _glyphs()
    replay = Replay(run_dir, speed) if speed is not None and not choose else None
    app = Monitor(
        run_dir, readonly=readonly or replay is not None, choose=choose, glyphs=glyphs,
        replay=replay,
    )  # fmt: skip
    app.run(mouse=mouse)
    return app.return_code or 0


def _glyphs() -> Glyphs:
    encoding = (getattr(sys.stderr, "encoding", "") or "").lower()
    if os.environ.get("TERM") == "linux" or not encoding.startswith("utf"):
        return ASCII
    return UNICODE
