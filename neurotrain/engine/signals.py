"""What may end or interrupt a run from outside, as a flag that the loop looks at.

A handler only sets the flag; the second signal ends the process at once, which is safe because
every file is written in one step.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from neurotrain.recorder.control import Request

_EXIT_CODES: Final = {
    signal.SIGINT: 130,
    signal.SIGTERM: 143,
    signal.SIGHUP: 143,
    signal.SIGUSR1: 75,
}
STOP_REQUEST_EXIT: Final = 130
_STUCK_S: Final = 10.0


class Interrupted(Exception):
    """The run was asked to end; its state is saved."""

    def __init__(self, reason: str, exit_code: int) -> None:
        super().__init__(reason)
        self.reason, self.exit_code = reason, exit_code


class StopFlag:
    """Whether the run was asked to end, and by what."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.exit_code = 0
        self.is_joining = False
        """This process waits for others to appear, and looks at the flag again only with them."""
        self._later = False

    def set(self, reason: str, exit_code: int) -> None:
        """Ask the run to end at its next step."""
        self.reason, self.exit_code = reason, exit_code

    def ask(self, request: Request) -> None:
        """Take a request to stop: at the next step, or where the epoch or stage is over."""
        if request == "stop":
            self.set("stop request", STOP_REQUEST_EXIT)
        self._later = self._later or request == "stop_after_epoch"

    def end_of_part(self) -> bool:
        """An epoch or a stage is over: whether the run is to end here."""
        if self._later and self.reason is None:
            self.set("stop request", STOP_REQUEST_EXIT)
        return self.reason is not None

    def check(self) -> None:
        """End the current phase if the run was asked to.

        Raises:
            Interrupted: it was.
        """
        if self.reason is not None:
            raise Interrupted(self.reason, self.exit_code)


def end_when_stuck(flag: StopFlag, leave: Callable[[int], None]) -> None:
    """End this process where a signal came and nobody looks at the flag, stuck in a call to others.

    A process that waits for one that is gone runs no Python; a thread sees the signal all the same.
    It calls `leave` with the exit code first.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def watch() -> None:
        while number := os.read(reading, 1):
            code = _EXIT_CODES.get(signal.Signals(number[0]))
            if code is None:
                continue
            time.sleep(_STUCK_S)
            if flag.reason is None or flag.is_joining:
                leave(code)
                os._exit(code)

    threading.Thread(target=watch, daemon=True, name="signals").start()


@contextmanager
def handled(flag: StopFlag) -> Iterator[None]:
    """Let SIGINT, SIGTERM, SIGHUP and SIGUSR1 set the flag while the block runs."""

    def note(number: int, frame: FrameType | None) -> None:
        kind = signal.Signals(number)
        if flag.reason is not None:
            os._exit(_EXIT_CODES[kind])
        flag.set(kind.name, _EXIT_CODES[kind])

    before = {kind: signal.signal(kind, note) for kind in _EXIT_CODES}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
