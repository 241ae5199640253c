"""The power fails: whatever the disk had not been told to keep may be there, gone or cut off.

Every legal state of the file system after a crash is built, as in Pillai et al., "All File Systems
Are Not Created Equal" (OSDI 2014): content that was not flushed is whole, empty, cut off or zeros,
and entries of a folder that was not flushed exist or do not, in any combination.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from neurotrain.engine.checkpoint import CheckpointFolder, load
from neurotrain.engine.storage import Disk, link_durably
from tests.stress.conftest import Effort


@dataclass
class Content:
    """An inode: what was written, and how much of it is sure to stay."""

    data: bytes = b""
    durable: bool = False


@dataclass
class RecordingDisk(Disk):
    """Does everything, and remembers it in order."""

    folder: Path
    log: list[tuple[Any, ...]] = field(default_factory=list)

    def create(self, path: Path) -> Any:
        file = super().create(path)
        self.log.append(("create", path.name, file.fileno()))
        return file

    def write(self, file: Any, data: bytes) -> None:
        super().write(file, data)
        self.log.append(("write", file.fileno(), bytes(data)))

    def flush(self, file: Any) -> None:
        super().flush(file)
        self.log.append(("flush", file.fileno()))

    def flush_folder(self, folder: Path) -> None:
        super().flush_folder(folder)
        self.log.append(("flush_folder",))

    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        self.log.append(("replace", source.name, target.name))

    def link(self, source: Path, target: Path) -> None:
        super().link(source, target)
        self.log.append(("link", source.name, target.name))

    def remove(self, path: Path) -> None:
        existed = path.exists()
        super().remove(path)
        if existed:
            self.log.append(("remove", path.name))


Entries = dict[str, Content]
Change = tuple[str, str, str]
"""What happens to a folder: its kind, and up to two names."""


class FileSystem:
    """What a folder holds for sure, and what may or may not have come to the disk yet."""

    def __init__(self, start: dict[str, bytes]) -> None:
        self._durable: Entries = {name: Content(data, True) for name, data in start.items()}
        self._current = dict(self._durable)
        self._pending: list[tuple[Change, Content | None]] = []
        self._open: dict[int, Content] = {}

    def do(self, kind: str, *arguments: Any) -> None:
        """Follow one operation."""
        getattr(self, f"_{kind}")(*arguments)

    def _create(self, name: str, number: int) -> None:
        self._open[number] = self._current[name] = Content()
        self._pending.append((("create", name, ""), self._current[name]))

    def _write(self, number: int, data: bytes) -> None:
        self._open[number].data += data
        self._open[number].durable = False

    def _flush(self, number: int) -> None:
        self._open[number].durable = True

    def _replace(self, source: str, target: str) -> None:
        self._current[target] = self._current.pop(source)
        self._pending.append((("replace", source, target), self._current[target]))

    def _link(self, source: str, target: str) -> None:
        self._current[target] = self._current[source]
        self._pending.append((("link", source, target), self._current[target]))

    def _remove(self, name: str) -> None:
        del self._current[name]
        self._pending.append((("remove", name, ""), None))

    def _flush_folder(self) -> None:
        self._durable, self._pending = dict(self._current), []

    def after_power_loss(self) -> Iterator[dict[str, bytes]]:
        """Every state that may be found."""
        for chosen in itertools.product((False, True), repeat=len(self._pending)):
            entries = dict(self._durable)
            for (change, content), happened in zip(self._pending, chosen, strict=True):
                if happened:
                    _apply(entries, change, content)
            yield from _contents(entries)


def _apply(entries: Entries, change: Change, content: Content | None) -> None:
    kind, first, second = change
    if kind == "remove":
        entries.pop(first, None)
    elif content is not None:
        if kind == "replace":
            entries.pop(first, None)
        entries[first if kind == "create" else second] = content


def _contents(entries: Entries) -> Iterator[dict[str, bytes]]:
    unsure = {id(content): content for content in entries.values() if not content.durable}
    forms = [_forms(content.data) for content in unsure.values()]
    for choice in itertools.product(*forms):
        data = dict(zip(unsure, choice, strict=True))
        yield {name: data.get(id(content), content.data) for name, content in entries.items()}


def _forms(data: bytes) -> list[bytes]:
    """Data that was not flushed: all, none, half, the second half lost to zeros."""
    half = len(data) // 2
    return [data, b"", data[:half], data[:half] + bytes(len(data) - half)]


def save(folder: Path, epoch: int, disk: Disk | None = None, *, best: bool = True) -> None:
    """Save a state under all its names, keeping one by number."""
    state = {"model_state_dict": {"w": torch.full((16,), float(epoch))}, "epoch": epoch}
    CheckpointFolder(folder, disk).save(state, best=best, epoch=epoch, keep_last=1)


def files(folder: Path) -> dict[str, bytes]:
    """The folder's files with their content."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_every_state_that_a_power_loss_leaves_has_a_valid_checkpoint(
    tmp_path: Path, effort: Effort
) -> None:
    """It is the old one or the new one, and what has a name without `.tmp` is whole."""
    folder = tmp_path / "folder"
    save(folder, 1)
    seen, best = set(), 1
    for epoch in range(2, effort.times(3, 5)):
        start, disk = files(folder), RecordingDisk(folder)
        better = epoch if epoch % 2 == 0 else best
        save(folder, epoch, disk, best=epoch % 2 == 0)
        system = FileSystem(start)
        for operation in [("flush_folder",), *disk.log]:
            system.do(*operation)
            for state in system.after_power_loss():
                seen.add(hash(tuple(sorted(state.items()))))
                assert_continues(tmp_path / "crashed", state, {epoch - 1, epoch}, {best, better})
        best = better
    print(f"{len(seen)} different states")
    assert len(seen) > 50


def assert_continues(
    folder: Path, state: dict[str, bytes], epochs: set[int], bests: set[int]
) -> None:
    """A training that finds this folder goes on from one of these epochs, without a warning."""
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for name, data in state.items():
        (folder / name).write_bytes(data)
    found = CheckpointFolder(folder).newest()
    assert found is not None, sorted(state)
    assert not found.passed_over
    assert found.state["epoch"] in epochs
    for file in folder.glob("*.pth"):
        assert load(file)["epoch"] in (bests if file.name == "best.pth" else epochs)


def test_a_second_name_stays_once_it_is_given(tmp_path: Path) -> None:
    """Whatever is lost afterwards, the name leads to the whole content, not to the old one."""
    for name, content in (("source", b"new"), ("target", b"old")):
        (tmp_path / name).write_bytes(content)
    system, disk = FileSystem(files(tmp_path)), RecordingDisk(tmp_path)
    link_durably(disk, tmp_path / "source", tmp_path / "target")
    for operation in disk.log:
        system.do(*operation)
    assert [state["target"] for state in system.after_power_loss()] == [b"new"]
