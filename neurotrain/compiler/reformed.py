"""Texts that have not the form of their key, as they were probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from neurotrain.language.suggest import closest

_UNITS: Final = ("epochs", "epoch", "steps", "step", "s", "min", "h")
_OTHER_UNITS: Final = {
    "iterations": ("steps",), "iteration": ("step",), "iters": ("steps",), "iter": ("steps",),
    "updates": ("steps",), "batches": ("steps",), "e": ("epochs",), "ep": ("epochs",),
    "seconds": ("s",), "second": ("s",), "sec": ("s",), "secs": ("s",), "minutes": ("min",),
    "minute": ("min",), "mins": ("min",), "m": ("min",), "hours": ("h",), "hour": ("h",),
    "hrs": ("h",), "hr": ("h",),
}  # fmt: skip
_COUNTED: Final = re.compile(r"\s*(\d{1,9})\s*([A-Za-z]{1,20})\s*")
_SWAPPED: Final = re.compile(r"\s*([A-Za-z]{1,20})\s*(\d{1,9})\s*")
_LONGEST: Final = 100


def reformed(text: str, pattern: str) -> str | None:
    """The text brought to the form of a pattern; None where it is not known what is meant.

    `100 iterations` is `100 steps` where steps may stand, `my run` is `my-run`.
    """
    if len(text) > _LONGEST:
        return None
    return next((each for each in _candidates(text) if re.search(pattern, each)), None)


def with_unit(number: int, pattern: str) -> list[str]:
    """A number with every unit that the pattern takes."""
    units = ("epochs", "steps", "s", "min", "h")
    found = [f"{number} {unit[:-1] if number == 1 else unit}" for unit in units[:2]]
    found += [f"{number} {unit}" for unit in units[2:]]
    return [each for each in found if re.search(pattern, each)]


def _candidates(text: str) -> Iterator[str]:
    counted, swapped = _COUNTED.fullmatch(text), _SWAPPED.fullmatch(text)
    if counted is not None or swapped is not None:
        count, unit = counted.groups() if counted else reversed(swapped.groups())  # type: ignore[union-attr]
        likely = closest(unit, _UNITS, _OTHER_UNITS)
        if likely is not None:
            yield f"{count} {likely}"
        return
    seen = "".join(each for each in text if each.isprintable())
    yield re.sub(r"[^A-Za-z0-9._-]+", "-", seen).strip("-._")
