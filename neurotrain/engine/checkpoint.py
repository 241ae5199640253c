"""Checkpoints: one self-verifying file each, and the choice among them.

A file is what `torch.save` writes, followed by a short line of ASCII with its length and SHA-256.
Plain `torch.load(weights_only=True)` reads it; `load` here verifies first, because the archive's
own checksums are not checked by torch.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from neurotrain.engine.storage import Disk, Sink, link_durably, write_durably

_FOOTER: Final = re.compile(rb"\nNEUROTRAIN-CHECKPOINT 1 (\d{20}) ([0-9a-f]{64})\n")
_FOOTER_BYTES: Final = 1 + len("NEUROTRAIN-CHECKPOINT 1 ") + 20 + 1 + 64 + 1
_BLOCK_BYTES: Final = 1 << 20
BEST: Final = "best.pth"
LAST: Final = "last.pth"
_STAGED: Final = "staged.pth.tmp"
_NUMBERED: Final = re.compile(r"epoch-\d+\.pth")


class ForeignCheckpoint(Exception):
    """A checkpoint of another plan."""


class CorruptCheckpoint(Exception):
    """A checkpoint that is not what was written; the text names the file and the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The newest valid checkpoint, and those that were passed over."""

    path: Path
    state: dict[str, Any]
    passed_over: tuple[str, ...]


class CheckpointFolder:
    """The checkpoints of one training: `last.pth`, `best.pth` and numbered ones."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self.disk = disk or Disk()
        for leftover in folder.glob("*.tmp"):
            self.disk.remove(leftover)

    def save(
        self, state: dict[str, Any], *, best: bool, epoch: int | None, keep_last: int
    ) -> tuple[int, list[Path]]:
        """Write the state under all its names, `last.pth` at the end; then do the retention.

        Returns the bytes written and the files removed. `last.pth` is where a resume starts, so
        it comes after the names that a resume would not write again. Nothing is removed before
        the new file is on the disk, and the best and the last are never removed.
        """
        staged = self.folder / _STAGED
        self.folder.mkdir(parents=True, exist_ok=True)
        num_bytes = write(self.disk, staged, state)
        if best:
            link_durably(self.disk, staged, self.folder / BEST)
        if epoch is not None:
            link_durably(self.disk, staged, self.folder / f"epoch-{epoch:04d}.pth")
        self.disk.replace(staged, self.folder / LAST)
        self.disk.flush_folder(self.folder)
        removed = self.numbered()[:-keep_last]
        for path in removed:
            self.disk.remove(path)
        return num_bytes, removed

    def complete(self, path: Path, *, best: bool, epoch: int | None) -> None:
        """Give a checkpoint the names that a save had not given it yet when it was cut off."""
        wanted = [BEST] if best else []
        wanted += [f"epoch-{epoch:04d}.pth"] if epoch is not None else []
        for target in (self.folder / name for name in [*wanted, LAST]):
            if not (target.exists() and target.samefile(path)):
                link_durably(self.disk, path, target)

    def numbered(self) -> list[Path]:
        """The checkpoints kept by number, oldest first."""
        files = [file for file in self.folder.glob("*.pth") if _NUMBERED.fullmatch(file.name)]
        return sorted(files, key=lambda file: int(file.stem.removeprefix("epoch-")))

    def require_none(self) -> None:
        """Refuse to mix a new training's checkpoints with those of another.

        Raises:
            FileExistsError: there are some.
        """
        if any(self.folder.glob("*.pth")):
            raise FileExistsError(
                f"{self.folder} has checkpoints of an earlier training: continue it with "
                "is_continue_mode=True, or name another output_dir"
            )

    def newest(self) -> Found | None:
        """The newest checkpoint that is valid; corrupt ones are passed over and named."""
        passed_over: list[str] = []
        valid: list[tuple[Path, dict[str, Any]]] = []
        for path in [self.folder / LAST, self.folder / BEST, *reversed(self.numbered())]:
            if not path.exists():
                continue
            try:
                valid.append((path, load(path)))
            except CorruptCheckpoint as error:
                passed_over.append(str(error))
            if path.name == LAST and valid:
                break
        if valid:
            path, state = max(valid, key=lambda found: found[1]["epoch"])
            return Found(path=path, state=state, passed_over=tuple(passed_over))
        if passed_over:
            raise CorruptCheckpoint("; ".join(passed_over))
        return None


