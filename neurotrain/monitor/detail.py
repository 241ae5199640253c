"""Samples read once more from the log where a window shows less than the curves in memory hold.

While the log is read, an index notes what stands where; a window then needs a few blocks of it.
"""

from __future__ import annotations

import math
from asyncio import to_thread
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from neurotrain.monitor.across import Axis, Window, converter, inside
from neurotrain.monitor.fold import fold_all
from neurotrain.monitor.lines import Told, decode
from neurotrain.monitor.series import Bucket, Series
from neurotrain.monitor.view import View, no_series
from neurotrain.recorder import events

MAX_SAMPLES: Final = 8_000
"""More than these are not read: it would take longer than 300 ms."""
_BLOCK_BYTES: Final = 1 << 18
_CHUNK: Final = 120
"""Events folded at once: a series takes as many without merging any."""
_CLOCK: Final = "time"
_RESUMED: Final = "run.resumed"
_GROWTH: Final = 0.25
_AGAIN_S: Final = 1.0


class Block(NamedTuple):
    """A part of the log: its bytes, the epochs done in it, the run before it without curves."""

    start: int
    end: int
    low: float
    high: float
    before: View


@dataclass(frozen=True, slots=True, eq=False)
class Detail:
    """The samples of a window, one by one; merged only where they are more than a series holds."""

    low: float
    high: float
    by_step: Mapping[str, Series]
    is_to_end: bool
    """Whether nothing stood in the log behind it."""

    def fits(self, wanted: Window) -> bool:
        """Whether it covers a window, but for a little that has come since."""
        room = _GROWTH * (self.high - self.low) if self.is_to_end else 0.0
        return self.low <= wanted[0] and wanted[1] <= self.high + room

    def of(self, name: str, series: Series) -> Series:
        """The curve of that name with its samples in the window, and what came after them."""
        held = self.by_step.get(name, Series()).buckets
        later = [bucket for bucket in series.buckets if bucket.first_x > self.high]
        found = (*held, *later)
        return Series(found[:-1], found[-1:]) if held else series


@dataclass(slots=True)
class Index:
    """Where in the log which epochs stand, and where the run went back to an earlier step."""

    blocks: list[Block] = field(default_factory=list)
    resumes: list[tuple[int, int]] = field(default_factory=list)
    """For each resume the block's first byte, and the step from which it went on."""

    def note(self, before: View, after: View, bytes_at: tuple[int, int], told: list[Told]) -> None:
        """Take a piece of the log: the run before it and after it, its bytes, what it tells."""
        start, end = bytes_at
        low, high = _done(before), _done(after)
        if _num_trainings(before) != _num_trainings(after):
            self.blocks.clear()
            low = 0.0
        last = self.blocks[-1] if self.blocks else None
        is_resumed = any(each.kind == _RESUMED for each in told)
        low = 0.0 if is_resumed else low
        if last is not None and last.end == start and last.end - last.start < _BLOCK_BYTES:
            start, before = last.start, last.before
            low, high = min(low, last.low), max(high, last.high)
            self.blocks.pop()
        self.blocks.append(Block(start, end, low, max(low, high), _without_curves(before)))
        if is_resumed and after.resumed_from is not None:
            self.resumes.append((start, after.resumed_from))

    def within(self, low: float, high: float) -> list[Block]:
        """The blocks that may hold samples of a window."""
        return [each for each in self.blocks if each.low <= high and each.high >= low]


def wanted(view: View, axis: Axis, window: Window | None) -> Window | None:
    """The epochs to read again for a window of an axis.

    None where the curves hold every sample of it, or there are too many.
    """
    clock = view.by_step.get(_CLOCK)
    if window is None or not clock:
        return None
    shown = inside(clock.buckets, window, converter(view, axis))
    num = sum(bucket.num for bucket in shown)
    if num == len(shown) or num > MAX_SAMPLES:
        return None
    return shown[0].first_x, shown[-1].last_x


