"""Checkpoints verify themselves, and the best and the newest are never lost."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from neurotrain.engine.checkpoint import CheckpointFolder, CorruptCheckpoint, load, write
from neurotrain.engine.storage import Disk


def state(value: float) -> dict[str, object]:
    """A small state."""
    return {
        "model_state_dict": {"weight": torch.full((4, 4), value)},
        "epoch": int(value),
        "metrics_history": {"train/loss": [[1, value]]},
    }


def saved(folder: Path, value: float = 1.0, *, best: bool = False) -> CheckpointFolder:
    """A folder with one checkpoint."""
    checkpoints = CheckpointFolder(folder)
    checkpoints.save(state(value), best=best, epoch=None, keep_last=3)
    return checkpoints


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """A load gives back the values."""
    saved(tmp_path, 2.0)
    found = load(tmp_path / "last.pth")
    assert torch.equal(found["model_state_dict"]["weight"], torch.full((4, 4), 2.0))
    assert found["epoch"] == 2


def test_plain_torch_reads_it(tmp_path: Path) -> None:
    """The footer does not disturb torch, with and without mmap."""
    saved(tmp_path, 3.0)
    for mmap in (False, True):
        found = torch.load(tmp_path / "last.pth", weights_only=True, mmap=mmap)
        assert found["epoch"] == 3


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    """No byte can change without the file being refused."""
    saved(tmp_path)
    file = tmp_path / "last.pth"
    content = file.read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << (position % 8)
        file.write_bytes(damaged)
        with pytest.raises(CorruptCheckpoint):
            load(file)


def test_every_truncation_is_found(tmp_path: Path) -> None:
    """A file that is cut off anywhere is refused."""
    saved(tmp_path)
    file = tmp_path / "last.pth"
    content = file.read_bytes()
    for length in random.Random(0).sample(range(len(content)), 200):
        file.write_bytes(content[:length])
        with pytest.raises(CorruptCheckpoint):
            load(file)


class Planted:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._folder),)


def test_a_sealed_file_with_code_is_refused(tmp_path: Path) -> None:
    """The seal says that it is whole, not that it is harmless; nothing of it is run."""
    planted = Planted(tmp_path / "run")
    write(Disk(), tmp_path / "last.pth", {"epoch": 1, "planted": planted})
    with pytest.raises(CorruptCheckpoint, match="cannot be read as a checkpoint"):
        load(tmp_path / "last.pth")
    assert not (tmp_path / "run").exists()


def test_equal_states_are_equal_bytes(tmp_path: Path) -> None:
    """A state that was loaded is written as the same bytes as before."""
    saved(tmp_path / "a", 5.0)
    again = CheckpointFolder(tmp_path / "b")
    again.save(load(tmp_path / "a/last.pth"), best=False, epoch=None, keep_last=1)
    assert (tmp_path / "a/last.pth").read_bytes() == (tmp_path / "b/last.pth").read_bytes()


def test_a_corrupt_newest_is_passed_over(tmp_path: Path) -> None:
    """The best stands in for a damaged last, and the damage is told."""
    checkpoints = saved(tmp_path, 1.0, best=True)
    checkpoints.save(state(2.0), best=False, epoch=None, keep_last=1)
    (tmp_path / "last.pth").write_bytes(b"nonsense")
    found = checkpoints.newest()
    assert found is not None
    assert found.path.name == "best.pth"
    assert "last.pth" in found.passed_over[0]


def test_only_corrupt_ones_are_an_error(tmp_path: Path) -> None:
    """Nothing valid is not the same as nothing there."""
    checkpoints = saved(tmp_path)
    (tmp_path / "last.pth").write_bytes(b"")
    with pytest.raises(CorruptCheckpoint):
        checkpoints.newest()
    (tmp_path / "last.pth").unlink()
    assert checkpoints.newest() is None


def test_retention_keeps_best_last_and_the_newest_numbers(tmp_path: Path) -> None:
    """After any history exactly the wanted files stand, each with the state of its time."""
    for seed in range(30):
        draw = random.Random(seed)
        folder = tmp_path / str(seed)
        checkpoints = CheckpointFolder(folder)
        keep, best_value, numbered = draw.randint(1, 4), None, []
        for epoch in range(1, draw.randint(2, 15)):
            best, number = draw.random() < 0.4, draw.random() < 0.6
            checkpoints.save(
                state(epoch), best=best, epoch=epoch if number else None, keep_last=keep
            )
            best_value = epoch if best else best_value
            numbered += [epoch] if number else []
            wanted = {f"epoch-{e:04d}.pth": e for e in numbered[-keep:]} | {"last.pth": epoch}
            wanted |= {"best.pth": best_value} if best_value else {}
            assert {f.name: load(f)["epoch"] for f in folder.iterdir()} == wanted