def write(disk: Disk, path: Path, state: dict[str, Any]) -> int:
    """Write a state with its seal; the number of bytes."""
    return write_durably(disk, path, lambda sink: _serialise(state, sink), _footer)


def load(path: Path) -> dict[str, Any]:
    """A checkpoint's state on the CPU, verified before it is parsed.

    Raises:
        CorruptCheckpoint: the file is not what was written.
        OSError: it cannot be read.
    """
    verify(path)
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise CorruptCheckpoint(f"{path} cannot be read as a checkpoint: {error}") from error
    return state


def require_plan(
    state: dict[str, Any], digest: str, path: Path, num_epochs: int | None = None,
    *, portable: str = "",
) -> None:  # fmt: skip
    """Refuse a checkpoint of another training than this one, or from beyond its last epoch.

    With the portable digest, one of another spread over processes is of this training.

    Raises:
        ForeignCheckpoint: it is one.
    """
    if not digest:
        return
    is_ported = bool(portable) and state.get("portable_digest") == portable
    if state["plan_digest"] != digest and not is_ported:
        raise ForeignCheckpoint(
            f"{path} belongs to another plan ({state['plan_digest'][:12]}, not {digest[:12]})"
        )
    if num_epochs is not None:
        require_epochs(state, path, num_epochs)


def require_epochs(state: dict[str, Any], path: Path, num_epochs: int) -> None:
    """Refuse a checkpoint from beyond the last epoch.

    Raises:
        ForeignCheckpoint: it is one.
    """
    begun = state["epoch"] - (state["batch"] == 0)
    if begun > num_epochs:
        raise ForeignCheckpoint(f"{path} is of epoch {begun}, the plan has {num_epochs} epochs")


def verify(path: Path) -> None:
    """Check a checkpoint's length and SHA-256.

    Raises:
        CorruptCheckpoint: they are not those that its last line states.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _FOOTER_BYTES))
        match = _FOOTER.fullmatch(file.read())
        if match is None:
            raise CorruptCheckpoint(f"{path} has no seal: it is cut off or no checkpoint of ours")
        length = size - _FOOTER_BYTES
        if int(match[1]) != length:
            raise CorruptCheckpoint(f"{path} has {length} bytes, its seal says {int(match[1])}")
        file.seek(0)
        state, left = hashlib.sha256(), length
        while left:
            block = file.read(min(left, _BLOCK_BYTES))
            if not block:
                raise CorruptCheckpoint(f"{path} ended while it was read")
            state.update(block)
            left -= len(block)
    if state.hexdigest().encode() != match[2]:
        raise CorruptCheckpoint(f"{path} was changed after it was written (SHA-256 differs)")


def _serialise(state: dict[str, Any], sink: Sink) -> None:
    torch.save(_canonical(state), sink)  # type: ignore[arg-type]


def _canonical(value: Any) -> Any:
    """The value with new containers and interned text.

    Pickle writes an object that it meets twice as a reference, so without this equal states would
    give other bytes after a resume than before it.
    """
    if isinstance(value, dict):
        return {_canonical(key): _canonical(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_canonical(below) for below in value]
    if isinstance(value, tuple):
        return tuple(_canonical(below) for below in value)
    return sys.intern(value) if type(value) is str else value


def _footer(length: int, digest: str) -> bytes:
    return f"\nNEUROTRAIN-CHECKPOINT 1 {length:020d} {digest}\n".encode()
