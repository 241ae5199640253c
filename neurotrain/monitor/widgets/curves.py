"""A chart of one group of curves in a box."""

from __future__ import annotations

from typing import Final, NamedTuple

from neurotrain.monitor import wording
from neurotrain.monitor.across import place
from neurotrain.monitor.chart import draw
from neurotrain.monitor.clean import width as cells_of
from neurotrain.monitor.detail import Detail
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Glyphs, Line, Span, box, cells, line
from neurotrain.monitor.plots import (
    Look,
    best_of,
    groups,
    has_best,
    main_group,
    mode_of,
    plot,
    values_at,
)
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.progress import awaited

_PER_CELL: Final = 2
"""Buckets of a curve for each cell across: one for every dot."""


class _Shown(NamedTuple):
    """All that a chart with curves depends on."""

    view: View
    group: str
    look: Look
    width: int
    height: int
    is_chosen: bool
    glyphs: Glyphs
    detail: Detail | None
    page: str


class Curves(Pane):
    """A chart: of the loss, of the chosen metric, or of the learning rate."""

    def __init__(self, *, id: str, fixed: str = "", first: str = "") -> None:
        super().__init__(id=id)
        self._drawn: tuple[_Shown, list[Line]] | None = None
        self.fixed = fixed
        """The group that it always shows; empty where the person chooses."""
        self.first = first
        """The group that it shows before a choice; empty for the main metric."""
        self.page = ""
        """Which of all charts are shown, where not all are."""
        self.can_be_chosen = id.startswith("grid")
        """Whether it stands among others, of which one is chosen."""

    def group(self, frame: Frame) -> str:
        """The group that it shows."""
        return self.fixed or frame.options.group or self.first or main_group(frame.view)

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the chart; the one drawn last where nothing of it changed."""
        group = self.group(frame)
        chosen = self.can_be_chosen and group == frame.options.group
        look = frame.options.look
        shows = _Shown(
            frame.view, group, look, width, height, chosen, frame.glyphs, frame.detail, self.page
        )
        if self._drawn is not None and self._drawn[0] == shows:
            return self._drawn[1]
        shown = plot(frame.view, group, look, _PER_CELL * max(1, width), frame.detail)
        held = [curve for curve in shown.curves if curve.buckets]
        title = _title(frame, group, [(curve.name, curve.style) for curve in held], chosen=chosen)
        if not held:
            body, self._drawn = _empty(frame, width - 2, height - 2), None
            return box(title, (), body, width, height, frame.glyphs)
        body = draw(shown, width - 2, height - 2, frame.glyphs)
        room = width - cells(title) - 8 - (len(self.page) + 2 if self.page else 0)
        cursor = frame.options.look.cursor
        right = _right(frame, group, room) if cursor is None else _values(frame, group, room)
        if self.page:
            right = (*right, (f"  {self.page}" if right else self.page, "dim"))
        lines = box(title, right, body, width, height, frame.glyphs)
        self._drawn = shows, lines
        return lines


def _values(frame: Frame, group: str, room: int) -> Line:
    """What the curves are worth at the cursor."""
    look = frame.options.look
    cursor = look.cursor or 0.0
    spans: list[Span] = [(place(look.axis, cursor), "accent")]
    for name, value, style in values_at(frame.view, group, look, cursor, frame.detail):
        told = (f"  {name.split('/')[0]} {wording.value(value)}", style)
        if cells((*spans, told)) > room:
            short = (f" {wording.value(value)}", style)
            spans += [short] if cells((*spans, short)) <= room else []
        else:
            spans.append(told)
    return tuple(spans)


def _title(frame: Frame, group: str, held: list[tuple[str, str]], *, chosen: bool) -> Line:
    spans: list[Span] = [(group.replace("_", " "), "key" if chosen else "title")]
    glyphs = frame.glyphs
    drawn = dict.fromkeys((name, style) for name, style in held if style != "raw")
    for name, style in drawn if len(drawn) > 1 or "/" in str(held) else ():
        mark = glyphs.point if style == "valid" else glyphs.across
        spans.append((f"  {mark} {name.split('/')[0]}", style))
    return tuple(spans)


def _right(frame: Frame, group: str, room: int) -> Line:
    look = frame.options.look
    parts = [_schedule(frame)] if group == "lr" and _schedule(frame) else []
    if look.window is not None:
        parts.append(f"{place(look.axis, look.window[0])} to {place(look.axis, look.window[1])}")
    if look.axis != "epoch":
        parts.append(f"by {look.axis}")
    if look.log:
        parts.append("log scale")
    if look.smooth:
        parts.append(f"smooth {look.smooth:g}")
    best = best_of(f"valid/{group}", frame.view) if has_best(group) else None
    spans: Line = ()
    if best is not None:
        falling = mode_of(f"valid/{group}", frame.view) == "min"
        glyph = frame.glyphs.falling if falling else frame.glyphs.up
        at = f"{wording.value(best.value)} @ e{best.epoch}"
        spans = ((f"{glyph} best {at}" if room >= len(at) + 8 else f"{glyph} {at}", "best"),)
    offered = groups(frame.view)
    told = " · ".join(parts)
    if told:
        spans = ((told + ("  " if spans else ""), "dim"), *spans)
    if cells(spans) > room:
        spans = spans[:1] if told and cells_of(told) <= room else ()
    return spans if offered else ()


def _schedule(frame: Frame) -> str:
    """How the learning rate is planned to go."""
    facts = frame.view.facts
    warmup = facts.setting("train.scheduler.warmup")
    told = f", warm-up {warmup}" if warmup and not warmup.startswith("0 ") else ""
    return facts.setting("train.scheduler.type") + told


def _empty(frame: Frame, width: int, height: int) -> list[Line]:
    told = "nothing recorded" if frame.is_over else awaited(frame)[0]
    if frame.view.position.epoch and not frame.is_over:
        told = "no value yet"
    middle = max(0, (height - 1) // 2)
    gap = " " * max(0, (width - cells_of(told)) // 2)
    return [line("")] * middle + [line(gap, (told, "dim"))]
