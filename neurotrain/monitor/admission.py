"""Which events count: each once, from rank 0, and with numbers that can be.

Knows no kind of event.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

from neurotrain.monitor.lines import Step, Told

Verdict: TypeAlias = Literal["counts", "seen", "implausible"]

_PLAUSIBLE_GAP: Final = 10**6
"""A number further ahead than this is a fault of the log: it would silence what follows."""
_MAX_COUNT: Final = 10**15


def judge_event(event: Told, seq: int, attempt: int) -> Verdict:
    """Whether an event counts after the one with that number, in that attempt."""
    if 0 < event.seq <= seq or event.rank != 0:
        return "seen"
    near = event.seq - seq < _PLAUSIBLE_GAP and event.attempt < attempt + _PLAUSIBLE_GAP
    return "counts" if near and (type(event) is Step or is_plausible(event)) else "implausible"


def is_plausible(event: Told) -> bool:
    """Whether an event's numbers are such as a run can have."""
    return (
        math.isfinite(event.time)
        and 0 <= event.step < _MAX_COUNT
        and 0 <= event.epoch < _MAX_COUNT
        and event.attempt >= 0
    )
