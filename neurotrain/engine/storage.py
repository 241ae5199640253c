"""Every file operation that durability hangs on. Knows nothing of what the files hold.

A file is written under a temporary name, flushed to the disk, renamed, and its folder is flushed;
so at any instant a name holds the old content or the new, whole. `Disk` is passed in, so that a
test can count, fail, tear and replay its operations.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Protocol

_TEMPORARY: Final = ".tmp"


class Sink(Protocol):
    """What content is written to."""

    def write(self, data: bytes, /) -> int:
        """Append bytes and return their number."""


class Disk:
    """The operations of the file system that writing durably takes."""

    def create(self, path: Path) -> BinaryIO:
        """Open a file that is not there, for writing. With O_EXCL links are not followed."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.fdopen(os.open(path, flags, 0o644), "wb")

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Append bytes."""
        file.write(data)

    def flush(self, file: BinaryIO) -> None:
        """Bring a file's content to the disk."""
        file.flush()
        os.fsync(file.fileno())

    def flush_folder(self, folder: Path) -> None:
        """Bring a folder's entries to the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename a file over another in one step."""
        source.replace(target)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name."""
        os.link(source, target)

    def remove(self, path: Path) -> None:
        """Remove a name."""
        path.unlink(missing_ok=True)


class _HashingSink:
    """Writes to a file and hashes what it writes."""

    def __init__(self, disk: Disk, file: BinaryIO) -> None:
        self._disk, self._file = disk, file
        self.hash = hashlib.sha256()
        self.num_bytes = 0
        self.failure: BaseException | None = None

    def write(self, data: bytes, /) -> int:
        try:
            self._disk.write(self._file, data)
        except BaseException as error:
            self.failure = error
            raise
        self.hash.update(data)
        self.num_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Flushing happens once, at the end."""


def write_durably(
    disk: Disk,
    path: Path,
    produce: Callable[[Sink], None],
    footer: Callable[[int, str], bytes] | None = None,
) -> int:
    """Write what `produce` gives, then `footer(length, sha256)`; the number of bytes in all.

    Raises:
        OSError: the content could not be written; the old file stands, the temporary one is gone.
    """
    temporary = path.with_name(path.name + _TEMPORARY)
    disk.remove(temporary)
    try:
        with disk.create(temporary) as file:
            sink = _HashingSink(disk, file)
            _produced(sink, produce)
            if footer is not None:
                sink.write(footer(sink.num_bytes, sink.hash.hexdigest()))
            disk.flush(file)
        disk.replace(temporary, path)
    except OSError:
        disk.remove(temporary)
        raise
    disk.flush_folder(path.parent)
    return sink.num_bytes


def _produced(sink: _HashingSink, produce: Callable[[Sink], None]) -> None:
    """Let the content be written; torch hides a failing disk behind an error of its own."""
    try:
        produce(sink)
    except RuntimeError as error:
        if sink.failure is not None:
            raise sink.failure from error
        raise


def flush_and_hash(disk: Disk, path: Path) -> tuple[int, str]:
    """Bring a file that another library wrote to the disk; its size in bytes and its SHA-256."""
    with path.open("rb+") as file:
        disk.flush(file)
    return path.stat().st_size, hash_of(path)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link_durably(disk: Disk, source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, in one step."""
    temporary = target.with_name(target.name + _TEMPORARY)
    disk.remove(temporary)
    disk.link(source, temporary)
    disk.replace(temporary, target)
    disk.flush_folder(target.parent)


def write_text_durably(disk: Disk, path: Path, text: str) -> None:
    """Write a small text file."""
    data = text.encode()

    def produce(sink: Sink) -> None:
        sink.write(data)

    write_durably(disk, path, produce)
