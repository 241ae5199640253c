"""Numbers, durations and sizes in few characters.

Knows nothing of runs.
"""

from __future__ import annotations

import math
from time import localtime, strftime
from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def value(number: float | None) -> str:
    """A measured value in at most eight characters or so; a dash where there is none."""
    if number is None:
        return "–"
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "∞" if number > 0 else "-∞"
    size = abs(number)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e6:
        return _scientific(number)
    if size >= 1000:
        return f"{number:.0f}"
    return f"{number:.4f}" if size < 10 else f"{number:.2f}"


def small(number: float | None) -> str:
    """A rate or another value whose trailing zeros say nothing, such as `0.001`."""
    if number is None or not math.isfinite(number) or number == 0:
        return value(number)
    if 1e-3 <= abs(number) < 1e5:
        return f"{number:.4g}"
    return _scientific(number)


def change(difference: float | None) -> str:
    """A signed difference; empty where there is none."""
    if difference is None or not math.isfinite(difference) or difference == 0:
        return ""
    size = abs(difference)
    if size < 5e-5 or size >= 1e5:
        return ("+" if difference > 0 else "") + _scientific(difference)
    return f"{difference:+.{4 if size < 10 else 2 if size < 1000 else 0}f}"


def percent(share: float | None) -> str:
    """A share of 1 as a percentage."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.0f}%"


def duration(seconds: float | None) -> str:
    """`12s`, `3m 05s`, `2h 14m` or `3d 4h`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def time_of_day(time: float) -> str:
    """The local time as `14:05`; dashes for a time that no calendar has."""
    try:
        return strftime("%H:%M", localtime(time))
    except (OverflowError, ValueError, OSError):
        return "--:--"


def size(num_bytes: float | None) -> str:
    """A number of bytes with a decimal unit."""
    if num_bytes is None or not math.isfinite(num_bytes):
        return "–"
    left = float(num_bytes)
    for unit in _UNITS:
        if abs(left) < 1000 or unit == _UNITS[-1]:
            break
        left /= 1000
    return f"{left:.0f} {unit}" if left >= 100 or unit == "B" else f"{left:.1f} {unit}"


def short_count(number: int | None) -> str:
    """A large count such as `1.2 M`."""
    if number is None:
        return "–"
    for bound, unit in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if number >= bound:
            return f"{number / (10**3 if unit == 'k' else bound):.3g} {unit}"
    return str(number)


def plural(num: int, noun: str) -> str:
    """`1 epoch`, `2 epochs`."""
    return f"{num} {noun}" if num == 1 else f"{num} {noun}s"


def _scientific(number: float) -> str:
    mantissa, exponent = f"{number:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
