"""Draws curves as rows of braille (or ASCII) text with axes, ticks and marks.

Pure: buckets in, lines out. Within a column every extreme is lit, whatever was merged before, and a
value that is not finite shows as a cross on the upper edge.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal, TypeAlias

from neurotrain.monitor.across import Axis, Window, ticks
from neurotrain.monitor.axis import Scale, tick_text, value_scale, value_ticks
from neurotrain.monitor.ink import Glyphs, Line, Span
from neurotrain.monitor.series import Bucket, merge

Drawn: TypeAlias = Literal["line", "points"]
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_PLAIN: Final = (" ", "'", "-", ":", ".", ":", ":", ":")
"""By which thirds of a cell are lit: the upper 1, the middle 2, the lower 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One series as it is drawn."""

    name: str
    buckets: tuple[Bucket, ...]
    style: str
    drawn: Drawn = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What a chart shows."""

    curves: tuple[Curve, ...]
    log: bool = False
    best_x: float | None = None
    saved_x: tuple[float, ...] = ()
    axis: Axis = "epoch"
    window: Window | None = None
    """The part of the axis that is shown; None for all of it."""
    cursor_x: float | None = None


@dataclass(slots=True)
class _Canvas:
    """Cells with the dots lit in each, the style of what was drawn last, and whole characters."""

    width: int
    height: int
    glyphs: Glyphs
    lit: dict[tuple[int, int], int] = field(default_factory=dict)
    style: dict[tuple[int, int], str] = field(default_factory=dict)
    over: dict[tuple[int, int], Span] = field(default_factory=dict)

    @property
    def dots(self) -> tuple[int, int]:
        """Dots across and down."""
        across, down = (1, 3) if self.glyphs.ascii_only else (2, 4)
        return across * self.width, down * self.height

    def light(self, x: int, y: int, style: str) -> None:
        """Light a dot; (0, 0) is the upper left one."""
        if self.glyphs.ascii_only:
            cell, bit = (x, y // 3), 1 << (y % 3)
        else:
            cell, bit = (x // 2, y // 4), _DOTS[y % 4][x % 2]
        self.lit[cell] = self.lit.get(cell, 0) | bit
        self.style[cell] = style

    def row(self, y: int) -> Line:
        """A row as spans."""
        cells = (self._cell((x, y)) for x in range(self.width))
        runs = groupby(cells, key=itemgetter(1))
        return tuple(("".join(text for text, _ in run), style) for style, run in runs)

    def _cell(self, cell: tuple[int, int]) -> Span:
        if cell in self.over:
            return self.over[cell]
        dots = self.lit.get(cell, 0)
        if not dots:
            return " ", "plain"
        text = _PLAIN[dots] if self.glyphs.ascii_only else chr(0x2800 + dots)
        return text, self.style[cell]


def draw(plot: Plot, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """The chart in exactly that many cells; nothing where there is too little room."""
    if width < 12 or height < 3:
        return []
    buckets = [bucket for curve in plot.curves for bucket in curve.buckets]
    num_rows = height - 2
    scale = value_scale(buckets, log=plot.log)
    levels = value_ticks(scale, num_rows)
    names = {
        _row_of(scale, tick, num_rows): tick_text(tick, levels, log=scale.log) for tick in levels
    }
    gutter = max(4, max(map(len, names.values()), default=0))
    canvas = _Canvas(width - gutter - 1, num_rows, glyphs)
    across = _across(buckets, plot)
    for curve in plot.curves:
        _draw_curve(canvas, curve, across, scale)
    for x, style in ((plot.best_x, "best"), (plot.cursor_x, "accent")):
        if x is not None and buckets and across.low <= x <= across.high:
            _draw_guide(canvas, _column(across, x, canvas.width), style)
    rows = [_with_gutter(canvas.row(y), names.get(y, ""), gutter, glyphs) for y in range(num_rows)]
    return [*rows, _axis_row(plot, across, canvas.width, gutter, glyphs),
            _name_row(plot.axis, across, canvas.width, gutter)]  # fmt: skip


def columns(buckets: Sequence[Bucket], across: Scale, num_columns: int) -> dict[int, Bucket]:
    """The buckets merged by the column they fall in; a merged one's extremes stay in its place."""
    merged: dict[int, Bucket] = {}
    last_column, span = num_columns - 1, across.high - across.low
    xs = [bucket.first_x for bucket in buckets]
    start = 0
    while start < len(xs):
        column = round(across.share(xs[start]) * last_column)
        bound = across.low + (column + 0.5) / max(1, last_column) * span
        end = len(xs) if column == last_column else bisect_left(xs, bound, start + 1)
        merged[column] = merge(
            [merged[column], *buckets[start:end]] if column in merged else buckets[start:end]
        )
        start = end
    return merged


def _across(buckets: Sequence[Bucket], plot: Plot) -> Scale:
    if plot.window is not None:
        return Scale(*plot.window)
    if not buckets:
        return Scale(0.0, 1.0)
    if plot.axis != "epoch":
        return Scale(0.0, max(1e-6, max(bucket.last_x for bucket in buckets)))
    low = min(bucket.first_x for bucket in buckets)
    high = max(bucket.last_x for bucket in buckets)
    low = 0.0 if low < 1 else low
    return Scale(low, max(high, low + 1))


def _column(across: Scale, x: float, num_columns: int) -> int:
    return round(across.share(x) * (num_columns - 1))


def _row_of(scale: Scale, value: float, num_rows: int) -> int:
    return min(num_rows - 1, max(0, int((1 - scale.share(value)) * num_rows)))


def _draw_curve(canvas: _Canvas, curve: Curve, across: Scale, scale: Scale) -> None:
    num_across, num_down = canvas.dots
    merged = columns(curve.buckets, across, num_across)
    share = scale.shares()
    sparse = 2 * len(merged) <= canvas.width
    before: tuple[int, int] | None = None
    for column, bucket in sorted(merged.items()):
        if bucket.bad_x is not None:
            cell = _column(across, bucket.bad_x, canvas.width), 0
            canvas.over[cell] = ("x", "bad")
        if math.isnan(bucket.low):
            before = None
            continue
        if curve.drawn == "points" and sparse:
            cell = (column * canvas.width // num_across, _row_of(scale, bucket.last, canvas.height))
            canvas.over.setdefault(cell, (canvas.glyphs.point, curve.style))
            continue
        if before is not None:
            _connect(canvas, before, (column, _dot(share, bucket.first, num_down)), curve.style)
        top, bottom = _dot(share, bucket.high, num_down), _dot(share, bucket.low, num_down)
        for y in range(top, bottom + 1):
            canvas.light(column, y, curve.style)
        before = column, _dot(share, bucket.last, num_down)


def _connect(canvas: _Canvas, start: tuple[int, int], end: tuple[int, int], style: str) -> None:
    """Light the dots between two columns."""
    (x0, from_y), (x1, to_y) = start, end
    for x in range(x0 + 1, x1):
        canvas.light(x, round(from_y + (to_y - from_y) * (x - x0) / (x1 - x0)), style)
    if x1 - x0 == 1:
        middle = (from_y + to_y) // 2
        for y in range(min(from_y, middle), max(from_y, middle) + 1):
            canvas.light(x0, y, style)
        for y in range(min(to_y, middle), max(to_y, middle) + 1):
            canvas.light(x1, y, style)


def _dot(share: Callable[[float], float], value: float, num_down: int) -> int:
    return round((1 - share(value)) * (num_down - 1))


def _draw_guide(canvas: _Canvas, column: int, style: str) -> None:
    for y in range(canvas.height):
        if (column, y) not in canvas.lit:
            canvas.over.setdefault((column, y), (canvas.glyphs.guide, style))


def _with_gutter(row: Line, name: str, gutter: int, glyphs: Glyphs) -> Line:
    edge = glyphs.tick if name else glyphs.down
    return ((name.rjust(gutter), "dim"), (edge, "frame"), *row)


def _axis_row(plot: Plot, across: Scale, width: int, gutter: int, glyphs: Glyphs) -> Line:
    marks: dict[int, Span] = {}
    for x in plot.saved_x:
        if across.low <= x <= across.high:
            marks[_column(across, x, width)] = (glyphs.saved, "accent")
    if plot.best_x is not None and across.low <= plot.best_x <= across.high:
        marks[_column(across, plot.best_x, width)] = (glyphs.star, "best")
    start = " " * gutter + glyphs.corner[2]
    return ((start, "frame"), *(marks.get(x, (glyphs.across, "frame")) for x in range(width)))


def _name_row(axis: Axis, across: Scale, width: int, gutter: int) -> Line:
    row = [" "] * width
    free_from = 0
    for x, name in ticks(axis, across.low, across.high, width):
        at = min(width - len(name), max(0, _column(across, x, width) - len(name) // 2))
        if at >= free_from:
            row[at : at + len(name)] = name
            free_from = at + len(name) + 1
    return ((" " * (gutter + 1) + "".join(row), "dim"),)
