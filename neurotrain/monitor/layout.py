"""Which panes stand where on a screen of any size.

Pure arithmetic on cells: panes never overlap and never leave the screen. The header and the
progress stay at any size; the others drop out from the least important on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from neurotrain.monitor.frame import Shown

_MEDIUM: Final = 100
_LARGE: Final = 160
_TALL: Final = 24
"""Rows from which on a place for one thing has room for a second below it."""
_LEAST_CHART: Final = (36, 8)
MAX_CHARTS: Final = 12


class Place(NamedTuple):
    """A pane's rectangle in cells."""

    name: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run has to show, as far as it changes the arrangement."""

    early: bool = True
    """Early stopping, or at least a monitored metric."""
    ended: bool = False
    """A result or a failure to tell."""
    failed: bool = False
    """The end of the log says why, so it counts for more than the curves."""
    num_early_rows: int = 6
    num_trainings: int = 1
    num_result_rows: int = 6
    num_metrics: int = 8
    num_checkpoints: int = 3
    num_machine_rows: int = 2
    num_plan_rows: int = 11
    num_actual_rows: int = 20
    num_log_lines: int = 100
    """None where the run has the terminal to itself and logs there."""
    num_charts: int = 6
    """Groups of metrics for the grid."""


def arrange(
    width: int, height: int, wish: Wish, shown: Shown = "overview", *, is_large: bool = False
) -> tuple[Place, ...]:
    """The places of all visible panes of a view, in the order of rank."""
    top = _top(width, height, wish, shown)
    bottom = height - (1 if height >= 8 else 0)
    y = top[-1].y + top[-1].height if top else 0
    left = bottom - y
    if left < 3:
        body = []
    elif is_large:
        body = [Place("chart", 0, y, width, left)]
    elif shown == "overview":
        body = _body(width, y, left, wish)
    else:
        body = _view(width, y, left, wish, shown)
    footer = [Place("footer", 0, bottom, width, 1)] if height > bottom else []
    return (*top, *footer, *body)


def grid_size(width: int, height: int, num_charts: int) -> tuple[int, int]:
    """Columns and rows of the grid of charts: as few rows as the charts need."""
    columns = max(1, min(4, width // _LEAST_CHART[0], num_charts))
    rows = max(1, min(4, height // _LEAST_CHART[1], -(-num_charts // columns)))
    return min(columns, max(1, -(-num_charts // rows))), rows


def _view(width: int, y: int, height: int, wish: Wish, shown: Shown) -> list[Place]:
    """The body of a view that is not the overview."""
    if shown == "metrics":
        return _grid(width, y, height, wish)
    if shown == "plan":
        if width >= _MEDIUM:
            left = min(84, width * 11 // 20)
            return [Place("actual", 0, y, left, height),
                    Place("settings", left, y, width - left, height)]  # fmt: skip
        upper = min(wish.num_actual_rows + 2, height * 2 // 3) if height >= 12 else height
        lower = [Place("settings", 0, y + upper, width, height - upper)]
        return [Place("actual", 0, y, width, upper), *(lower if height - upper >= 3 else [])]
    if shown == "log":
        return [Place("log", 0, y, width, height)]
    notes = height // 3 if height >= _TALL else 0
    main = Place("system" if shown == "system" else "saves", 0, y, width, height - notes)
    return [main, *([Place("notes", 0, y + height - notes, width, notes)] if notes else [])]


def _grid(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    """Charts side by side, and where there is room the table of the metrics."""
    table = 42 if width >= 120 else 0
    room = width - table
    columns, rows = grid_size(room, height, max(1, wish.num_charts))
    places = []
    for at in range(min(columns * rows, MAX_CHARTS, max(1, wish.num_charts))):
        column, row = at % columns, at // columns
        x, top = room * column // columns, height * row // rows
        wide, high = room * (column + 1) // columns - x, height * (row + 1) // rows - top
        places.append(Place(f"grid_{at}", x, y + top, wide, high))
    return places + ([Place("metrics", room, y, table, height)] if table else [])


def _top(width: int, height: int, wish: Wish, shown: Shown) -> list[Place]:
    """The rows that stay at the top: state, views, progress, early stopping, stages."""
    wide = width >= _MEDIUM and height >= 30
    roomy = height >= 20 and width >= 60 and wish.num_early_rows > 1
    early_rows = 0 if wide or not wish.early else 2 if roomy else 1
    early_rows = early_rows if shown == "overview" else 0
    least = 20 if wish.num_trainings > 1 else 26
    stages = height >= least and not (width >= _LARGE and height >= 30 and shown == "overview")
    wanted = [
        ("header", 1, 1),
        ("progress", 2 if height >= 6 else 1, 2),
        ("early_row", early_rows if height >= 9 else 0, 10),
        ("tabs", 1 if height >= 13 else 0, 13),
        ("stages", 1 if stages else 0, least),
    ]
    order = ["header", "tabs", "stages", "progress", "early_row"]
    rows = {name: rows for name, rows, least in wanted if height >= least and rows}
    places, y = [], 0
    for name in order:
        if name in rows:
            places.append(Place(name, 0, y, width, rows[name]))
            y += rows[name]
    return places


def _body(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    if width >= _LARGE and height >= 30:
        return _large(width, y, height, wish)
    if width >= _MEDIUM and height >= 22:
        return _medium(width, y, height, wish)
    return _small(width, y, height, wish)


def _small(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    if height < 3:
        return []
    if wish.ended:
        return _small_ended(width, y, height, wish)
    log = 0 if height < 11 else min(8 if height < 2 * _TALL else 14, max(3, height // 3))
    machine = 1 if height >= 14 else 0
    places = _chart_and_table(width, y, height - log - machine, wish)
    y += height - log - machine
    if machine:
        places.append(Place("machine_row", 0, y, width, 1))
    if log:
        places.append(Place(_course(wish), 0, y + machine, width, log))
    return places


def _small_ended(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    result = min(height, wish.num_result_rows + 2)
    chart = height - result
    if chart < 6:
        return [Place("result", 0, y, width, height)]
    log = 0 if chart < 14 else min(8, chart // 3)
    if wish.failed:
        log = chart if chart < 16 else chart // 2
    places = _chart_and_table(width, y, chart - log, wish)
    places.append(Place("result", 0, y + chart - log, width, result))
    if log:
        places.append(Place(_course(wish), 0, y + chart - log + result, width, log))
    return places


def _log_rows(height: int, least: int, most: int, wish: Wish) -> int:
    """A quarter of the height; after a failure half of it, where there is so much to read."""
    usual = max(least, min(most, height // 4))
    return max(usual, min(height // 2, wish.num_log_lines + 2)) if wish.failed else usual


def _course(wish: Wish) -> str:
    """What tells how the run went, line by line."""
    return "log" if wish.num_log_lines else "epochs"


def _chart_and_table(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    table = 34 if width >= 76 else 0
    if height < 4:
        return []
    lower = height * 2 // 5 if height >= _TALL else 0
    places = [Place("chart", 0, y, width - table, height - lower)]
    if lower:
        places.append(Place("chart_metric", 0, y + height - lower, width - table, lower))
    if not table:
        return places
    saved = wish.num_checkpoints + 2 if height >= wish.num_metrics + wish.num_checkpoints + 6 else 0
    places.append(Place("metrics", width - table, y, table, height - saved))
    if saved:
        places.append(Place("checkpoints", width - table, y + height - saved, table, saved))
    return places


def _medium(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    side = 42
    log = _log_rows(height, 6, 12, wish)
    places = _charts(0, y, width - side, height - log, num_small=2)
    places.append(Place(_course(wish), 0, y + height - log, width - side, log))
    return places + _side(width - side, y, side, height, wish, notes=False)


def _large(width: int, y: int, height: int, wish: Wish) -> list[Place]:
    left, side = 42, 50
    log = _log_rows(height, 8, 14, wish) if wish.num_log_lines else 0
    middle = width - left - side
    places = _charts(left, y, middle, height - log, num_small=2)
    if log:
        places.append(Place("log", left, y + height - log, middle, log))
    stages = min(wish.num_plan_rows + 2, height // 3)
    saved = min(max(wish.num_checkpoints, 3) + 2, height // 3)
    places.append(Place("plan", 0, y, left, stages))
    places.append(Place("epochs", 0, y + stages, left, height - stages - saved))
    places.append(Place("checkpoints", 0, y + height - saved, left, saved))
    return places + _side(width - side, y, side, height, wish, notes=True)


def _charts(x: int, y: int, width: int, height: int, *, num_small: int) -> list[Place]:
    lower = height * 2 // 5
    places = [Place("chart", x, y, width, height - lower)]
    each = width // num_small
    names = ("chart_metric", "chart_lr")
    for at, name in enumerate(names):
        wide = each if at < num_small - 1 else width - each * (num_small - 1)
        places.append(Place(name, x + at * each, y + height - lower, wide, lower))
    return places


def _side(x: int, y: int, width: int, height: int, wish: Wish, *, notes: bool) -> list[Place]:
    """The right column, from the top: result, early stopping, metrics, the rest as it fits."""
    places: list[Place] = []
    left = height
    least = 5

    def place(name: str, rows: int, keep: int) -> None:
        """Put a pane below the others where enough rows stay free."""
        nonlocal left
        if rows >= 3 and left - rows >= keep:
            places.append(Place(name, x, y + height - left, width, rows))
            left -= rows

    if wish.ended:
        early = wish.num_early_rows + 2 if wish.early else 0
        place("result", min(wish.num_result_rows + 2, max(3, left - early - least)), least)
    if wish.early:
        place("early", wish.num_early_rows + 2, least)
    metrics_rows = wish.num_metrics + 3
    others = [] if notes else [("checkpoints", wish.num_checkpoints + 2)]
    others += [("machine", wish.num_machine_rows + 2)]
    others += [("notes", 6)]
    fitting: list[tuple[str, int]] = []
    room = left - min(metrics_rows, max(least, left // 2))
    for name, rows in others:
        if rows <= room:
            fitting.append((name, rows))
            room -= rows
    last = fitting[-1][0] if fitting else "metrics"
    total = sum(rows for _, rows in fitting)
    place("metrics", left if not fitting else max(least, min(metrics_rows, left - total)), 0)
    for name, rows in fitting:
        place(name, left if name == last else rows, 0)
    return places
