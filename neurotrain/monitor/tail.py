"""What is new in a run directory: events, heartbeat, the end of the log.

The only module that reads a run's files. Knows no screen and does not judge what it reads.
"""

from __future__ import annotations

import math
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from neurotrain.monitor.clean import clean_log
from neurotrain.monitor.fold import fold_all
from neurotrain.monitor.view import View
from neurotrain.recorder import control, events

LOG: Final = Path("logs") / "rank-0.log"
_BLOCK_BYTES: Final = 1 << 16
_LOG_BYTES: Final = 1 << 16
_MAX_PID: Final = 1 << 22
_HEAD_BYTES: Final = 64

Identity = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """What the heartbeat tells."""

    found: bool = False
    state: str = ""
    exit_code: int | None = None
    alive: bool = False
    here: bool = False
    """Whether the run's process is, or was, on this machine."""
    since: float | None = None
    """When the heartbeat was written."""


class Tail:
    """Follows the files of one run directory.

    A file that was truncated or replaced is read from its beginning, into a fresh view.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._events = run_dir / "events.jsonl"
        self._log = run_dir / LOG
        self._identity: Identity | None = None
        self._offset = 0
        self._log_stamp: tuple[int, int, int] | None = None
        self._log_lines: tuple[str, ...] = ()

    def advance(self, view: View, budget_s: float = 0.05) -> tuple[View, bool]:
        """The view after the events that came, and whether more may wait beyond the budget."""
        if not self._is_same_file():
            view, self._offset = View(), 0
        ends_at = monotonic() + budget_s
        while True:
            fresh, offset = events.read(self._events, self._offset, _BLOCK_BYTES)
            view = fold_all(view, fresh)
            if offset == self._offset:
                return view, False
            self._offset = offset
            if monotonic() > ends_at:
                return view, True

    def liveness(self, now: float) -> Liveness:
        """What the heartbeat tells at a time, in seconds since the Unix epoch."""
        status = control.read_status(self.run_dir)
        return Liveness() if status is None or not _is_sound(status) else _judge(status, now)

    def log(self, num_lines: int) -> tuple[str, ...]:
        """The last lines of rank 0's log, cleaned."""
        try:
            info = self._log.stat()
            stamp = (info.st_size, info.st_mtime_ns, num_lines)
            if stamp != self._log_stamp:
                self._log_lines = clean_log(_end_of(self._log, info.st_size), num_lines)
                self._log_stamp = stamp
        except OSError:
            self._log_stamp, self._log_lines = None, ()
        return self._log_lines

    def _is_same_file(self) -> bool:
        """Whether what is at the path continues what was read; remembers what it found."""
        try:
            with self._events.open("rb") as stream:
                info = os.fstat(stream.fileno())
                head = stream.read(_HEAD_BYTES)
        except OSError:
            return self._offset == 0
        old, self._identity = self._identity, (info.st_dev, info.st_ino, head)
        if old is None:
            return True
        replaced = old[:2] != self._identity[:2] or not head.startswith(old[2])
        return not replaced and info.st_size >= self._offset


def follow_to_end(run_dir: Path) -> View:
    """The view of everything that the run directory tells."""
    view, _ = Tail(run_dir).advance(View(), budget_s=math.inf)
    return view


def _judge(status: control.Status, now: float) -> Liveness:
    return Liveness(
        found=True,
        state=status.state,
        exit_code=status.exit_code,
        alive=control.is_alive(status, now),
        here=status.host == socket.gethostname(),
        since=status.time,
    )


def _is_sound(status: control.Status) -> bool:
    """Whether a heartbeat, which any program may have written, holds what it should."""
    whole = isinstance(status.pid, int) and 0 < status.pid <= _MAX_PID
    timed = isinstance(status.time, (int, float)) and 0 <= status.time < 1e12
    named = isinstance(status.host, str) and isinstance(status.state, str)
    ended = status.exit_code is None or isinstance(status.exit_code, int)
    return whole and timed and named and ended


def _end_of(file: Path, size: int) -> str:
    with file.open("rb") as stream:
        stream.seek(max(0, size - _LOG_BYTES))
        block = stream.read(_LOG_BYTES)
    if size > _LOG_BYTES:
        block = block[block.find(b"\n") + 1 :]
    return block.decode("utf-8", "replace")
