"""Names as a picture can show them: of printable characters, and no longer than there is room."""

from __future__ import annotations

from collections.abc import Sequence


def shown(name: str, limit: int) -> str:
    """The name in at most `limit` characters, its middle left out where it is longer."""
    assert limit >= 3, "less room than an ellipsis between two characters"
    printable = "".join(char if char.isprintable() else "\ufffd" for char in name)
    if len(printable) <= limit:
        return printable
    head = limit // 2
    return f"{printable[:head]}…{printable[len(printable) - (limit - head - 1) :]}"


def shown_apart(names: Sequence[str], limit: int) -> tuple[str, ...]:
    """The names shortened; numbers tell apart what shortening has made equal."""
    short = [shown(name, limit) for name in names]
    return tuple(
        shown(name, limit - 4) + f" #{place}" if short.count(name) > 1 and limit > 8 else name
        for place, name in enumerate(short)
    )
