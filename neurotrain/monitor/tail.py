"""What is new in a run directory: events, heartbeat, the end of the log.

The only module that reads a run's files. Knows no screen and does not judge what it reads.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from neurotrain.monitor.across import Window
from neurotrain.monitor.detail import Detail, Index, reread
from neurotrain.monitor.fold import fold_all
from neurotrain.monitor.lines import Told, decode
from neurotrain.monitor.logs import LogLine, Logs
from neurotrain.monitor.view import Checkpoint, View
from neurotrain.recorder import control, events

_BLOCK_BYTES: Final = 1 << 19
_LOOK_FOR_RANKS_S: Final = 2.0
_MAX_RANK_FILES: Final = 256
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
        self._logs = Logs(run_dir / "logs")
        self._ranks: dict[Path, int] = {}
        self._looked_at_s = -math.inf
        self._identity: Identity | None = None
        self._offset = 0
        self._index = Index()

    def advance(self, view: View, budget_s: float = 0.05) -> tuple[View, bool]:
        """The view after the events that came, and whether more may wait beyond the budget."""
        if not self._is_same_file():
            view, self._offset, self._ranks, self._index = View(), 0, {}, Index()
        ends_at = monotonic() + budget_s
        while True:
            fresh, offset = _read(self._events, self._offset)
            before, view = view, fold_all(view, fresh)
            if offset == self._offset:
                return self._advance_ranks(view, ends_at)
            self._index.note(before, view, (self._offset, offset), fresh)
            self._offset = offset
            if monotonic() > ends_at:
                return view, True

    def liveness(self, now: float) -> Liveness:
        """What the heartbeat tells at a time, in seconds since the Unix epoch."""
        status = control.read_status(self.run_dir)
        return Liveness() if status is None or not _is_sound(status) else _judge(status, now)

    def log(self) -> tuple[LogLine, ...]:
        """The lines of all ranks' logs, cleaned; the same tuple where none came."""
        return self._logs.advance()

    def detail(self, window: Window) -> Detail:
        """The samples between two epochs as the log tells them; may be called by another thread.

        Raises:
            OSError: the log cannot be read.
        """
        return reread(self._events, self._index, window)

    def missing(self, saved: Iterable[Checkpoint]) -> frozenset[str]:
        """The paths of checkpoints whose file is gone or has not the size that was told."""
        return frozenset(one.path for one in saved if not self._is_there(one))

    def _is_there(self, saved: Checkpoint) -> bool:
        try:
            size = (self.run_dir / saved.path).stat().st_size
        except (OSError, ValueError):
            return False
        return saved.num_bytes is None or size == saved.num_bytes

    def _advance_ranks(self, view: View, ends_at: float) -> tuple[View, bool]:
        """Read on in the files of the ranks beside 0."""
        if monotonic() - self._looked_at_s > _LOOK_FOR_RANKS_S:
            self._looked_at_s = monotonic()
            files = sorted(self.run_dir.glob("events.*.jsonl"))[:_MAX_RANK_FILES]
            self._ranks = {file: self._ranks.get(file, 0) for file in files}
        for file in self._ranks:
            while True:
                start = self._ranks[file]
                fresh, self._ranks[file] = _read(file, start)
                view = fold_all(view, (event for event in fresh if event.rank > 0))
                if self._ranks[file] == start:
                    break
                if monotonic() > ends_at:
                    return view, True
        return view, False

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


def _read(path: Path, offset: int) -> tuple[list[Told], int]:
    """What a block of a file tells, and the offset behind it."""
    lines, end = events.read_lines(path, offset, _BLOCK_BYTES)
    decoded = (decode(line) for line in lines)
    return [told for told in decoded if told is not None], end


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
