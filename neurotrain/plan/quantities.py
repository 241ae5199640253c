"""Large numbers for people."""

from __future__ import annotations

from typing import Final

_PREFIXES: Final = ("", "k", "M", "G", "T", "P")


def quantity(value: float, unit: str) -> str:
    """A number with three digits and its unit, in powers of 1000: `13.6 MB`."""
    prefix = 0
    while value >= 999.5 and prefix < len(_PREFIXES) - 1:
        value, prefix = value / 1000, prefix + 1
    return f"{value:.3g} {_PREFIXES[prefix]}{unit}"