def reread(path: Path, index: Index, window: Window) -> Detail:
    """What a log tells within a window; what a later resume did again does not count.

    Takes of the index what is there when it begins, so that another thread may go on with it.

    Raises:
        OSError: the log cannot be read.
    """
    low, high = window
    blocks, resumes, newest = index.within(low, high), [*index.resumes], index.blocks[-1:]
    held: dict[str, list[Bucket]] = {}
    for block in blocks:
        steps = [step for start, step in resumes if start > block.start]
        last_step = min(steps, default=None)
        num_trainings = _num_trainings(block.before)
        for view, is_resumed in _chunks(path, block):
            if _num_trainings(view) != num_trainings:
                held, num_trainings = {}, _num_trainings(view)
            if is_resumed and view.resumed_from is not None:
                held = {name: _until(own, view.resumed_from) for name, own in held.items()}
            for name, series in view.by_step.items():
                fresh = [each for each in series.buckets if low <= each.first_x <= high]
                fresh = fresh if last_step is None else _until(fresh, last_step)
                held.setdefault(name, []).extend(fresh)
    by_step = {name: _series(own) for name, own in held.items()}
    is_to_end = bool(blocks) and blocks[-1:] == newest
    return Detail(low, high, MappingProxyType(by_step), is_to_end)


Epoch: TypeAlias = tuple[int, str, int | None]
"""Attempt, training and the step that was gone back to: what is read of one is not of another."""


class Closer:
    """Reads details beside the keys: one at a time, at the growing end of a log once a second."""

    def __init__(self, read: Callable[[Window], Detail | None]) -> None:
        self._read = read
        self._detail: Detail | None = None
        self._is_reading = False
        self._asked: tuple[Window, Epoch] | None = None
        self._read_at_s = -math.inf

    def fitting(self, window: Window | None, epoch: Epoch) -> Detail | None:
        """The detail that was read last, where it covers a window of the same training."""
        detail = self._detail
        if detail is None or window is None or self._asked is None or self._asked[1] != epoch:
            return None
        return detail if detail.fits(window) else None

    def is_due(self, window: Window, epoch: Epoch) -> bool:
        """Whether a window is to be read now; one that gave nothing is asked for once a second."""
        detail = self.fitting(window, epoch)
        if self._is_reading or (detail is not None and window[1] <= detail.high):
            return False
        is_new = detail is None and self._asked != (window, epoch)
        return is_new or monotonic() > self._read_at_s + _AGAIN_S

    async def read(self, window: Window, epoch: Epoch) -> None:
        """Read in another thread; a log that cannot be read has no detail."""
        self._is_reading = True
        try:
            found = await to_thread(self._read, window)
        except OSError:
            found = None
        finally:
            self._is_reading, self._read_at_s = False, monotonic()
        self._detail, self._asked = found, (window, epoch)


def _chunks(path: Path, block: Block) -> Iterator[tuple[View, bool]]:
    """The view after each few events with the curves of these alone; whether they resume."""
    lines, _ = events.read_lines(path, block.start, block.end - block.start)
    told = [each for line in lines if (each := decode(line)) is not None]
    view, parts = block.before, list[list[Told]]()
    for each in told:
        if not parts or each.kind == _RESUMED or len(parts[-1]) == _CHUNK:
            parts.append([])
        parts[-1].append(each)
    for part in parts:
        view = fold_all(_without_curves(view), part)
        yield view, part[0].kind == _RESUMED


def _until(buckets: list[Bucket], step: int) -> list[Bucket]:
    return [each for each in buckets if each.last_step <= step]


def _series(buckets: list[Bucket]) -> Series:
    xs, steps = [each.last_x for each in buckets], [each.last_step for each in buckets]
    return Series().extend(xs, [each.last for each in buckets], steps)


def _done(view: View) -> float:
    """The epochs done."""
    clock = view.by_step.get(_CLOCK)
    last = None if clock is None else clock.last
    return 0.0 if last is None else last.last_x


def _num_trainings(view: View) -> int:
    return sum(stage.trains and stage.state in ("running", "done") for stage in view.stages)


def _without_curves(view: View) -> View:
    """What the fold needs to go on, and nothing that grows."""
    return View(
        facts=view.facts, stages=view.stages, position=view.position, attempt=view.attempt,
        seq=view.seq, resumed_from=view.resumed_from, by_step=no_series(),
    )  # fmt: skip
