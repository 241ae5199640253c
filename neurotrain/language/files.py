"""The files of one spec: read once each, their texts kept for rendering."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from neurotrain.language.decoding import displayed
from neurotrain.language.limits import MAX_BYTES


@dataclass(slots=True)
class Files:
    """Collects what is read; `texts` maps a file, as it is shown, to its text."""

    texts: dict[str, str] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    num_bytes: int = 0

    def keep(self, path: Path, shown: str, content: bytes) -> None:
        """Remember one file."""
        self.paths.append(path)
        self.texts[shown] = displayed(content)
        self.num_bytes += len(content)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a file has no content, after "which"."""

    reason: str


def read_content(path: Path) -> bytes | Unreadable:
    """The bytes of a file, at most one more than is allowed."""
    try:
        if path.is_dir():
            return Unreadable("is a folder")
        if not path.exists():
            return Unreadable("does not exist")
        if not path.is_file():
            return Unreadable("is not a regular file")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Unreadable(f"cannot be opened ({error.strerror})")
    except ValueError:
        return Unreadable("has a name that no file can have")


def identity(path: Path) -> str:
    """The same text for every name of one file."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def beside(shown: str, name: str) -> str:
    """The file that a name written in another file stands for, as it is shown."""
    joined = os.path.join(os.path.dirname(shown), name)
    tidy = os.path.normpath(joined)
    return tidy if identity(Path(tidy)) == identity(Path(joined)) else joined


def siblings(path: Path) -> list[str]:
    """The names of the YAML files in a file's folder, sorted; empty if there is no such folder."""
    try:
        names = os.listdir(path.parent)
    except (OSError, ValueError):
        return []
    return sorted(name for name in names if name.endswith((".yaml", ".yml")))
