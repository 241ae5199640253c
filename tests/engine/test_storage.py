"""Whatever happens between two file operations, a name holds the old content or the new."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from neurotrain.engine.checkpoint import CheckpointFolder, load
from neurotrain.engine.storage import Disk, write_text_durably


class Crash(BaseException):
    """The process is gone."""


class CountingDisk(Disk):
    """Counts operations, and at one of them crashes or fails."""

    def __init__(self, at: int = -1, fault: Callable[[], BaseException] = Crash) -> None:
        self.names: list[str] = []
        self._at, self._fault = at, fault

    def _count(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self._at:
            raise self._fault()

    def create(self, path: Path) -> Any:
        self._count("create")
        return super().create(path)

    def write(self, file: Any, data: bytes) -> None:
        self._count("write")
        super().write(file, data)

    def flush(self, file: Any) -> None:
        self._count("flush")
        super().flush(file)

    def flush_folder(self, folder: Path) -> None:
        self._count("flush_folder")
        super().flush_folder(folder)

    def replace(self, source: Path, target: Path) -> None:
        self._count("replace")
        super().replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        self._count("link")
        super().link(source, target)

    def remove(self, path: Path) -> None:
        self._count("remove")
        super().remove(path)


def save(folder: Path, epoch: int, disk: Disk | None = None) -> None:
    """Save a state that is best and numbered."""
    content = {"model_state_dict": {"w": torch.full((8,), float(epoch))}, "epoch": epoch}
    CheckpointFolder(folder, disk).save(content, best=True, epoch=epoch, keep_last=1)


def num_operations(tmp_path: Path) -> int:
    """How many operations the second save of a folder takes."""
    disk = CountingDisk()
    save(tmp_path / "count", 1)
    save(tmp_path / "count", 2, disk)
    return len(disk.names)


def test_a_crash_at_any_operation_leaves_a_valid_checkpoint(tmp_path: Path) -> None:
    """After every crash the newest valid state is the old or the new one, and saving goes on."""
    for at in range(num_operations(tmp_path)):
        folder = tmp_path / str(at)
        save(folder, 1)
        with pytest.raises(Crash):
            save(folder, 2, CountingDisk(at))
        found = CheckpointFolder(folder).newest()
        assert found is not None
        assert not found.passed_over
        assert found.state["epoch"] in (1, 2)
        for file in folder.glob("*.pth"):
            assert load(file)["epoch"] in (1, 2)
        save(folder, 3)
        assert sorted(f.name for f in folder.iterdir()) == [
            "best.pth", "epoch-0003.pth", "last.pth",
        ]  # fmt: skip


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_an_error_at_any_operation_is_raised_and_keeps_the_old(tmp_path: Path, number: int) -> None:
    """A failing disk is told, never hidden, and the previous checkpoint loads."""
    for at in range(num_operations(tmp_path)):
        folder = tmp_path / str(at)
        save(folder, 1)
        with pytest.raises(OSError, match="injected"):
            save(folder, 2, CountingDisk(at, lambda: OSError(number, "injected")))
        found = CheckpointFolder(folder).newest()
        assert found is not None
        assert found.state["epoch"] in (1, 2)


def test_content_is_on_the_disk_before_it_has_its_name(tmp_path: Path) -> None:
    """The order of operations is create, write, flush, rename, flush the folder."""
    disk = CountingDisk()
    write_text_durably(disk, tmp_path / "file", "text")
    assert disk.names == ["remove", "create", "write", "flush", "replace", "flush_folder"]


def test_nothing_old_is_removed_before_the_new_is_durable(tmp_path: Path) -> None:
    """Retention comes after the last flush."""
    disk = CountingDisk()
    save(tmp_path, 1)
    save(tmp_path, 2, disk)
    assert disk.names[-2:] == ["flush_folder", "remove"]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """A link in place of the temporary file is replaced, and its target stands."""
    victim = tmp_path / "victim"
    victim.write_text("keep")
    (tmp_path / "file.tmp").symlink_to(victim)
    write_text_durably(Disk(), tmp_path / "file", "text")
    assert victim.read_text() == "keep"
    assert (tmp_path / "file").read_text() == "text"


def test_files_and_folders_are_flushed_by_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`fsync` is called on the very file that gets the name, whole, and then on its folder."""
    flushed: list[tuple[int, int]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        found = os.fstat(descriptor)
        flushed.append((found.st_ino, -1 if stat.S_ISDIR(found.st_mode) else found.st_size))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    write_text_durably(Disk(), tmp_path / "file", "text")
    assert flushed == [((tmp_path / "file").stat().st_ino, 4), (tmp_path.stat().st_ino, -1)]


def test_a_file_that_is_there_is_not_opened(tmp_path: Path) -> None:
    """Neither a file nor a link: what is created is new."""
    (tmp_path / "file").write_text("keep")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            Disk().create(tmp_path / name)
    assert (tmp_path / "file").read_text() == "keep"
    assert not (tmp_path / "nowhere").exists()
