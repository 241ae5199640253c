"""Lines of styled text before any toolkit: what panes are made of.

A style is a word such as `good`; the stylesheet says which colour that is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from neurotrain.monitor.clean import fit, width

Span: TypeAlias = tuple[str, str]
Line: TypeAlias = tuple[Span, ...]

STYLES: Final = (
    "plain", "dim", "title", "good", "warn", "bad", "accent",
    "train", "valid", "best", "raw", "key", "off", "bar", "rest", "frame",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that are drawn beyond text."""

    ascii_only: bool
    full: str
    empty: str
    box_on: str
    box_off: str
    point: str
    star: str
    saved: str
    guide: str
    corner: tuple[str, str, str, str]
    across: str
    down: str
    tick: str
    up: str
    falling: str
    done: str
    running: str
    waiting: str
    warning: str
    ellipsis: str
    arrow: str
    levels: str
    """Eight characters from the lowest to the highest."""


UNICODE: Final = Glyphs(
    False, "━", "─", "■", "□", "●", "★", "▲", "┊", ("┌", "┐", "└", "┘"), "─", "│", "┤",
    "↑", "↓", "✓", "▶", "·", "!", "…", "→",
    "▁▂▃▄▅▆▇█",
)  # fmt: skip
ASCII: Final = Glyphs(
    True, "#", ".", "#", "-", "o", "*", "^", ":", ("+", "+", "+", "+"), "-", "|", "|",
    "^", "v", "+", ">", ".", "!", "~", ">", "_.:-=+*#",
)  # fmt: skip


def line(*spans: Span | str) -> Line:
    """A line of spans; a bare text is plain."""
    return tuple((span, "plain") if isinstance(span, str) else span for span in spans)


def cells(spans: Line) -> int:
    """The cells that a line takes."""
    return sum(width(text) for text, _ in spans)


def crop(spans: Line, room: int) -> Line:
    """The line in exactly that many cells, cut or padded."""
    kept: list[Span] = []
    for text, style in spans:
        need = width(text)
        if need > room:
            kept.append((fit(text, room), style))
            room = 0
            break
        kept.append((text, style))
        room -= need
    if room > 0:
        kept.append((" " * room, "plain"))
    return tuple(kept)


def spread(left: Line, right: Line, room: int) -> Line:
    """One line with text at both ends; where both do not fit, the right end goes."""
    gap = room - cells(left) - cells(right)
    return crop(left, room) if gap < 1 else (*left, (" " * gap, "plain"), *right)


def bar(share: float, room: int, glyphs: Glyphs) -> Line:
    """A progress bar."""
    full = max(0, min(room, round(share * room)))
    return ((glyphs.full * full, "bar"), (glyphs.empty * (room - full), "rest"))


def sparkline(values: Sequence[float], low: float, high: float, glyphs: Glyphs) -> str:
    """A character a value, by its height between two bounds; a space where there is none."""
    span = (high - low) or 1.0
    top = len(glyphs.levels) - 1
    return "".join(
        glyphs.levels[min(top, max(0, int((value - low) / span * (top + 1))))]
        if math.isfinite(value) and math.isfinite(span) else " "
        for value in values
    )  # fmt: skip


def box(
    title: Line, right: Line, body: Sequence[Line], width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """A frame of exactly that size around a body, with a title and a note on its upper edge."""
    if width < 4 or height < 3:
        return [crop(row, width) for row in [*body][:height]]
    inner = width - 2
    rows = [_edge(title, right, inner, glyphs)]
    side: Span = (glyphs.down, "frame")
    for at in range(height - 2):
        content = body[at] if at < len(body) else ()
        rows.append((side, *crop(content, inner), side))
    low_left, low_right = glyphs.corner[2:]
    rows.append(((low_left + glyphs.across * inner + low_right, "frame"),))
    return rows


def _edge(title: Line, right: Line, inner: int, glyphs: Glyphs) -> Line:
    head = crop(title, inner - 3) if cells(title) > inner - 3 else title
    gap = inner - cells(head) - cells(right) - 7
    start: Span = (glyphs.corner[0] + glyphs.across + " ", "frame")
    if gap < 0 or not cells(right):
        rest = glyphs.across * (inner - cells(head) - 3)
        return (start, *head, (" " + rest + glyphs.corner[1], "frame"))
    return (
        start, *head, (" " + glyphs.across * (gap + 1) + " ", "frame"),
        *right, (" " + glyphs.across + glyphs.corner[1], "frame"),
    )  # fmt: skip
