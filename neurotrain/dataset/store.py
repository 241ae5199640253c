"""Prepared samples on the disk: what `cache: disk` keeps of them.

A file is a SHA-256 and arrays in NumPy's format, never a pickle. The sum is also over the sizes and
times of the sample's own files. What is damaged, cut off, of another version or of files that were
edited since is made again. Nothing depends on what is kept here, so nothing is flushed.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from neurotrain.transforms.batch import Batch

_DIGEST_BYTES: Final = 32


class SampleStore:
    """A folder with one file a sample; any number of processes may fill it at once.

    `sources` are the files that each sample is made of; where one is edited, it is made again.
    """

    def __init__(self, folder: Path, sources: Sequence[Sequence[Path]] = ()) -> None:
        self.folder, self._sources = folder, sources
        folder.mkdir(parents=True, exist_ok=True)

    def stamp(self, index: int) -> bytes:
        """The sizes and times of change of a sample's files, to be taken before they are read."""
        return (
            repr([_stamp(path) for path in self._sources[index]]).encode() if self._sources else b""
        )

    def get(self, index: int, stamp: bytes = b"") -> Batch | None:
        """A sample as a batch of one, or None where none of this stamp is whole."""
        import numpy as np
        import torch

        from neurotrain.transforms.batch import Batch

        try:
            data = self._file(index).read_bytes()
        except FileNotFoundError:
            return None
        sealed, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(stamp + content).digest() != sealed:
            return None
        stream = io.BytesIO(content)
        arrays = []
        while stream.tell() < len(content):
            arrays.append(torch.from_numpy(np.load(stream, allow_pickle=False)))
        return Batch(
            images=arrays[0],
            targets=arrays[1],
            rois=arrays[2] if len(arrays) > 2 else None,
            samples=np.array([index]),
            crops=np.array([0]),
        )

    def put(self, index: int, batch: Batch, stamp: bytes = b"") -> None:
        """Keep a stacked batch of one under a stamp; who reads meanwhile finds it whole or not.

        Raises:
            OSError: the disk is full or gone.
        """
        import numpy as np
        import torch

        stream = io.BytesIO()
        for tensor in (batch.images, batch.targets, batch.rois):
            if isinstance(tensor, torch.Tensor):
                np.save(stream, tensor.numpy(), allow_pickle=False)
        content = stream.getvalue()
        file = self._file(index)
        temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(hashlib.sha256(stamp + content).digest() + content)
            temporary.replace(file)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _file(self, index: int) -> Path:
        return self.folder / f"{index:07d}.sample"


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of the last change of a file; None where it is gone."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_size, info.st_mtime_ns
