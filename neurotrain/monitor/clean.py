"""Makes text from a log safe and measurable: no control sequence reaches the terminal.

Knows nothing of where the text comes from.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_ESCAPE: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # a control sequence such as a colour
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # an operating system command such as a title
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # device control and its kin
    r"|\x1b."
)
_DROPPED: Final = frozenset({"Cc", "Cf", "Mn", "Me", "Co", "Cn"})
_SPACES: Final = frozenset({"Zl", "Zp", "Zs"})


def clean(text: str, limit: int = 240) -> str:
    """The text on one line without control, bidirectional, invisible or combining characters."""
    text = text[: 8 * limit]
    if text.isascii() and text.isprintable():
        return text[:limit]
    plain = unicodedata.normalize("NFC", _ESCAPE.sub("", text))
    return "".join(map(_visible, plain))[:limit]


def clean_log(block: str, num_lines: int) -> tuple[str, ...]:
    """The last lines of a log; of a line redrawn with carriage returns, what stood last."""
    lines = block.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return tuple(clean(_redrawn(line), 400) for line in lines[-num_lines:])


def width(text: str) -> int:
    """The number of terminal cells that a cleaned text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """The text in exactly that many cells: cut with an ellipsis, or padded."""
    if cells <= 0:
        return ""
    have = width(text)
    if have > cells:
        text = _cut(text, cells - 1) + "…"
        have = width(text)
    gap = " " * (cells - have)
    return gap + text if right else text + gap


def wrapped(text: str, cells: int) -> list[str]:
    """The text in pieces of at most that many cells."""
    rows: list[str] = []
    while text:
        head = _cut(text, cells) or text[:1]
        rows.append(head)
        text = text[len(head) :]
    return rows


def _cut(text: str, cells: int) -> str:
    used = 0
    for at, char in enumerate(text):
        used += _cells(char)
        if used > cells:
            return text[:at]
    return text


def _redrawn(line: str) -> str:
    parts = [part for part in line.split("\r") if part.strip()]
    return parts[-1] if parts else ""


@lru_cache(maxsize=4096)
def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if char in "\t\n\r\v\f" or category in _SPACES:
        return " "
    if category == "Cs":
        return "�"
    return "" if category in _DROPPED else char


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
