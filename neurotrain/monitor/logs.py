"""The logs of all ranks as one list of lines: followed, cleaned, bounded.

Lines that begin with a time are merged by it; others come in the order in which they are found.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from heapq import merge
from pathlib import Path
from typing import Final, NamedTuple

from neurotrain.monitor.clean import clean_log

MAX_LINES: Final = 20_000
_FIRST_BYTES: Final = 1 << 20
_BLOCK_BYTES: Final = 1 << 18
_MAX_RANKS: Final = 256
_NAME: Final = re.compile(r"rank-(\d{1,4})\.log")
_STAMP: Final = re.compile(r"\s*\[?((?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?)")


class LogLine(NamedTuple):
    """A line and the rank that wrote it."""

    rank: int
    text: str


@dataclass(slots=True)
class _File:
    """How far one rank's log has been read."""

    rank: int
    offset: int = -1
    partial: bytes = b""
    stamp: str = ""
    lines: list[tuple[str, LogLine]] = field(default_factory=list)


class Logs:
    """Follows the files in a run's log folder; the newest `MAX_LINES` lines are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._lines: deque[LogLine] = deque(maxlen=MAX_LINES)
        self._shown: tuple[LogLine, ...] = ()

    def advance(self) -> tuple[LogLine, ...]:
        """All kept lines, those that came since included; the same tuple where none came."""
        changed = False
        for path in self._paths():
            changed = self._read(path) or changed
        if changed:
            found = [file.lines for file in self._files.values() if file.lines]
            self._lines.extend(line for _, line in merge(*found, key=lambda each: each[0]))
            partial = [
                LogLine(file.rank, text)
                for file in self._files.values() if file.partial
                for text in clean_log(file.partial.decode("utf-8", "replace"), 1) if text
            ]  # fmt: skip
            for file in self._files.values():
                file.lines = []
            self._shown = (*self._lines, *partial)
        return self._shown

    def _paths(self) -> list[Path]:
        try:
            found = [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        except OSError:
            return []
        return sorted(found, key=lambda path: (len(path.name), path.name))[:_MAX_RANKS]

    def _read(self, path: Path) -> bool:
        """Read on in one file; whether it changed."""
        known = self._files.setdefault(path.name, _File(rank=int(path.stem.removeprefix("rank-"))))
        try:
            size = path.stat().st_size
            if size == known.offset:
                return False
            if size < known.offset:
                self._forget(known)
            block = _next_block(path, known, size)
        except OSError:
            return False
        whole = block.rfind(b"\n") + 1
        known.partial = block[whole:][-_BLOCK_BYTES:]
        for text in clean_log(block[:whole].decode("utf-8", "replace"), MAX_LINES) if whole else ():
            stamp = _STAMP.match(text)
            known.stamp = stamp[1] if stamp is not None else known.stamp
            known.lines.append((known.stamp, LogLine(known.rank, text)))
        return True

    def _forget(self, known: _File) -> None:
        """The file was truncated or replaced: what it held before is gone."""
        kept = [line for line in self._lines if line.rank != known.rank]
        self._lines.clear()
        self._lines.extend(kept)
        known.offset, known.partial, known.stamp = 0, b"", ""


def _next_block(path: Path, known: _File, size: int) -> bytes:
    """What comes next in a file, the unfinished line before it included."""
    with path.open("rb") as stream:
        if known.offset < 0:
            start = max(0, size - _FIRST_BYTES)
            stream.seek(start)
            block = stream.read(_FIRST_BYTES)
            known.offset = start + len(block)
            return block[block.find(b"\n") + 1 :] if start else block
        stream.seek(known.offset)
        block = stream.read(_BLOCK_BYTES)
        known.offset += len(block)
        return known.partial + block


def chosen(lines: Iterable[LogLine], pattern: str, rank: int | None) -> list[LogLine]:
    """The lines of a rank (None: of all) that match `text`, a glob, `/regex/` or `!` and one."""
    matches = matcher(pattern)
    return [line for line in lines if (rank is None or line.rank == rank) and matches(line.text)]


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches a filter; one that is no valid expression is looked for as it is."""
    if pattern.startswith("!"):
        inner = matcher(pattern[1:])
        return lambda text: not inner(text)
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            found = re.compile(pattern[1:-1], re.IGNORECASE)
        except re.error:
            return lambda text: pattern in text
        return lambda text: found.search(text) is not None
    wanted = pattern.lower()
    if any(char in wanted for char in "*?["):
        return lambda text: fnmatchcase(text.lower(), f"*{wanted}*")
    return lambda text: wanted in text.lower()
