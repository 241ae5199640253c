"""The scales of a chart: from values to rows and columns, and where ticks stand.

Pure arithmetic; knows no characters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from neurotrain.monitor.series import Bucket

_LARGEST: Final = 1e100
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of values, linear or logarithmic."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the lower end, 1 at the upper; beyond is cut."""
        return self.shares()(value)

    def shares(self) -> Callable[[float], float]:
        """`share` for many values."""
        convert = _log10 if self.log else _cut
        low, span = convert(self.low), convert(self.high) - convert(self.low)
        if not span > 0:
            return lambda value: 0.5
        if self.log:
            return lambda value: min(1.0, max(0.0, (_log10(value) - low) / span))
        bottom, top = low, low + span

        def share(value: float) -> float:
            return 0.0 if value <= bottom else 1.0 if value >= top else (value - bottom) / span

        return share


def value_scale(buckets: Iterable[Bucket], *, log: bool) -> Scale:
    """The scale that holds every finite value, with a little air; unit range without values.

    A logarithmic scale holds the positive values; a series without one is shown linearly.
    """
    spans = [(b.low, b.high) for b in buckets if not math.isnan(b.low)]
    if log:
        positive = [value for span in spans for value in span if value > 0]
        if positive:
            return _log_scale(max(1 / _LARGEST, min(positive)), min(_LARGEST, max(positive)))
    if not spans:
        return Scale(0.0, 1.0)
    low, high = _cut(min(span[0] for span in spans)), _cut(max(span[1] for span in spans))
    air = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return Scale(low - air, high + air)


def value_ticks(scale: Scale, num_rows: int) -> list[float]:
    """Round values inside the scale, about one for four rows and at least two where they fit."""
    wanted = max(2, num_rows // 4 + 1)
    if scale.log:
        ticks = _log_ticks(scale)
        if len(ticks) >= 2:
            return ticks[:: max(1, math.ceil(len(ticks) / max(2, num_rows // 2)))]
        return [scale.low, scale.high]
    span = scale.high - scale.low
    if not 0 < span < math.inf:
        return [scale.low]
    for share in (1.0, 0.5, 0.25):
        ticks = _even_ticks(scale, _round_step(span / wanted * share))
        if len(ticks) >= 2:
            break
    return ticks


def epoch_ticks(low: float, high: float, num_columns: int) -> list[int]:
    """Whole epochs to name under an axis, far enough apart for their names."""
    first, last = math.ceil(max(low, 1)), math.floor(high)
    if last < first:
        return []
    apart = len(str(last)) + 4
    fitting = max(1, num_columns // apart)
    step = max(1, math.ceil((last - first + 1) / fitting))
    step = next(
        (nice for power in range(16) for nice in (10**power, 2 * 10**power, 5 * 10**power)
         if nice >= step), step,
    )  # fmt: skip
    steady = range(step * math.ceil((first + max(1, step * 0.6)) / step), last + 1, step)
    return [first, *steady]


def tick_text(value: float, ticks: list[float], *, log: bool = False) -> str:
    """A tick's name, with as many decimals as tell it from the others."""
    if value == 0:
        return "0"
    if log and 1e-3 <= value < 1e5:
        return f"{value:.3g}"
    size = max(abs(tick) for tick in ticks)
    if size >= 1e5 or abs(value) < 1e-3 or size < 1e-2:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    gaps = [b - a for a, b in pairwise(ticks) if b > a]
    gap = min(gaps) if gaps else abs(value)
    decimals = min(4, max(0, math.ceil(-math.log10(gap) - 1e-9) + (_has_half(gap))))
    return f"{value:.{decimals}f}"


def _cut(value: float) -> float:
    """The value, so far from the largest float that sums and ratios stay finite."""
    return min(_LARGEST, max(-_LARGEST, value))


def _log10(value: float) -> float:
    return math.log10(value) if value > 0 else -math.inf


def _has_half(gap: float) -> int:
    """1 where a gap such as 0.25 takes one decimal more than its size says."""
    leading = gap / 10 ** math.floor(math.log10(gap))
    return int(abs(leading - 2.5) < 1e-6)


def _log_scale(low: float, high: float) -> Scale:
    low, high = min(low, _LARGEST), max(high, 1 / _LARGEST)
    if high / low < 1.2:
        return Scale(low / 1.2, high * 1.2, True)
    air = (high / low) ** 0.03
    return Scale(low / air, high * air, True)


def _log_ticks(scale: Scale) -> list[float]:
    first = math.floor(math.log10(scale.low))
    last = math.ceil(math.log10(scale.high))
    factors = (1,) if last - first > 4 else (1, 2, 5)
    ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    return [tick for tick in ticks if scale.low <= tick <= scale.high]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * 0.999)


def _even_ticks(scale: Scale, step: float) -> list[float]:
    first = math.ceil(scale.low / step)
    last = math.floor(scale.high / step)
    if last - first > 100:
        return [scale.low, scale.high]
    return [index * step for index in range(first, last + 1)]
