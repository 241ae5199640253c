"""The plan against what happened, then every setting of the plan."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.actual import compare, eta, total_time
from neurotrain.monitor.clean import fit
from neurotrain.monitor.forecast import run_left
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.plan import rows as plan_rows

_NAME: Final = 27
_COLUMN: Final = 18
_USUAL: Final = 56


class Actual(Pane):
    """A row for each number of the plan that can be measured, and what is left of the time."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the rows that fit."""
        title = line(("Plan and actual", "title"))
        body, room = rows(frame, width - 2), height - 2
        if len(body) > room > 2:
            body = [*body[: room - 1], line((f" and {len(body) - room + 1} more", "dim"))]
        return box(title, (), body, width, height, frame.glyphs)


class Settings(Pane):
    """Every decided value by its path, to be scrolled."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the rows from where it was scrolled to."""
        settings = frame.view.facts.settings
        room = max(1, height - 2)
        down = min(frame.options.scrolled, max(0, len(settings) - room))
        longest = max((len(path) for path, _ in settings), default=0)
        name = max(16, min(longest, width - 24))
        body = [
            line((f" {fit(path, name)} ", "dim"), told)
            for path, told in settings[down : down + room]
        ] or [line((" the run has told none", "dim"))]
        shown = f"{down + 1}-{min(len(settings), down + room)} of {len(settings)}"
        right = line((shown, "dim")) if settings else ()
        return box(line(("Settings", "title")), right, body, width, height, frame.glyphs)


def rows(frame: Frame, width: int = _USUAL) -> list[Line]:
    """The lines of the box; where it is narrow the columns are, too."""
    name, column = (_NAME, _COLUMN) if width >= _USUAL else (_NAME - 11, _COLUMN - 8)
    head = f" {fit('', name)}{fit('planned', column)}actual"
    found = [line((head, "dim")), *_time(frame, name, column)]
    for row in compare(frame.view):
        style = "warn" if row.is_over else "plain"
        found.append(
            line((f" {fit(row.name, name)}", "dim"), fit(row.planned, column), (row.actual, style))
        )
    return [*found, line(""), *plan_rows(frame)]


def _time(frame: Frame, name: int, column: int) -> list[Line]:
    """What the whole run takes by its pace so far, what it took, and what is left."""
    elapsed = wording.duration(frame.elapsed_s)
    total = total_time(frame.view, frame.elapsed_s) or "–"
    row = line((f" {fit('time', name)}", "dim"), fit("" if frame.is_over else total, column))
    if frame.is_over:
        return [line(*row, elapsed)]
    left = eta(run_left(frame.view)) or "what is left is told after an epoch"
    return [line(*row, elapsed), line((f" {fit('', name)}{left}", "dim"))]
