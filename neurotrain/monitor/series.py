"""A curve of any length in bounded memory: neighbours are merged, extremes and gaps survive.

Knows nothing of what is measured. Every sample carries the step at which it was recorded, so that
what a resumed run did again can be taken back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter, lt
from typing import Final, NamedTuple

MAX_PACKED: Final = 2048
_RECENT: Final = 128
_HALF: Final = _RECENT // 2
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

    def __hash__(self) -> int:
        """Of a few numbers, so that what is made of a series can be remembered cheaply."""
        end = self.recent[-1] if self.recent else None
        return hash((self.stride, len(self.packed), len(self.recent), end))

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
        return self.extend([x], [y], [step])

    def extend(self, xs: Sequence[float], ys: Sequence[float], steps: Sequence[int]) -> Series:
        """The series with samples more, each taken as by `add`: place, value and step of each."""
        recent = list(self.recent)
        end_x = recent[-1].last_x if recent else -math.inf
        if not (xs and end_x < xs[0] and all(map(lt, xs, islice(xs, 1, None)))):
            at = _rising(xs, end_x)
            xs, ys, steps = [xs[n] for n in at], [ys[n] for n in at], [steps[n] for n in at]
            if xs and xs[0] == end_x:
                recent.pop()
        num_waiting = len(recent) + len(xs)
        num_packed = max(0, num_waiting // _HALF - 1) * _HALF if num_waiting >= _RECENT else 0
        from_recent = min(num_packed, len(recent))
        packed, stride = list(self.packed), self.stride
        stride = _absorb(packed, stride, from_recent, lambda a, b: merge(recent[a:b]))
        rest = num_packed - from_recent
        stride = _absorb(packed, stride, rest, lambda a, b: _bucket(xs, ys, steps, a, b))
        kept = _samples(xs[rest:], ys[rest:], steps[rest:])
        return Series(tuple(packed), (*recent[from_recent:], *kept), stride)

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


def _samples(xs: Sequence[float], ys: Sequence[float], steps: Sequence[int]) -> list[Bucket]:
    """A bucket for each sample."""
    if not math.isfinite(sum(ys)):
        return list(map(sample, xs, ys, steps))
    make = Bucket._make
    return [
        make((x, x, y, y, y, x, y, x, None, step, step, 1))
        for x, y, step in zip(xs, ys, steps, strict=True)
    ]


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


def thinned(buckets: Sequence[Bucket], most: int) -> Sequence[Bucket]:
    """The buckets, neighbours merged where there are more than that many."""
    apart = -(-len(buckets) // most) if buckets else 1
    if apart == 1:
        return buckets
    return [merge(buckets[at : at + apart]) for at in range(0, len(buckets), apart)]


def _rising(xs: Sequence[float], end_x: float) -> list[int]:
    """Which samples count after one at `end_x`: of those at the same place the last."""
    kept: list[int] = []
    for at, x in enumerate(xs):
        if x < end_x:
            continue
        if kept and x == end_x:
            kept[-1] = at
        else:
            kept.append(at)
        end_x = x
    return kept


def _absorb(
    packed: list[Bucket], stride: int, num: int, piece: Callable[[int, int], Bucket]
) -> int:
    """Put that many samples into packed buckets of `stride`; how many these hold in the end.

    `piece` makes a bucket of the samples from one place to another.
    """
    at = 0
    while at < num:
        held = packed[-1].num if packed else stride
        room = stride - held if held < stride else stride
        fresh = piece(at, min(num, at + room))
        if held < stride:
            packed[-1] = merge([packed[-1], fresh])
        else:
            packed.append(fresh)
        at += room
        if len(packed) > MAX_PACKED:
            packed[:] = _halve(packed)
            stride *= 2
    return stride


def _bucket(
    xs: Sequence[float], ys: Sequence[float], steps: Sequence[int], start: int, end: int
) -> Bucket:
    """The samples from one place to another as one bucket."""
    part = ys[start:end]
    if not math.isfinite(sum(part)):
        return merge(_samples(xs[start:end], part, steps[start:end]))
    low, high = min(part), max(part)
    return Bucket(
        xs[start], xs[end - 1], part[0], part[-1],
        low, xs[start + part.index(low)], high, xs[start + part.index(high)], None,
        steps[start], steps[end - 1], end - start,
    )  # fmt: skip


def _halve(packed: list[Bucket]) -> list[Bucket]:
    pairs = [merge(packed[i : i + 2]) for i in range(0, len(packed) - 1, 2)]
    return pairs + packed[2 * len(pairs) :]


def _clip(bucket: Bucket, step: int) -> Bucket:
    """The bucket without samples after a step: only its first sample is known to lie before."""
    if bucket.last_step <= step:
        return bucket
    return sample(bucket.first_x, bucket.first, bucket.first_step)
