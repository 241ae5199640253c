"""What the engine tells while it works: events to the log, and lines to whoever listens.

Telling must never end a training: a log that cannot be written is told once on stderr.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from neurotrain.recorder.control import Request, take_requests
from neurotrain.recorder.events import Event, EventLog

Listener = Callable[[Event], None]

DETAILS: Final = ("grad_norm/", "activation/")
"""How the recorded values of single parameters and layers begin."""
_DETAILS_A_PART: Final = 128

_OF_EVERY_RANK: Final = ("warning.raised", "run.failed")
"""Facts that each process tells in a log of its own; all others are told by rank 0."""


class Reporter:
    """Writes events from any thread and hands each to the listeners."""

    def __init__(self, run_dir: Path, listeners: Sequence[Listener] = (), *, rank: int = 0) -> None:
        self.run_dir, self.rank = run_dir, rank
        self._log: EventLog | None = None
        self._listeners = list(listeners)
        self._lock = threading.Lock()
        self._failed = False
        self.seq = 0

    @property
    def attempt(self) -> int:
        """How often this run was started, this time included."""
        with self._lock:
            return self._opened().attempt

    def _opened(self) -> EventLog:
        """The log, which is begun when it is first needed."""
        if self._log is None:
            name = f"events.{self.rank}.jsonl" if self.rank else "events.jsonl"
            self._log = EventLog(self.run_dir / name, rank=self.rank)
        return self._log

    def add(self, listener: Listener) -> None:
        """Hand every later event to one more listener, which must neither fail nor wait."""
        self._listeners.append(listener)

    def tell(self, kind: str, *, step: int = 0, epoch: int = 0, **data: Any) -> None:
        """Record one event; a process other than the first only what is its own."""
        if self.rank and kind not in _OF_EVERY_RANK:
            return
        with self._lock:
            try:
                event = self._opened().write(kind, step=step, epoch=epoch, **data)
            except (OSError, ValueError) as error:
                self._tell_failure(error)
                return
            self.seq = event.seq
        for listen in self._listeners:
            listen(event)

    def tell_epoch(
        self, values: Mapping[str, float], step: int, epoch: int, seconds: float, *, validated: bool
    ) -> None:
        """Record an epoch: its values, and by parts those of each parameter and layer.

        A large model has more of these than one event holds.
        """
        whole = {name: v for name, v in values.items() if not name.startswith(DETAILS)}
        self.tell(
            "epoch.finished", step=step, epoch=epoch, metrics=whole, seconds=seconds,
            validated=validated,
        )  # fmt: skip
        details = [pair for pair in values.items() if pair[0] not in whole]
        for first in range(0, len(details), _DETAILS_A_PART):
            part = dict(details[first : first + _DETAILS_A_PART])
            self.tell("epoch.detailed", step=step, epoch=epoch, metrics=part)

    def requests(self) -> list[Request]:
        """What was asked from outside since the last call; rank 0 alone is asked."""
        return [] if self.rank else take_requests(self.run_dir)

    def _tell_failure(self, error: Exception) -> None:
        if not self._failed:
            print(f"neurotrain: warning: events are lost: {error}", file=sys.stderr)
        self._failed = True
