"""When a training saves, and what it tells about it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from neurotrain.component.durations import Duration
from neurotrain.engine.checkpoint import CheckpointFolder
from neurotrain.engine.loop_state import LoopState
from neurotrain.engine.reporter import Reporter
from neurotrain.spec.train import Checkpoints

SAVE_INTERVAL_S: Final = 10.0


class Saver:
    """Saves the state of a training after epochs where it is due, and at once where asked."""

    def __init__(
        self, checkpoints: CheckpointFolder, options: Checkpoints, reporter: Reporter
    ) -> None:
        self._checkpoints, self._options, self._reporter = checkpoints, options, reporter
        self._last_s = time.monotonic()

    def complete(self, path: Path, state: LoopState) -> None:
        """Finish the save that a checkpoint comes from; a kill may have cut it off."""
        finished = state.epoch - 1
        if state.batch == 0 and finished > 0:
            number = finished if self._is_numbered(finished) else None
            self._checkpoints.complete(path, best=state.best.epoch == finished, epoch=number)

    def _is_numbered(self, finished: int) -> bool:
        every = self._options.every
        return every is not None and finished % Duration.parse(every).count == 0

    def after_epoch(
        self, state: dict[str, Any], finished: int, *, is_best: bool, is_end: bool
    ) -> None:
        """Save where it is due: the best, by number, at the end, or after a while."""
        numbered = self._is_numbered(finished)
        is_due = time.monotonic() - self._last_s >= SAVE_INTERVAL_S
        if is_best or numbered or is_end or is_due:
            self.save(state, finished, best=is_best, number=finished if numbered else None)

    def save(
        self, state: dict[str, Any], epoch: int, *, best: bool = False, number: int | None = None
    ) -> None:
        """Save the state; `epoch` is the last one that it has something of."""
        started_s = time.monotonic()
        num_bytes, removed = self._checkpoints.save(
            state, best=best, epoch=number, keep_last=self._options.keep_last
        )
        self._last_s = time.monotonic()
        written = {"last": "last.pth", **({"best": "best.pth"} if best else {})}
        written |= {"epoch": f"epoch-{number:04d}.pth"} if number else {}
        folder = self._checkpoints.folder.relative_to(self._reporter.run_dir)
        for role, name in written.items():
            gone = [str(folder / path.name) for path in removed] if role == "epoch" else []
            self._reporter.tell(
                "checkpoint.saved", step=state["step"], epoch=epoch, path=str(folder / name),
                roles=[role], bytes=num_bytes, seconds=self._last_s - started_s, removed=gone,
            )  # fmt: skip
