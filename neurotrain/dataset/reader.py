"""What files hold, read at most once: headers, content hashes and the labels of masks.

What was read is remembered under a file's path, size and time of change; with a store also from one
process to the next. A store that is damaged, of another version or not writable costs time and is
never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from neurotrain.dataset.headers import Header, UnreadableImage, image_header

if TYPE_CHECKING:
    from neurotrain.dataset.masks import LabelCoding

Progress = Callable[[str, int, int], None]
"""Told what is read, how many are done and how many there are."""

_FORMAT: Final = 1
_MAX_FILES: Final = 1_000_000
"""Files that a store remembers; the longest unused are forgotten first."""
_MAX_STORE_BYTES: Final = 2**30
_DIGEST_BYTES: Final = 32


class _Record(msgspec.Struct, array_like=True, kw_only=True):
    """What is known of one file."""

    num_bytes: int
    mtime_ns: int
    header: tuple[int, int, int, int] | None = None
    """Height, width, channels, bits."""
    sha256: bytes | None = None
    labels: dict[str, tuple[int, ...]] = {}
    """The labels that a mask holds, by its coding."""
    marks: bool = False
    """Whether it is known to be a usable region of interest."""


class _Store(msgspec.Struct, array_like=True, kw_only=True):
    format: int
    files: dict[bytes, _Record]


class FileReader:
    """Reads files for surveys and remembers what it found."""

    def __init__(self, store: Path | None = None, progress: Progress | None = None) -> None:
        self._store, self._progress = store, progress
        self._remembered = _stored(store) if store is not None else {}
        self._records: dict[bytes, _Record] = {}
        self._has_news = False

    def header(self, path: Path) -> Header:
        """The header of an image file.

        Raises:
            UnreadableImage: the file is missing, no image of a supported format, or too large.
        """
        record = self._record(path)
        if record.header is None:
            found = image_header(path)
            record.header = (found.height, found.width, found.channels, found.bits)
            self._has_news = True
        height, width, channels, bits = record.header
        return Header(height=height, width=width, channels=channels, bits=bits)

    def sha256(self, path: Path) -> bytes:
        """The SHA-256 of a file's bytes.

        Raises:
            UnreadableImage: the file cannot be read.
        """
        record = self._record(path)
        if record.sha256 is None:
            try:
                with path.open("rb") as file:
                    record.sha256 = hashlib.file_digest(file, "sha256").digest()
            except OSError as error:
                raise UnreadableImage(path, _cause(error)) from error
            self._has_news = True
        return record.sha256

    def labels(self, path: Path, coding: LabelCoding) -> tuple[int, ...]:
        """The labels that the label map of a mask file holds, in order.

        Raises:
            UnreadableImage: the file is missing or damaged, is coloured, or has values that stand
                for no class.
        """
        record, key = self._record(path), repr(coding)
        if key not in record.labels:
            record.labels = {**record.labels, key: _labels(path, coding)}
            self._has_news = True
        return record.labels[key]

    def require_region(self, path: Path) -> None:
        """Decode a region of interest.

        Raises:
            UnreadableImage: the file is missing or damaged, is coloured, or marks nothing.
        """
        from neurotrain.dataset.masks import load_region

        record = self._record(path)
        if not record.marks:
            load_region(path)
            record.marks = self._has_news = True

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far a survey is."""
        if self._progress is not None:
            self._progress(what, done, total)

    def save(self) -> None:
        """Write what is remembered to the store, whole or not at all."""
        if self._store is None or not self._has_news:
            return
        files = {**self._remembered, **self._records}
        for name in self._records:
            files[name] = files.pop(name)
        for name in list(files)[: max(0, len(files) - _MAX_FILES)]:
            del files[name]
        body = msgspec.msgpack.encode(_Store(format=_FORMAT, files=files))
        with contextlib.suppress(OSError):
            _replace(self._store, hashlib.sha256(body).digest() + body)
            self._has_news = False

    def _record(self, path: Path) -> _Record:
        """What is known of a file as it is now.

        Raises:
            UnreadableImage: it is no file.
        """
        name = os.fsencode(path)
        if name in self._records:
            return self._records[name]
        try:
            status = path.stat()
        except FileNotFoundError as error:
            raise UnreadableImage(path, "the file does not exist") from error
        except OSError as error:
            raise UnreadableImage(path, _cause(error)) from error
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UnreadableImage(path, f"it is {kind}")
        known = self._remembered.get(name)
        if known is None or (known.num_bytes, known.mtime_ns) != _identity(status):
            num_bytes, mtime_ns = _identity(status)
            known = _Record(num_bytes=num_bytes, mtime_ns=mtime_ns)
        self._records[name] = known
        return known


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _cause(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()


def _labels(path: Path, coding: LabelCoding) -> tuple[int, ...]:
    import numpy as np

    from neurotrain.dataset.masks import load_labels

    counts = np.bincount(load_labels(path, coding).ravel())
    return tuple(int(label) for label in np.flatnonzero(counts))


def _stored(store: Path) -> dict[bytes, _Record]:
    """What a store remembers; nothing where it is absent, damaged or of another version."""
    try:
        status = store.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_STORE_BYTES:
            return {}
        content = store.read_bytes()
    except OSError:
        return {}
    digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        return {}
    try:
        stored = msgspec.msgpack.decode(body, type=_Store)
    except msgspec.MsgspecError:
        return {}
    return stored.files if stored.format == _FORMAT else {}


def _replace(file: Path, content: bytes) -> None:
    """Write a file under another name and rename it.

    Raises:
        OSError: the folder cannot be made or written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        with open(descriptor, "wb") as temporary:
            temporary.write(content)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
