"""The epochs one by one, the newest first: losses, the main metric, seconds."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.plots import best_epoch, group_of, main_group
from neurotrain.monitor.series import Series
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.pane import Pane

_COLUMN: Final = 8
_WIDEST: Final = 13
_SECONDS: Final = "seconds"


class Epochs(Pane):
    """A row an epoch."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the newest epochs."""
        view = frame.view
        columns = _columns(view, (width - 8) // _COLUMN)
        cells = min(_WIDEST, (width - 9) // max(1, len(columns)))
        best = best_epoch(view)
        names = "".join(fit(f" {name}", cells, right=True) for name in columns)
        body = [line(("      " + names, "dim"))]
        for epoch in _newest(columns, max(0, height - 3)):
            star = frame.glyphs.star if epoch == best else " "
            told = "".join(
                fit(_told(name, known.get(epoch)), cells, right=True)
                for name, known in columns.items()
            )
            body.append(line((f" {epoch:>3}", "plain"), (f"{star} ", "best"), told))
        return box(line(("Epochs", "title")), (), body, width, height, frame.glyphs)


def _told(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if name == _SECONDS else wording.value(value)


def _columns(view: View, num: int) -> dict[str, dict[int, float]]:
    """The losses, the main metric, other metrics as they fit, and the seconds."""
    main = main_group(view)
    found = {
        "train": _by_epoch(view, "train/loss"),
        "valid": _by_epoch(view, "valid/loss"),
        main: _by_epoch(view, f"valid/{main}"),
    }
    others = [name for name in view.by_epoch if name.startswith("valid/")]
    for name in others[: max(0, num - 1)]:
        if len(found) < num - 1:
            found.setdefault(group_of(name), _by_epoch(view, name))
    found.pop("loss", None)
    if num > len(found) and view.epoch_times:
        here = [took for took in view.epoch_times if took.training == view.training]
        found[_SECONDS] = {took.epoch: took.seconds for took in here}
    return found


def _by_epoch(view: View, name: str) -> dict[int, float]:
    recent = view.by_epoch.get(name, Series()).recent
    return {int(bucket.last_x): bucket.last for bucket in recent}


def _newest(columns: dict[str, dict[int, float]], num: int) -> list[int]:
    known = {epoch for column in columns.values() for epoch in column}
    return sorted(known, reverse=True)[:num]
