"""The identity of a plugin's code: a hash that is the same on any machine."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_SKIPPED: Final = (".pyc", ".pyo", ".pth")


def code_digest(distribution: Distribution, module: ModuleType) -> str:
    """SHA-256 over the relative names and contents of a distribution's files.

    The files are those that its RECORD lists, without metadata, byte code and scripts, which
    installers write. Where the record does not list the module, as in an editable installation,
    they are those of the module's package.
    """
    files = dict(_recorded(distribution))
    own = os.path.realpath(module.__file__) if module.__file__ else ""
    if own not in {os.path.realpath(path) for path in files.values()}:
        files = dict(_packaged(module))
    total = hashlib.sha256()
    for name in sorted(files):
        content = hashlib.sha256(files[name].read_bytes()).hexdigest()
        total.update(f"{content} {name}\n".encode())
    return total.hexdigest()


def _recorded(distribution: Distribution) -> Iterator[tuple[str, Path]]:
    for file in distribution.files or ():
        name = file.as_posix()
        first = name.partition("/")[0]
        if first == ".." or first.endswith((".dist-info", ".egg-info")) or not _is_code(name):
            continue
        path = Path(str(distribution.locate_file(file)))
        if path.is_file():
            yield name, path


def _packaged(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """The files of the outermost package with a file of its own, or the module alone."""
    parts = module.__name__.split(".")
    names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    loaded = [sys.modules[name] for name in names if name in sys.modules]
    outermost = next(each for each in loaded if each.__file__)
    assert outermost.__file__ is not None
    file = Path(outermost.__file__)
    if file.name != "__init__.py":
        yield file.name, file
        return
    for folder, _, found in os.walk(file.parent):
        for name in found:
            path = Path(folder) / name
            if _is_code(path.as_posix()) and path.is_file():
                yield path.relative_to(file.parent.parent).as_posix(), path


def _is_code(name: str) -> bool:
    return not name.endswith(_SKIPPED) and "__pycache__" not in name.split("/")
