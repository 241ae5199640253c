"""The epochs one by one, the newest first: losses, the main metric, seconds."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.plots import best_epoch, main_group
from neurotrain.monitor.series import Series
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.pane import Pane

_COLUMN: Final = 8


class Epochs(Pane):
    """A row an epoch."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the newest epochs."""
        view = frame.view
        columns = {
            "train": _by_epoch(view, "train/loss"),
            "valid": _by_epoch(view, "valid/loss"),
            main_group(view)[: _COLUMN - 1]: _by_epoch(view, f"valid/{main_group(view)}"),
        }
        best = best_epoch(view)
        names = "".join(fit(name, _COLUMN, right=True) for name in columns)
        body = [line(("      " + names, "dim"))]
        for epoch in _newest(columns, max(0, height - 3)):
            star = frame.glyphs.star if epoch == best else " "
            told = "".join(
                fit(wording.value(known[epoch]) if epoch in known else "", _COLUMN, right=True)
                for known in columns.values()
            )
            body.append(line((f" {epoch:>3}", "plain"), (f"{star} ", "best"), told))
        return box(line(("Epochs", "title")), (), body, width, height, frame.glyphs)


def _by_epoch(view: View, name: str) -> dict[int, float]:
    recent = view.by_epoch.get(name, Series()).recent
    return {int(bucket.last_x): bucket.last for bucket in recent}


def _newest(columns: dict[str, dict[int, float]], num: int) -> list[int]:
    known = {epoch for column in columns.values() for epoch in column}
    return sorted(known, reverse=True)[:num]
