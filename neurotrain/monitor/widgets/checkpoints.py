"""The saved checkpoints: the newest first, and which is the best and the last."""

from __future__ import annotations

from pathlib import PurePosixPath

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.view import Checkpoint
from neurotrain.monitor.widgets.pane import Pane


class Checkpoints(Pane):
    """A row a file: name, epoch, size, role."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the rows that fit."""
        saved = sorted(frame.view.checkpoints, key=lambda one: (one.step, one.time), reverse=True)
        body = [_row(frame, one, width - 2) for one in saved]
        if not body:
            body = [line((" none yet", "dim"))]
        total = sum(one.num_bytes or 0 for one in saved)
        right = line((wording.size(total), "dim")) if total else ()
        title = line(("Checkpoints", "title"))
        return box(title, right, body, width, height, frame.glyphs)


def _row(frame: Frame, saved: Checkpoint, inner: int) -> Line:
    best = "best" in saved.roles
    mark = frame.glyphs.star if best else frame.glyphs.saved
    name = fit(PurePosixPath(saved.path).name, max(8, inner - 22))
    style = "best" if best else "accent"
    return line(
        " ", (mark, style), f" {name}", f" {fit(f'e{saved.epoch}', 5)}",
        (fit(wording.size(saved.num_bytes), 9, right=True), "dim"), (" ", "plain"),
    )  # fmt: skip
