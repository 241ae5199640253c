"""Sharded checkpoints: valid by their manifest alone, which is written last and removed first.

What DeepSpeed would write is stood in for by two files, so that one process is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from neurotrain.engine.checkpoint import CorruptCheckpoint
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.shards import ShardFolder
from neurotrain.engine.storage import Disk
from tests.engine.test_storage import CountingDisk, Crash

FILES = ["mp_rank_00_model_states.pt", "zero_pp_rank_0_optim_states.pt"]


class Library:
    """Writes its files in a folder, as DeepSpeed does; perhaps it does not get to the end."""

    def __init__(self, num_files: int = len(FILES)) -> None:
        self._num_files = num_files

    def save(self, folder: Path, tag: str) -> None:
        """Write."""
        for name in FILES[: self._num_files]:
            (folder / tag / name).write_bytes(tag.encode() * 100)
        if self._num_files < len(FILES):
            raise Crash


class NotingDisk(Disk):
    """Does everything, and notes each operation with its file's name."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def flush(self, file: Any) -> None:
        self.done.append(("flush", Path(file.name).name if isinstance(file.name, str) else ""))
        super().flush(file)

    def flush_folder(self, folder: Path) -> None:
        self.done.append(("flush_folder", folder.name))
        super().flush_folder(folder)

    def replace(self, source: Path, target: Path) -> None:
        self.done.append(("replace", target.name))
        super().replace(source, target)

    def remove(self, path: Path) -> None:
        if path.exists():
            self.done.append(("remove", str(path.relative_to(path.parents[1]))))
        super().remove(path)


def save(folder: Path, epoch: int, disk: Disk | None = None, library: Any = None) -> None:
    """Save the state at the end of an epoch."""
    state = {"epoch": epoch, "batch": 0, "step": epoch, "w": torch.full((8,), float(epoch))}
    ShardFolder(folder, Ranks(), disk).save(state, library or Library())


def folders(folder: Path) -> list[Path]:
    """Those of the checkpoints, oldest first."""
    return sorted(each for each in folder.iterdir() if each.is_dir())


def newest(folder: Path) -> int:
    """The epoch of the newest whole one, of which every file is that epoch's."""
    found = ShardFolder(folder, Ranks()).newest()
    assert found is not None
    assert found.state["w"].tolist() == [float(found.state["epoch"])] * 8
    for name in FILES:
        assert (found.path / name).read_bytes() == found.path.name.encode() * 100
    return int(found.state["epoch"])


def test_a_crash_at_any_operation_leaves_a_whole_one(tmp_path: Path) -> None:
    """The newest is the old or the new one, and saving again makes it the new one."""
    counting = CountingDisk()
    for epoch, disk in ((1, None), (2, None), (3, counting)):
        save(tmp_path / "count", epoch, disk)
    assert len(counting.names) > 8
    for at in range(len(counting.names)):
        folder = tmp_path / str(at)
        for epoch in (1, 2):
            save(folder, epoch)
        with pytest.raises(Crash):
            save(folder, 3, CountingDisk(at))
        assert newest(folder) in (2, 3)
        save(folder, 3)
        assert newest(folder) == 3


@pytest.mark.parametrize("num_files", range(len(FILES)))
def test_a_crash_while_the_library_writes_leaves_the_old_one(
    tmp_path: Path, num_files: int
) -> None:
    """What it has written counts for nothing without the manifest."""
    save(tmp_path, 1)
    with pytest.raises(Crash):
        save(tmp_path, 2, library=Library(num_files))
    assert newest(tmp_path) == 1


def test_everything_is_on_the_disk_before_the_manifest(tmp_path: Path) -> None:
    """Every file, then the folder with their names, then the manifest, then what is above."""
    disk = NotingDisk()
    save(tmp_path, 1, disk)
    at = disk.done.index(("replace", "manifest.json"))
    for name in [*FILES, "rank-0.pth"]:
        assert ("flush", name) in disk.done[:at]
    last = max(i for i, (kind, _) in enumerate(disk.done[:at]) if kind == "flush_folder")
    assert all(disk.done.index(("flush", name)) < last for name in FILES)
    assert disk.done[-1] == ("flush_folder", tmp_path.name)


def test_the_oldest_goes_by_its_manifest_once_the_new_one_is_there(tmp_path: Path) -> None:
    """Two are kept, and what is half removed is no checkpoint."""
    disk = NotingDisk()
    for epoch in (1, 2):
        save(tmp_path, epoch, disk)
    oldest, kept = folders(tmp_path)
    save(tmp_path, 3, disk)
    removed = ("remove", f"{oldest.name}/manifest.json")
    assert disk.done[-2:] == [("flush_folder", tmp_path.name), removed]
    assert folders(tmp_path)[0] == kept
    assert len(folders(tmp_path)) == 2


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": _flip,
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"0"),
    "gone": lambda file: file.unlink(),
}


@pytest.mark.parametrize("name", [*FILES, "rank-0.pth"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_found_before_it_is_read(tmp_path: Path, damage: str, name: str) -> None:
    """The one before it is taken and the damage told; without one it is an error."""
    for epoch in (1, 2):
        save(tmp_path, epoch)
    older, newer = folders(tmp_path)
    DAMAGES[damage](newer / name)
    found = ShardFolder(tmp_path, Ranks()).newest()
    assert found is not None
    assert found.state["epoch"] == 1
    assert name in found.passed_over[0]
    DAMAGES[damage](older / name)
    with pytest.raises(CorruptCheckpoint, match=name):
        ShardFolder(tmp_path, Ranks()).newest()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"rank-0.pth": 1}}'])
def test_a_manifest_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    """As with a damaged file."""
    for epoch in (1, 2):
        save(tmp_path, epoch)
    (folders(tmp_path)[-1] / "manifest.json").write_text(text)
    assert newest(tmp_path) == 1


def test_what_was_passed_over_is_written_anew(tmp_path: Path) -> None:
    """A damaged newer one does not stand for the state that a resume comes to again."""
    for epoch in (1, 2):
        save(tmp_path, epoch)
    _flip(folders(tmp_path)[-1] / FILES[0])
    shards = ShardFolder(tmp_path, Ranks())
    found = shards.newest()
    assert found is not None
    shards.drop_newer(found.path)
    save(tmp_path, 2)
    assert newest(tmp_path) == 2
