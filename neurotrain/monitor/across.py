"""The horizontal axis of the charts: epochs, steps or time; windows, and names for ticks.

Series are recorded over the epochs done; the clock of a run turns those into steps and seconds.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, TypeAlias, get_args

from neurotrain.monitor import wording
from neurotrain.monitor.axis import epoch_ticks
from neurotrain.monitor.series import Bucket, Series
from neurotrain.monitor.view import View

Axis: TypeAlias = Literal["epoch", "step", "time"]
Window: TypeAlias = tuple[float, float]
AXES: Final[tuple[Axis, ...]] = get_args(Axis)
_SECONDS: Final = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
)
_DAY_S: Final = 86400
_NARROWEST: Final = 1e-3
_DEEPEST: Final = 1e-4


def converter(view: View, axis: Axis) -> Callable[[float], float]:
    """From epochs done to the axis; what lies beyond the recorded steps is cut."""
    clock = view.by_step.get("time")
    if axis == "epoch" or not clock:
        return lambda x: x
    xs, ys = _course(clock, axis)
    return lambda x: _between(xs, ys, x)


@lru_cache(maxsize=4)
def _course(clock: Series, axis: Axis) -> tuple[list[float], list[float]]:
    """The epochs done, and where on the axis the run stood then."""
    buckets = clock.buckets
    xs = [0.0, *(bucket.last_x for bucket in buckets)]
    if axis == "step":
        ys = [0.0, *(float(bucket.last_step) for bucket in buckets)]
    else:
        start = buckets[0].first
        ys = [0.0, *(bucket.last - start for bucket in buckets)]
    return xs, list(accumulate(ys, max))


def converted(buckets: Sequence[Bucket], to: Callable[[float], float]) -> tuple[Bucket, ...]:
    """Buckets with every place on another axis."""
    return tuple(_converted(bucket, to) for bucket in buckets)


def span(view: View, axis: Axis) -> Window:
    """From the beginning to the newest sample of any curve."""
    ends = [
        series.last.last_x
        for series in (*view.by_step.values(), *view.by_epoch.values())
        if series.last is not None
    ]
    high = converter(view, axis)(max(ends, default=1.0))
    return 0.0, max(high, _NARROWEST)


def zoomed(
    window: Window | None, whole: Window, factor: float, about: float | None
) -> Window | None:
    """The window made narrower (factor below 1) or wider; None where it holds everything."""
    low, high = window or whole
    centre = high if about is None else min(high, max(low, about))
    share = (centre - low) / (high - low)
    room = max((whole[1] - whole[0]) * _DEEPEST, (high - low) * factor)
    return _kept((centre - share * room, centre + (1 - share) * room), whole)


def panned(window: Window | None, whole: Window, by: float) -> Window | None:
    """The window moved by a share of its width, inside the whole."""
    if window is None:
        return None
    room = window[1] - window[0]
    low = min(whole[1] - room, max(whole[0], window[0] + by * room))
    return low, low + room


def inside(
    buckets: Sequence[Bucket], window: Window | None, to: Callable[[float], float]
) -> Sequence[Bucket]:
    """The buckets that lie in a window of the axis, in part at least."""
    if window is None:
        return buckets
    first = bisect_left(buckets, window[0], key=lambda bucket: to(bucket.last_x))
    last = bisect_right(buckets, window[1], key=lambda bucket: to(bucket.first_x))
    return buckets[first:last]


def ticks(axis: Axis, low: float, high: float, num_columns: int) -> list[tuple[float, str]]:
    """Places on the axis with their names, far enough apart for these."""
    if axis == "epoch" and high - low >= 3:
        return [(float(epoch), f"e{epoch}") for epoch in epoch_ticks(low, high, num_columns)]
    steps = _SECONDS if axis == "time" else None
    fitting = max(1, num_columns // 9)
    rough = (high - low) / fitting
    if not 0 < rough < 1e18:
        return []
    step = _round(rough, steps)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [(at * step, place(axis, at * step)) for at in range(first, min(last, first + 200) + 1)]


def place(axis: Axis, x: float) -> str:
    """A place on the axis in words."""
    if axis == "time":
        return wording.duration(x)
    if axis == "step":
        return wording.short_count(round(x)) if x < 1e6 else wording.short_count(int(x))
    return f"e{x:.4g}" if x < 1e4 else f"e{x:.0f}"


def _converted(bucket: Bucket, to: Callable[[float], float]) -> Bucket:
    first_x, last_x, first, last, low, low_x, high, high_x, bad_x, *counts = bucket
    start = to(first_x)
    end = start if last_x == first_x else to(last_x)
    bad = None if bad_x is None else start if bad_x == first_x else to(bad_x)
    ends = {first_x: start, last_x: end}
    return Bucket(
        start, end, first, last,
        low, ends[low_x] if low_x in ends else to(low_x),
        high, ends[high_x] if high_x in ends else to(high_x), bad, *counts,
    )  # fmt: skip


def _kept(window: Window, whole: Window) -> Window | None:
    room = window[1] - window[0]
    if room >= (whole[1] - whole[0]) * 0.999:
        return None
    low = min(whole[1] - room, max(whole[0], window[0]))
    return low, low + room


def _round(rough: float, steps: Sequence[int] | None) -> float:
    if steps is not None and 1 <= rough <= steps[-1]:
        return float(next(step for step in steps if step >= rough))
    if steps is not None and rough > steps[-1]:
        return float(_DAY_S * math.ceil(rough / _DAY_S))
    power = 10.0 ** math.floor(math.log10(rough))
    return next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough * 0.999)


def _between(xs: list[float], ys: list[float], x: float) -> float:
    at = bisect_left(xs, x)
    if at == 0:
        return ys[0]
    if at == len(xs):
        return ys[-1]
    gap = xs[at] - xs[at - 1]
    share = (x - xs[at - 1]) / gap if gap > 0 else 1.0
    return ys[at - 1] + share * (ys[at] - ys[at - 1])
