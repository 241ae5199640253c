"""One source line as a terminal shows it, with carets under a part of it.

Control and invisible characters are made visible, so that no text can steer the terminal; wide
characters take two columns; long lines are cut to a window around the carets.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Final

MAX_WIDTH: Final = 110
"""Columns of a source line that are shown at most."""

_TAB: Final = "    "
_CUT: Final = "…"
_MARGIN: Final = 30
"""Columns kept before the carets when the line is cut on the left."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text on one line, with every control or invisible character written out."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def width(text: str) -> int:
    """The columns a terminal takes for a text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def excerpt(line: str, column: int, length: int) -> tuple[str, str]:
    """A source line and the line of carets below it; the column counts characters from 1."""
    first = min(column - 1, len(line))
    last = max(first + 1, min(first + length, len(line)))
    begin, end = max(0, first - MAX_WIDTH), min(len(line), last + MAX_WIDTH)
    cells = [_shown(character) for character in line[begin:end]]
    edges = list(accumulate(map(width, cells), initial=0))
    start = edges[first - begin]
    stop = max(edges[min(last - begin, len(cells))], start + 1)
    left, right = 0, len(cells)
    if begin > 0 or end < len(line) or edges[-1] > MAX_WIDTH:
        left = bisect_left(edges, start - _MARGIN)
        right = bisect_right(edges, edges[left] + MAX_WIDTH) - 1
        stop = max(min(stop, edges[right]), start + 1)
    before = _CUT if begin + left > 0 else ""
    after = _CUT if begin + right < len(line) else ""
    source = before + "".join(cells[left:right]) + after
    return source, " " * (start - edges[left] + len(before)) + "^" * (stop - start)


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    if character.isascii() and character.isprintable():
        return character
    if character < " ":
        return chr(0x2400 + ord(character))
    if unicodedata.category(character) in _UNSEEN:
        return f"<U+{ord(character):04X}>"
    return character


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
