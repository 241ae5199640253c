"""Durations that carry their unit: `10 epochs`, `500 steps`, `30 min`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final

from msgspec import Meta

EpochDuration = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]* epochs?$",
        extra_json_schema={"x-wants": "a number of epochs with its unit, such as '2 epochs'"},
    ),
]
PositiveDuration = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]* (epochs?|steps?)$",
        extra_json_schema={"x-wants": "a duration with its unit, such as '1 epoch' or '500 steps'"},
    ),
]
StepCount = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]* steps?$",
        extra_json_schema={"x-wants": "a number of steps with its unit, such as '5 steps'"},
    ),
]
StepDuration = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]+ (epochs?|steps?)$",
        extra_json_schema={"x-wants": "a duration with its unit, such as '1 epoch' or '500 steps'"},
    ),
]
TimeDuration = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,5} (s|min|h)$",
        extra_json_schema={"x-wants": "a time with its unit, such as '90 s', '10 min' or '2 h'"},
    ),
]
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Duration:
    """A count of one unit, `epoch` or `step`."""

    count: int
    unit: str

    @staticmethod
    @cache
    def parse(text: str) -> Duration:
        """Read `10 epochs`. The schema has checked the form."""
        count, unit = text.split()
        return Duration(int(count), unit.removesuffix("s"))


def seconds_of(text: str) -> int:
    """The seconds of a time such as `10 min`. The schema has checked the form."""
    count, unit = text.split()
    return int(count) * _SECONDS[unit]
