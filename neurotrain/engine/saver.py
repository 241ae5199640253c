"""When a training saves, and what it tells about it.

The training waits for the copy of its state to host memory alone; a thread writes it out. There is
one write at a time, and retention and the pointer to the newest come after the durable write, so
that a kill at any instant leaves a valid checkpoint. Where epochs follow fast, a best state waits
in memory for the next save, and one that is surpassed meanwhile is never written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import torch

from neurotrain.component.durations import Duration
from neurotrain.engine.checkpoint import LAST, CheckpointFolder, CorruptCheckpoint, verify
from neurotrain.engine.loop_state import LoopState
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.shards import ShardFolder
from neurotrain.engine.signals import Interrupted
from neurotrain.spec.train import Checkpoints

SAVE_INTERVAL_S: Final = 10.0


class _Held(NamedTuple):
    """The best state, in host memory and not yet written."""

    state: dict[str, Any]
    epoch: int


class Saver:
    """Saves the state of a training after epochs where it is due, and at once where asked.

    A context: leaving it waits for the write that is under way.
    """

    def __init__(
        self, checkpoints: CheckpointFolder, options: Checkpoints, reporter: Reporter
    ) -> None:
        self._checkpoints, self._options, self._reporter = checkpoints, options, reporter
        self._last_s = time.monotonic()
        self._write: _Write | None = None
        self._held: _Held | None = None

    def __enter__(self) -> Saver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if error is None or isinstance(error, Interrupted):
            self.wait()
            self._write_held()
            return
        if self._write is not None:
            self._write.join()
        try:
            self._write_held()
        except OSError as second:
            message = f"the best state is not saved: {second}"
            self._reporter.tell("warning.raised", message=message)

    def _write_held(self) -> None:
        """Write the best state that waits, if one does."""
        held, self._held = self._held, None
        if held is not None:
            self._write_out(held.state, held.epoch, best=True)

    def complete(self, path: Path, state: LoopState) -> None:
        """Finish the save that a checkpoint comes from; a kill may have cut it off."""
        finished = state.epoch - 1
        if state.batch == 0 and finished > 0:
            number = finished if self._is_numbered(finished) else None
            self._checkpoints.complete(path, best=state.best.epoch == finished, epoch=number)

    def take_over(self, state: dict[str, Any], best_epoch: int, shards: ShardFolder) -> None:
        """Write a state that comes from another spread over processes, and then remove its parts.

        Raises:
            OSError: it cannot be written; the parts stand.
        """
        best, number = self._names_of(state, best_epoch)
        self.save(state, max(1, state["epoch"] - 1), best=best, number=number)
        self.wait()
        shards.clear()

    def _names_of(self, state: dict[str, Any], best_epoch: int) -> tuple[bool, int | None]:
        """Whether a state is the best, and its number if it has one."""
        finished = state["epoch"] - 1 if state["batch"] == 0 else 0
        number = finished if finished and self._is_numbered(finished) else None
        return finished > 0 and best_epoch == finished, number

    def _is_numbered(self, finished: int) -> bool:
        every = self._options.every
        return every is not None and finished % Duration.parse(every).count == 0

    def is_due(self, finished: int, *, is_best: bool, is_end: bool) -> bool:
        """Whether an epoch is to be saved: the best, by number, at the end, or after a while."""
        return is_best or self._is_urgent(finished, is_end=is_end)

    def _is_urgent(self, finished: int, *, is_end: bool) -> bool:
        waited = time.monotonic() - self._last_s >= SAVE_INTERVAL_S
        return is_end or waited or self._is_numbered(finished)

    def after_epoch(
        self, state: dict[str, Any], finished: int, *, is_best: bool, is_end: bool
    ) -> None:
        """Save the state at the end of an epoch under all its names, or hold the best for a while.

        The first one is never held, so that there is a checkpoint from the first epoch on.
        """
        number = finished if self._is_numbered(finished) else None
        is_first = self._write is None and not (self._checkpoints.folder / LAST).exists()
        if is_first or self._is_urgent(finished, is_end=is_end):
            self.save(state, finished, best=is_best, number=number)
        else:
            self._held = _Held(on_host(state), finished)

    def save(
        self, state: dict[str, Any], epoch: int, *, best: bool = False, number: int | None = None
    ) -> None:
        """Copy the state and have it written; `epoch` is the last one that it has something of.

        Raises:
            OSError: the write before this one failed.
        """
        self.wait()
        started_s = time.monotonic()
        copied = on_host(state)
        stall_s = time.monotonic() - started_s
        held, self._held = self._held, None

        def write() -> None:
            if held is not None and not best:
                self._write_out(held.state, held.epoch, best=True)
            self._write_out(copied, epoch, best=best, number=number, stall_s=stall_s)

        self._last_s = time.monotonic()
        self._write = _Write(write)

    def _write_out(
        self, copied: dict[str, Any], epoch: int, *, best: bool, number: int | None = None,
        stall_s: float = 0.0,
    ) -> None:  # fmt: skip
        """Write a copied state and tell it."""
        started_s = time.monotonic()
        num_bytes, removed = self._checkpoints.save(
            copied, best=best, epoch=number, keep_last=self._options.keep_last
        )
        self._tell(
            copied["step"], epoch, best=best, number=number, removed=removed, bytes=num_bytes,
            verified=self._reads_back(), seconds=time.monotonic() - started_s + stall_s,
            stall_s=stall_s,
        )  # fmt: skip

    def check(self) -> None:
        """Raise what a write that is over failed with; never waits."""
        if self._write is not None and not self._write.is_alive():
            self.wait()

    def wait(self) -> None:
        """Wait for the write that is under way.

        Raises:
            OSError: it failed; the checkpoint before it stands.
        """
        write, self._write = self._write, None
        if write is not None:
            write.join()
            if write.failure is not None:
                raise write.failure

    def _reads_back(self) -> bool:
        """Whether what was written reads back as written; told as a warning where it does not."""
        try:
            verify(self._checkpoints.folder / LAST)
        except (CorruptCheckpoint, OSError) as error:
            self._reporter.tell("warning.raised", message=f"written and not readable: {error}")
            return False
        return True

    def _tell(
        self, step: int, epoch: int, *, best: bool, number: int | None, removed: list[Path],
        **measured: float,
    ) -> None:  # fmt: skip
        written = {"last": "last.pth", **({"best": "best.pth"} if best else {})}
        written |= {"epoch": f"epoch-{number:04d}.pth"} if number else {}
        folder = self._checkpoints.folder.relative_to(self._reporter.run_dir)
        for role, name in written.items():
            gone = [str(folder / path.name) for path in removed] if role == "epoch" else []
            self._reporter.tell(
                "checkpoint.saved", step=step, epoch=epoch, path=str(folder / name), roles=[role],
                removed=gone, **measured,
            )  # fmt: skip


class _Write(threading.Thread):
    """One write on a thread of its own; whatever it fails with is kept for the training."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="checkpoint-writer")
        self._work = work
        self.failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Write; the training raises what this ran into."""
        try:
            self._work()
        except BaseException as error:  # carried to the training's thread and raised there
            self.failure = error


def on_host(state: dict[str, Any]) -> dict[str, Any]:
    """A copy in host memory that later updates do not change; tied weights stay tied."""
    copied: dict[str, Any] = _copied(state, {})
    return copied


def _copied(value: Any, copies: dict[tuple[Any, ...], torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        place = (value.data_ptr(), value.dtype, value.shape, value.stride())
        if place not in copies:
            copies[place] = value.detach().to("cpu", copy=True)
        return copies[place]
    if isinstance(value, dict):
        return {key: _copied(below, copies) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(below, copies) for below in value)
    return value
