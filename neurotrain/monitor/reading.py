"""Reads the payload of an event, whatever it holds: a wrong type reads as absent.

Knows no kind of event.
"""

from __future__ import annotations

import math
from typing import Any, Final

from neurotrain.monitor.clean import clean
from neurotrain.recorder import events

MAX_ITEMS: Final = 64
MAX_STAGES: Final = 128
"""The stages of a run; the language knows a hundred folds."""
_MAX_COUNT: Final = 10**15


def real(value: object) -> float | None:
    """A number, non-finite ones included."""
    try:
        return events.number(value)
    except OverflowError:
        return None


def finite(value: object) -> float | None:
    """A finite number."""
    known = real(value)
    return known if known is not None and math.isfinite(known) else None


def count(value: object) -> int | None:
    """A whole number from 0 on."""
    known = finite(value)
    return int(known) if known is not None and 0 <= known < _MAX_COUNT else None


def text(value: object, limit: int = 240) -> str:
    """A cleaned text; empty where the value is none."""
    return clean(value, limit) if isinstance(value, str) else ""


def texts(value: object, most: int = MAX_ITEMS) -> tuple[str, ...]:
    """The cleaned texts of a list."""
    if not isinstance(value, list):
        return ()
    return tuple(clean(item) for item in value[:most] if isinstance(item, str))


def table(value: object) -> dict[str, Any]:
    """A mapping; empty where the value is none."""
    return value if isinstance(value, dict) else {}


def numbers(value: object) -> dict[str, float]:
    """The numbers of a mapping by cleaned name."""
    pairs = [(clean(str(name), 60), real(item)) for name, item in table(value).items()]
    return {name: item for name, item in pairs[:MAX_ITEMS] if item is not None}
