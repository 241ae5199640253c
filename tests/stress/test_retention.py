"""Random histories of saves, crashes and changed retention against a list of what must be kept."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import torch

from neurotrain.engine.checkpoint import CheckpointFolder, load
from tests.engine.test_storage import CountingDisk, Crash
from tests.stress.conftest import Effort


class Reference:
    """What a folder must hold, in a dozen lines."""

    def __init__(self) -> None:
        self.best = self.last = 0
        self.numbered: list[int] = []

    def save(self, epoch: int, *, best: bool, number: bool, keep: int) -> None:
        """Note a save that was not disturbed."""
        self.last = epoch
        self.best = epoch if best else self.best
        if number:
            self.numbered.append(epoch)
        self.numbered = self.numbered[-keep:]

    def holds(self) -> dict[str, int]:
        """The epoch in each file."""
        found = {f"epoch-{number:04d}.pth": number for number in self.numbered}
        found |= {"last.pth": self.last} if self.last else {}
        return found | ({"best.pth": self.best} if self.best else {})


def state(epoch: int) -> dict[str, Any]:
    """A state that can be told from others."""
    return {"model_state_dict": {"w": torch.full((2,), float(epoch))}, "epoch": epoch}


def history(draw: Random, folder: Path) -> None:
    """One history; after every operation, the newest valid state and the best are there."""
    reference, keep = Reference(), draw.randint(1, 3)
    for epoch in range(1, draw.randint(3, 9)):
        best, number = draw.random() < 0.4, draw.random() < 0.6
        keep = draw.randint(1, 3) if draw.random() < 0.2 else keep
        if draw.random() < 0.3:
            crashing = CheckpointFolder(folder, CountingDisk(draw.randint(1, 12)))
            try:
                crashing.save(
                    state(epoch), best=best, epoch=epoch if number else None, keep_last=keep
                )
            except Crash:
                assert_safe(folder, reference, epoch)
        found = CheckpointFolder(folder)
        found.save(state(epoch), best=best, epoch=epoch if number else None, keep_last=keep)
        reference.save(epoch, best=best, number=number, keep=keep)
        held = {file.name: load(file)["epoch"] for file in folder.iterdir()}
        assert held == reference.holds()


def assert_safe(folder: Path, reference: Reference, epoch: int) -> None:
    """After a crash in the save of `epoch`: that state or the one before, and a whole best."""
    found = CheckpointFolder(folder).newest()
    if reference.last == 0:
        assert found is None or found.state["epoch"] == epoch
        return
    assert found is not None
    assert not found.passed_over
    assert found.state["epoch"] in (reference.last, epoch)
    if reference.best:
        assert load(folder / "best.pth")["epoch"] in (reference.best, epoch)


def test_random_histories_keep_what_they_must(tmp_path: Path, effort: Effort) -> None:
    """Nothing that is the newest or the best is ever lost."""
    draw = effort.random("retention")
    for _ in range(effort.times(40, 10_000)):
        folder = tmp_path / "checkpoints"
        history(draw, folder)
        for file in folder.iterdir():
            file.unlink()
