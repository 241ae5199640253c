"""Saving beside the training: what is written is the state of its time, and failures arrive."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from torch import nn

from neurotrain.engine.checkpoint import CheckpointFolder, load
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.saver import Saver, on_host
from neurotrain.engine.signals import Interrupted
from neurotrain.engine.storage import Disk
from neurotrain.recorder.events import read_all
from neurotrain.spec.train import Checkpoints


class SlowDisk(Disk):
    """A disk that does not answer until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def flush(self, file: BinaryIO) -> None:
        """Wait, then flush."""
        assert self.released.wait(30)
        super().flush(file)


class FullDisk(Disk):
    """A disk without space."""

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def state(model: nn.Module, step: int) -> dict[str, object]:
    """What a training with this model would save."""
    return {"model_state_dict": model.state_dict(), "step": step, "epoch": 1, "batch": step}


def saver(folder: Path, disk: Disk) -> Saver:
    """A saver into a run's folder."""
    checkpoints = CheckpointFolder(folder / "train/checkpoints")
    checkpoints.disk = disk
    return Saver(checkpoints, Checkpoints(), Reporter(folder))


def test_training_goes_on_while_the_disk_is_slow(tmp_path: Path) -> None:
    """Saving returns before the disk answers, and later updates do not reach the file."""
    disk, model = SlowDisk(), nn.Linear(3, 2)
    before = model.weight.detach().clone()
    with saver(tmp_path, disk) as saving:
        saving.save(state(model, 1), 1)
        with torch.no_grad():
            model.weight.add_(1.0)
        assert not (tmp_path / "train/checkpoints/last.pth").exists()
        disk.released.set()
    found = load(tmp_path / "train/checkpoints/last.pth")
    assert torch.equal(found["model_state_dict"]["weight"], before)
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "checkpoint.saved"]
    assert [event.step for event in told] == [1]
    assert told[0].data["stall_s"] <= told[0].data["seconds"]


def test_saves_are_written_one_after_the_other(tmp_path: Path) -> None:
    """The newest state is the last one written, however slow the disk was."""
    disk, model = Disk(), nn.Linear(3, 2)
    with saver(tmp_path, disk) as saving:
        for step in range(1, 6):
            saving.save(state(model, step), 1)
    assert load(tmp_path / "train/checkpoints/last.pth")["step"] == 5


def test_a_full_disk_is_told_to_the_training(tmp_path: Path) -> None:
    """The failure is raised at the next look, and the checkpoint before it stands."""
    model = nn.Linear(3, 2)
    with saver(tmp_path, Disk()) as saving:
        saving.save(state(model, 1), 1)
    full = saver(tmp_path, FullDisk())
    full.save(state(model, 2), 1)
    with pytest.raises(OSError, match="No space left"):
        full.wait()
    full.check()
    assert load(tmp_path / "train/checkpoints/last.pth")["step"] == 1


def test_an_error_of_the_training_waits_for_the_write(tmp_path: Path) -> None:
    """A training that fails leaves the checkpoint that it had begun to write."""
    model = nn.Linear(3, 2)

    def fails() -> None:
        with saver(tmp_path, Disk()) as saving:
            saving.save(state(model, 7), 1)
            raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged"):
        fails()
    assert load(tmp_path / "train/checkpoints/last.pth")["step"] == 7


def told_of(folder: Path) -> list[tuple[str, int]]:
    """What was written, by role and step."""
    saved = [e for e in read_all(folder / "events.jsonl") if e.kind == "checkpoint.saved"]
    return [(role, event.step) for event in saved for role in event.data["roles"]]


def test_a_surpassed_best_is_never_written(tmp_path: Path) -> None:
    """The first state is written at once; of those that follow fast, the best with the end."""
    checkpoints, model = tmp_path / "train/checkpoints", nn.Linear(3, 2)
    with saver(tmp_path, Disk()) as saving:
        for step in range(1, 5):
            with torch.no_grad():
                model.weight.fill_(step)
            saving.after_epoch(state(model, step), step, is_best=True, is_end=False)
        saving.after_epoch(state(model, 5), 5, is_best=False, is_end=True)
    assert told_of(tmp_path) == [("last", 1), ("best", 1), ("last", 4), ("best", 4), ("last", 5)]
    assert load(checkpoints / "best.pth")["step"] == 4
    assert float(load(checkpoints / "best.pth")["model_state_dict"]["weight"][0, 0]) == 4
    assert load(checkpoints / "last.pth")["step"] == 5


def test_a_better_state_takes_the_place_of_the_one_that_waits(tmp_path: Path) -> None:
    """A save that is the best itself is the only one that is written."""
    with saver(tmp_path, Disk()) as saving:
        for step in range(1, 4):
            now = state(nn.Linear(3, 2), step)
            saving.after_epoch(now, step, is_best=True, is_end=step == 3)
    assert told_of(tmp_path) == [("last", 1), ("best", 1), ("last", 3), ("best", 3)]


def test_a_training_that_fails_leaves_the_best(tmp_path: Path) -> None:
    """What waits in memory is written before the error goes on."""

    def fails() -> None:
        with saver(tmp_path, Disk()) as saving:
            for step in (1, 2):
                now = state(nn.Linear(3, 2), step)
                saving.after_epoch(now, step, is_best=True, is_end=False)
            raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged"):
        fails()
    for name in ("best.pth", "last.pth"):
        assert load(tmp_path / "train/checkpoints" / name)["step"] == 2


def test_tied_weights_are_copied_once() -> None:
    """Two names of one tensor stay two names of one tensor."""
    weight = torch.randn(4, 4)
    copied = on_host({"a": weight, "b": weight.detach(), "c": [weight[:2]]})
    assert copied["a"] is copied["b"]
    assert copied["a"].data_ptr() != weight.data_ptr()
    assert torch.equal(copied["c"][0], weight[:2])


def test_memory_format_is_kept() -> None:
    """A copy has the strides of its tensor, so a resume goes on with the same layout."""
    weight = torch.randn(4, 3, 3, 3).to(memory_format=torch.channels_last)
    assert on_host({"w": weight})["w"].stride() == weight.stride()


def test_a_failed_save_is_told_where_a_run_is_interrupted(tmp_path: Path) -> None:
    """Nobody says that the state is saved when it is not."""

    def ends() -> None:
        with saver(tmp_path, FullDisk()) as saving:
            saving.save(state(nn.Linear(3, 2), 1), 1)
            raise Interrupted("SIGINT", 130)

    with pytest.raises(OSError, match="No space left"):
        ends()


def test_a_full_disk_does_not_hide_the_first_error(tmp_path: Path) -> None:
    """A best state that cannot be written any more is told beside it."""
    saving = saver(tmp_path, Disk())
    folder = CheckpointFolder(tmp_path / "train/checkpoints")

    def fails() -> None:
        with saving:
            for step in (1, 2):
                now = state(nn.Linear(3, 2), step)
                saving.after_epoch(now, step, is_best=True, is_end=False)
            saving.wait()
            saving._checkpoints.disk = FullDisk()
            raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged"):
        fails()
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "warning.raised"]
    assert "No space left" in told[0].data["message"]
    found = folder.newest()
    assert found is not None
    assert found.state["step"] == 1
