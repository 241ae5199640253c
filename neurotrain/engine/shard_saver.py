"""When a training on many processes saves: parts and manifest first, then the whole weights.

`last.pth` and `best.pth` hold the whole weights, for test, prediction and other programs; a resume
starts from the parts.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from neurotrain.engine.checkpoint import CheckpointFolder
from neurotrain.engine.deepspeed_engine import DeepSpeedEngine
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.saver import Saver
from neurotrain.engine.shards import ShardFolder
from neurotrain.spec.train import Checkpoints


class ShardSaver(Saver):
    """Saves on all processes at once; the training waits for it."""

    def __init__(
        self, checkpoints: CheckpointFolder, options: Checkpoints, reporter: Reporter,
        shards: ShardFolder, engine: DeepSpeedEngine,
    ) -> None:  # fmt: skip
        super().__init__(checkpoints, options, reporter)
        self._shards, self._engine = shards, engine

    @property
    def _ranks(self) -> Ranks:
        return self._shards.ranks

    def renew(self, state: dict[str, Any], best_epoch: int) -> None:
        """Write the whole weights of a checkpoint that is resumed; a kill may have cut it off.

        A state of the torch engine's lies in them alone: then the parts come first.
        """
        if not self._ranks.first(self._shards.has_any):
            self._shards.save(state, self._engine)
        if self._ranks.leads:
            best, number = self._names_of(state, best_epoch)
            self._write_whole(state, is_best=best, number=number)
        self._ranks.wait()

    def is_due(self, finished: int, *, is_best: bool, is_end: bool) -> bool:
        """Whether an epoch is to be saved, for all processes alike."""
        return self._ranks.any(super().is_due(finished, is_best=is_best, is_end=is_end))

    def after_epoch(
        self, state: dict[str, Any], finished: int, *, is_best: bool, is_end: bool
    ) -> None:
        """Save at once: no process has the whole state, to hold it in memory."""
        number = finished if self._is_numbered(finished) else None
        self.save(state, finished, best=is_best, number=number)

    def save(
        self, state: dict[str, Any], epoch: int, *, best: bool = False, number: int | None = None
    ) -> None:
        """Save on all processes.

        Raises:
            OSError: it cannot be written; the checkpoint before it stands.
        """
        started_s = time.monotonic()
        num_bytes = self._shards.save(state, self._engine)
        if self._ranks.leads:
            whole_bytes, removed = self._write_whole(state, is_best=best, number=number)
            taken_s = time.monotonic() - started_s
            self._tell(
                state["step"], epoch, best=best, number=number, removed=removed,
                bytes=whole_bytes, shards_bytes=num_bytes, seconds=taken_s, stall_s=taken_s,
            )  # fmt: skip
        self._ranks.wait()
        self._last_s = time.monotonic()

    def _write_whole(
        self, state: dict[str, Any], *, is_best: bool, number: int | None
    ) -> tuple[int, list[Path]]:
        return self._checkpoints.save(
            state, best=is_best, epoch=number, keep_last=self._options.keep_last
        )
