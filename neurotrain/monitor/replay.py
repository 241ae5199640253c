"""A recorded run played back: the tail's face over a clock that runs faster than the world's.

Silence between attempts, and any other that is long, is cut short.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from neurotrain.monitor.across import Window
from neurotrain.monitor.detail import Detail
from neurotrain.monitor.fold import fold_all
from neurotrain.monitor.lines import Told, decode
from neurotrain.monitor.logs import LogLine
from neurotrain.monitor.tail import Liveness, Tail
from neurotrain.monitor.view import Checkpoint, View
from neurotrain.recorder import events

_BLOCK_BYTES: Final = 1 << 16
_LONGEST_SILENCE_S: Final = 60.0


class Source(Protocol):
    """Where a screen learns of a run."""

    def advance(self, view: View, budget_s: float = 0.05) -> tuple[View, bool]:
        """The view after the events that came, and whether more may wait beyond the budget."""
        ...

    def liveness(self, now: float) -> Liveness:
        """What the heartbeat tells at a time."""
        ...

    def log(self) -> tuple[LogLine, ...]:
        """The lines of all ranks' logs."""
        ...

    def missing(self, saved: Iterable[Checkpoint]) -> frozenset[str]:
        """The paths of checkpoints whose file is not as it was told."""
        ...

    def detail(self, window: Window) -> Detail | None:
        """The samples between two epochs one by one; None where it does not know them."""
        ...


class Replay:
    """Tells the events of rank 0 at the pace at which they came, times a speed."""

    def __init__(
        self, run_dir: Path, speed: float, *, seconds: Callable[[], float] = monotonic
    ) -> None:
        assert speed > 0
        self.speed = speed
        self.is_paused = False
        self._path = run_dir / "events.jsonl"
        self._run_dir = run_dir
        self._seconds = seconds
        self._waiting: deque[Told] = deque()
        self._offset = 0
        self._now = 0.0
        self._looked_s = seconds()
        self._must_begin_again = False
        self._begin()

    def clock(self) -> float:
        """The time that the recording has reached, in seconds since the Unix epoch."""
        return self._now

    @property
    def is_at_end(self) -> bool:
        """Whether everything recorded so far has been told."""
        return not self._waiting and not self._fill()

    def advance(self, view: View, budget_s: float = 0.05) -> tuple[View, bool]:
        """The view at the time that the recording has reached by now."""
        if self._must_begin_again:
            view, self._must_begin_again = View(), False
        now_s = self._seconds()
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        if not self.is_paused and not self.is_at_end:
            self._now += passed_s * self.speed
        view = fold_all(view, self._until(self._now))
        if not self.is_paused:
            self._shorten_silence()
        return view, False

    def move(self, share: float) -> None:
        """Go on, or back where it is negative, by a share of the recording."""
        start, end = self._ends()
        wanted = min(end, max(start, self._now + share * (end - start)))
        if wanted < self._now:
            self._begin()
            self._must_begin_again = True
        self._now = wanted

    def liveness(self, now: float) -> Liveness:
        """A heartbeat as long as there is more to tell; then what the run's own tells."""
        if self.is_at_end:
            return Tail(self._run_dir).liveness(time.time())
        return Liveness(found=True, alive=True, here=True, since=now)

    def log(self) -> tuple[LogLine, ...]:
        """Nothing: not every line of a log has a time."""
        return ()

    def missing(self, saved: Iterable[Checkpoint]) -> frozenset[str]:
        """Nothing: what lies there now says nothing about then."""
        return frozenset()

    def detail(self, window: Window) -> Detail | None:
        """None: a recording is shown as it goes."""
        return None

    def _begin(self) -> None:
        self._offset = 0
        self._waiting.clear()
        self._looked_s = self._seconds()
        self._fill()
        self._now = self._waiting[0].time if self._waiting else 0.0

    def _fill(self) -> bool:
        """Read on; whether there is anything."""
        while not self._waiting:
            lines, end = events.read_lines(self._path, self._offset, _BLOCK_BYTES)
            if end == self._offset:
                return False
            self._offset = end
            told = (decode(line) for line in lines)
            self._waiting.extend(each for each in told if each is not None)
        return True

    def _shorten_silence(self) -> None:
        """Let a long time in which nothing is told pass in a second."""
        if not self.is_at_end and self._waiting[0].time - self._now > _LONGEST_SILENCE_S:
            self._now = max(self._now, self._waiting[0].time - self.speed)

    def _until(self, now: float) -> Iterable[Told]:
        while not self.is_at_end and self._waiting[0].time <= now:
            yield self._waiting.popleft()

    def _ends(self) -> tuple[float, float]:
        """The times of the first event and of the last."""
        first, last = self._now, self._now
        head, _ = events.read(self._path, 0, _BLOCK_BYTES)
        size = self._path.stat().st_size if self._path.exists() else 0
        tail, _ = events.read(self._path, max(0, size - _BLOCK_BYTES), _BLOCK_BYTES)
        if head and tail:
            first, last = head[0].time, tail[-1].time
        return first, last
