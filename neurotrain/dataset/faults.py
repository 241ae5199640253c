"""Sentences about files for data faults: at most five names, and how many more there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault

_MAX_NAMES: Final = 5


def some_names(names: Sequence[str]) -> str:
    """`a, b, c, d, e and 7 more`."""
    shown = ", ".join(names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def counted(num: int, noun: str) -> str:
    """`1 mask`, `3 masks`, `2 classes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{num:,} {noun if num == 1 else plural}"


def resolved_root(resolver: Resolver, root: str) -> Path | DataFault:
    """The folder that `root` names, or the fault where there is none."""
    try:
        path = resolver.path(root)
    except KeyError as error:
        return DataFault(
            code="missing-files",
            field="root",
            message=f"the environment variable {error.args[0]} is not set",
            hint=f"set it, or give a default: ${{env:{error.args[0]}:../data}}",
            is_absent=True,
        )
    if os.path.isdir(path):
        return path
    return DataFault(
        code="missing-files", field="root", message=_missing(path), hint=_nearest(path),
        is_absent=not os.path.exists(path),
    )  # fmt: skip


def _missing(path: Path) -> str:
    if os.path.exists(path):
        return f"{path} is a file, not a folder"
    existing = _deepest_existing(path)
    missing = path.relative_to(existing).parts[0]
    return f"there is no folder {path}: {existing} exists, but has no '{missing}'"


def _nearest(path: Path) -> str:
    existing = _deepest_existing(path)
    if existing == path:
        return f"use the folder of the file: {path.parent}"
    missing = path.relative_to(existing).parts[0]
    try:
        folders = sorted(entry.name for entry in os.scandir(existing) if entry.is_dir())
    except OSError:
        return ""
    close = get_close_matches(missing, folders, n=1) or [
        name for name in folders if name.casefold() == missing.casefold()
    ]
    if close:
        return f"did you mean '{close[0]}'?"
    return f"it has the folders {some_names(folders)}" if folders else ""


def near_path(path: Path) -> str:
    """`did you mean 'x'?`, of what lies where a path leads no further; empty if nothing is near."""
    existing = _deepest_existing(path)
    if existing == path or not os.path.isdir(existing):
        return ""
    missing = path.relative_to(existing).parts[0]
    try:
        names = sorted(entry.name for entry in os.scandir(existing))
    except OSError:
        return ""
    close = get_close_matches(missing, names, n=1)
    return f"did you mean '{close[0]}'?" if close else ""


def _deepest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if os.path.exists(folder))
