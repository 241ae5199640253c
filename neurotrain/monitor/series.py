"""A curve of any length in bounded memory: neighbours are merged, extremes and gaps survive.

Knows nothing of what is measured. Every sample carries the step at which it was recorded, so that
what a resumed run did again can be taken back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

MAX_PACKED: Final = 2048
_RECENT: Final = 256
_LOW: Final = itemgetter(4)
_HIGH: Final = itemgetter(6)
_NUM: Final = itemgetter(11)


class Bucket(NamedTuple):
    """One sample, or neighbouring samples merged."""

    first_x: float
    last_x: float
    first: float
    """The first finite value; NaN where there is none."""
    last: float
    low: float
    low_x: float
    high: float
    high_x: float
    bad_x: float | None
    """Where the latest non-finite value lies."""
    first_step: int
    last_step: int
    num: int


@dataclass(frozen=True, slots=True)
class Series:
    """Samples in the order of x: merged ones first, then the latest one by one."""

    packed: tuple[Bucket, ...] = ()
    recent: tuple[Bucket, ...] = ()
    stride: int = 1
    """Samples in a packed bucket."""

    def __bool__(self) -> bool:
        return bool(self.recent)

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Everything, in the order of x."""
        return self.packed + self.recent

    @property
    def last(self) -> Bucket | None:
        """The newest sample."""
        return self.recent[-1] if self.recent else None

    def add(self, x: float, y: float, step: int) -> Series:
        """The series with a sample more; one at the same x replaces, one before it is ignored."""
        return self.extend([sample(x, y, step)])

    def extend(self, samples: Iterable[Bucket]) -> Series:
        """The series with samples more, each taken as by `add`."""
        series, recent = self, list(self.recent)
        for bucket in samples:
            if recent and bucket.last_x <= recent[-1].last_x:
                if bucket.last_x < recent[-1].last_x:
                    continue
                recent.pop()
            recent.append(bucket)
            if len(recent) >= _RECENT:
                series = _pack(series, recent)
                recent = recent[_RECENT // 2 :]
        return Series(series.packed, tuple(recent), series.stride)

    def until(self, step: int) -> Series:
        """The series without what was recorded after a step."""
        packed = tuple(_clip(b, step) for b in self.packed if b.first_step <= step)
        recent = tuple(b for b in self.recent if b.first_step <= step)
        if packed and not recent:
            packed, recent = packed[:-1], packed[-1:]
        return Series(packed, recent, self.stride)

    def best(self, mode: str) -> tuple[float, float] | None:
        """The smallest (`min`) or largest value and its x; the earliest of equal ones."""
        held = [b for b in self.buckets if not math.isnan(b.low)]
        if not held:
            return None
        if mode == "max":
            top = max(held, key=lambda b: b.high)
            return top.high, top.high_x
        bottom = min(held, key=lambda b: b.low)
        return bottom.low, bottom.low_x


def sample(x: float, y: float, step: int) -> Bucket:
    """A bucket of one sample."""
    if math.isfinite(y):
        return Bucket(x, x, y, y, y, x, y, x, None, step, step, 1)
    nan = math.nan
    return Bucket(x, x, nan, nan, nan, x, nan, x, x, step, step, 1)


def merge(buckets: Sequence[Bucket]) -> Bucket:
    """Neighbours as one; the extremes of all survive. There must be at least one."""
    if len(buckets) == 1:
        return buckets[0]
    first, last = buckets[0], buckets[-1]
    held = [bucket for bucket in buckets if bucket.low == bucket.low]
    low = min(held, key=_LOW) if held else first
    high = max(held, key=_HIGH) if held else first
    bad = None
    for bucket in buckets:
        bad = bad if bucket.bad_x is None else bucket.bad_x
    return Bucket(
        first.first_x, last.last_x,
        held[0].first if held else math.nan, held[-1].last if held else math.nan,
        low.low, low.low_x, high.high, high.high_x, bad,
        first.first_step, last.last_step, sum(map(_NUM, buckets)),
    )  # fmt: skip


def _pack(series: Series, recent: list[Bucket]) -> Series:
    """Put the older half of the recent samples into packed buckets of `stride` samples."""
    packed, stride = list(series.packed), series.stride
    waiting = recent[: _RECENT // 2]
    at = 0
    if packed and packed[-1].num < stride:
        at = stride - packed[-1].num
        packed[-1] = merge([packed[-1], *waiting[:at]])
    packed += [merge(waiting[n : n + stride]) for n in range(at, len(waiting), stride)]
    if len(packed) > MAX_PACKED:
        packed, stride = _halve(packed), 2 * stride
    return Series(tuple(packed), (), stride)


def _halve(packed: list[Bucket]) -> list[Bucket]:
    pairs = [merge(packed[i : i + 2]) for i in range(0, len(packed) - 1, 2)]
    return pairs + packed[2 * len(pairs) :]


def _clip(bucket: Bucket, step: int) -> Bucket:
    """The bucket without samples after a step: only its first sample is known to lie before."""
    if bucket.last_step <= step:
        return bucket
    return sample(bucket.first_x, bucket.first, bucket.first_step)
