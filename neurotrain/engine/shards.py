"""Sharded checkpoints: a folder with every process's part, valid by its manifest alone.

DeepSpeed writes its files and each process its own state; the manifest with the size and SHA-256
of each is written last. A folder without one is no checkpoint, whatever else says so, and nothing
in it is unpickled before it is verified.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final, NamedTuple

from neurotrain.engine.checkpoint import CorruptCheckpoint, Found, load, write
from neurotrain.engine.deepspeed_engine import DeepSpeedEngine
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.storage import Disk, flush_and_hash, hash_of, write_text_durably
from neurotrain.recorder.events import read_all

_MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_KEPT: Final = 2
"""How many are kept: the newest, and one before it in case that is damaged."""


class Sealed(NamedTuple):
    """A file as it was written."""

    num_bytes: int
    sha256: str


class ShardFolder:
    """The sharded checkpoints of one training."""

    def __init__(self, folder: Path, ranks: Ranks, disk: Disk | None = None) -> None:
        self.folder, self.ranks, self.disk = folder, ranks, disk or Disk()

    def save(self, state: dict[str, Any], engine: DeepSpeedEngine) -> int:
        """Write all parts, then the manifest; the bytes of the whole. All processes call it.

        A folder of the same place in the training is this state already.
        """
        tag = f"epoch-{state['epoch']:05d}-step-{state['step']:08d}"
        folder, ranks = self.folder / tag, self.ranks
        if ranks.first((folder / _MANIFEST).exists()):
            return sum(file.stat().st_size for file in folder.iterdir())
        if ranks.leads:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        ranks.wait()
        engine.save(self.folder, tag)
        own = {key: value for key, value in state.items() if key != "model_state_dict"}
        write(self.disk, folder / _part(ranks.rank), own)
        ranks.wait()
        sealed = {str(file.relative_to(folder)): self._seal(file) for file in self._own(folder)}
        files = {k: v for part in ranks.gathered(sealed) for k, v in part.items()}
        if ranks.leads:
            self.disk.flush_folder(folder)
            self._write_manifest(folder, files)
            self._retain()
        ranks.wait()
        return sum(each[0] for each in files.values())

    def newest(self) -> Found | None:
        """The newest checkpoint that is whole; damaged ones are passed over and named.

        Where another number of processes wrote it, each gets what rank 0 wrote of its own state.

        Raises:
            CorruptCheckpoint: there are some, but all are damaged.
        """
        passed_over: list[str] = []
        for name in self.ranks.first([folder.name for folder in reversed(self._whole())]):
            folder = self.folder / name
            problems = self.ranks.gathered(self._problem(folder))
            problem = next((each for each in problems if each), "")
            if problem:
                passed_over.append(problem)
                continue
            size = json.loads((folder / _MANIFEST).read_text())["world_size"]
            part = _part(self.ranks.rank if size == self.ranks.size else 0)
            state = load(folder / part) | {"folder": str(folder)}
            return Found(path=folder, state=state, passed_over=tuple(passed_over))
        if passed_over:
            raise CorruptCheckpoint("; ".join(passed_over))
        return None

    @property
    def has_any(self) -> bool:
        """Whether there is a folder with a manifest."""
        return bool(self._whole())

    def clear(self) -> None:
        """Remove all of them, each beginning with its manifest."""
        for folder in self._whole():
            self.disk.remove(folder / _MANIFEST)
        shutil.rmtree(self.folder, ignore_errors=True)

    def drop_newer(self, than: Path) -> None:
        """Remove what was passed over for an older one, so that it can be written anew."""
        if self.ranks.leads:
            for folder in self._whole():
                if folder.name > than.name:
                    self.disk.remove(folder / _MANIFEST)
        self.ranks.wait()

    def _whole(self) -> list[Path]:
        """The folders with a manifest, oldest first."""
        return sorted(file.parent for file in self.folder.glob(f"*/{_MANIFEST}"))

    def _own(self, folder: Path) -> list[Path]:
        """The files that this process seals or verifies."""
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return files[self.ranks.rank :: self.ranks.size]

    def _seal(self, file: Path) -> Sealed:
        return Sealed(*flush_and_hash(self.disk, file))

    def _write_manifest(self, folder: Path, files: dict[str, Sealed]) -> None:
        record = {"format": _FORMAT, "world_size": self.ranks.size, "files": files}
        write_text_durably(self.disk, folder / _MANIFEST, json.dumps(record, indent=1))
        self.disk.flush_folder(self.folder)

    def _retain(self) -> None:
        """Remove the oldest, each beginning with its manifest, and what never got one."""
        whole = self._whole()
        keep = set(whole[-_KEPT:])
        for folder in (each for each in self.folder.iterdir() if each.is_dir()):
            if folder not in keep:
                self.disk.remove(folder / _MANIFEST)
                shutil.rmtree(folder, ignore_errors=True)

    def _problem(self, folder: Path) -> str:
        """What is wrong with this process's part of the files; empty where nothing is."""
        try:
            files = json.loads((folder / _MANIFEST).read_text())["files"]
            for name in sorted(files)[self.ranks.rank :: self.ranks.size]:
                file, (num_bytes, sha256) = folder / name, files[name]
                if not file.is_file():
                    return f"{file} is gone"
                if file.stat().st_size != num_bytes:
                    return f"{file} has {file.stat().st_size} bytes, the manifest says {num_bytes}"
                if hash_of(file) != sha256:
                    return f"{file} was changed after it was written (SHA-256 differs)"
        except (ValueError, KeyError, TypeError) as error:
            return f"{folder / _MANIFEST} cannot be read: {error}"
        return ""


def has_checkpoint(train_folder: Path) -> bool:
    """Whether there is a checkpoint, whole or in parts, in the folder of a training."""
    folder = train_folder / "checkpoints"
    return any(folder.glob("*.pth")) or any(folder.glob(f"shards/*/{_MANIFEST}"))


def has_been_saved(run_dir: Path) -> bool:
    """Whether a training in this run directory ever told or left a checkpoint."""
    if has_checkpoint(run_dir / "train"):
        return True
    return any(event.kind == "checkpoint.saved" for event in read_all(run_dir / "events.jsonl"))


def _part(rank: int) -> str:
    return f"rank-{rank}.pth"
