"""The saved checkpoints in short: the newest first, and what the next save deletes."""

from __future__ import annotations

from pathlib import PurePosixPath

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.saving import next_save
from neurotrain.monitor.view import Checkpoint
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.saves import mark_of, state_of


class Checkpoints(Pane):
    """A row a file: name, epoch, size, whether it was verified."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the rows that fit."""
        saved = sorted(frame.view.checkpoints, key=lambda one: (one.step, one.time), reverse=True)
        body = [_row(frame, one, width - 2) for one in saved]
        if not body:
            body = [line((" none yet", "dim"))]
        coming = next_save(frame.view)
        if coming is not None and not frame.is_over and height > 4:
            names = ", ".join(PurePosixPath(path).name for path in coming.deletes)
            gone = f", deletes {names}" if names else ""
            body = [*body[: height - 3], line((f" next e{coming.epoch}{gone}", "dim"))]
        total = sum({one.step: one.all_bytes for one in saved}.values())
        right = line((wording.size(total), "dim")) if total else ()
        title = line(("Checkpoints", "title"))
        return box(title, right, body, width, height, frame.glyphs)


def _row(frame: Frame, saved: Checkpoint, inner: int) -> Line:
    name = fit(PurePosixPath(saved.path).name, max(8, inner - 24))
    told, style = state_of(frame, saved)
    short = {"verified": frame.glyphs.done, "not verified": " "}.get(told, frame.glyphs.warning)
    best = "best" in saved.roles
    return line(
        " ", mark_of(frame, saved), (f" {name}", "best" if best else "plain"),
        f" {fit(f'e{saved.epoch}', 5)}",
        (fit(wording.size(saved.num_bytes), 9, right=True), "dim"), (f" {short} ", style),
    )  # fmt: skip
