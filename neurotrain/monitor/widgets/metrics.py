"""The table of metrics: last value, best value, the epoch of the best."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.plots import best_of, has_best
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.pane import Pane

_WIDE: Final = 38


class Metrics(Pane):
    """Every recorded metric, validation first, then training, then the rates."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the table; rows that do not fit are told of."""
        inner = width - 2
        rows = [*_metric_rows(frame, inner), *_position_rows(frame.view, inner)]
        room = height - 3
        if len(rows) > room > 1:
            rows = [*rows[: room - 1], line((f" and {len(rows) - room + 1} more", "dim"))]
        num, cells = _columns(inner)
        head = fit("", inner - cells * num - 1)
        names = "".join(fit(name, cells, right=True) for name in ("last", "best", "change")[:num])
        body = [line((head + names, "dim")), *rows]
        return box(line(("Metrics", "title")), (), body, width, height, frame.glyphs)


def num_rows(view: View) -> int:
    """How many rows the table has."""
    return len(_names(view)) + len(_position_rows(view, 40))


def _columns(inner: int) -> tuple[int, int]:
    """How many columns of values, and their cells."""
    return (3 if inner >= _WIDE else 2), 8


def _names(view: View) -> list[str]:
    names = [name for name in view.by_epoch if has_best(name)]
    order = {"valid": 0, "train": 1}
    monitored = view.facts.monitor
    return sorted(names, key=lambda name: (name != monitored, order.get(name.split("/")[0], 2)))


def _metric_rows(frame: Frame, inner: int) -> list[Line]:
    return [_metric_row(frame, name, inner) for name in _names(frame.view)]


def _metric_row(frame: Frame, name: str, inner: int) -> Line:
    series = frame.view.by_epoch[name]
    recent = series.recent
    last = wording.value(recent[-1].last) if recent else "–"
    best = best_of(name, frame.view)
    is_best = best is not None and recent and recent[-1].last == best.value
    columns, cells = _columns(inner)
    label = fit(f" {name}", inner - cells * columns - 1)
    style = "title" if name == frame.view.facts.monitor else "plain"
    shown = wording.value(best.value) if best is not None else "–"
    spans = [
        (label, style),
        (fit(last, cells, right=True), "plain"),
        (fit(shown, cells, right=True), "best" if is_best else "plain"),
    ]
    if columns == 3:
        change = recent[-1].last - recent[-2].last if len(recent) > 1 else None
        spans.append((fit(wording.change(change), cells, right=True), "dim"))
    star = frame.glyphs.star if is_best else " "
    spans.append((star, "best"))
    return tuple(spans)


def _position_rows(view: View, inner: int) -> list[Line]:
    position = view.position
    columns, cells = _columns(inner)
    rows = [
        ("lr", wording.small(position.lr), position.lr),
        ("grad norm", wording.value(position.grad_norm), position.grad_norm),
        ("samples/s", wording.small(position.samples_per_s), position.samples_per_s),
        ("data wait", wording.percent(position.data_wait), position.data_wait),
    ]
    return [
        line(fit(f" {name}", inner - cells * columns - 1), fit(told, cells, right=True))
        for name, told, known in rows
        if known is not None
    ]
