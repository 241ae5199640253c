"""Why a pattern matches no file: which folder is missing, or what the folder holds instead."""

from __future__ import annotations

import os
from collections import Counter
from difflib import get_close_matches
from pathlib import Path

from neurotrain.dataset.base import DataFault
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.headers import EXTENSIONS
from neurotrain.dataset.listing import has_wildcard, is_leftover, pattern_parts


def no_match(root: Path, field: str, pattern: str) -> DataFault:
    """The fault for a legal pattern under an existing root that matches nothing."""
    parts = pattern_parts(pattern)
    folder, walked = _plain_start(root, parts)
    if os.path.isdir(root / pattern):
        parts, walked, folder = (*parts, "*"), (*walked, parts[-1]), root / pattern
    here = "/".join(walked) or "the root"
    if len(walked) < len(parts) - 1 and not has_wildcard(parts[len(walked)]):
        return _missing_folder(field, pattern, folder, parts, len(walked))
    files, folders = _contents(folder)
    message = f"no file matches '{pattern}': {here} ({folder}) {_held(files, folders)}"
    return DataFault(
        code="missing-files",
        field=field,
        message=message,
        hint=_better(field, walked, parts, files, folders, folder),
    )


def _plain_start(root: Path, parts: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """The folder that the parts before the first wildcard lead to, as far as it exists."""
    folder, walked = root, []
    for part in parts[:-1]:
        if has_wildcard(part) or not os.path.isdir(folder / part):
            break
        folder = folder / part
        walked.append(part)
    return folder, tuple(walked)


def _missing_folder(
    field: str, pattern: str, folder: Path, parts: tuple[str, ...], index: int
) -> DataFault:
    missing = parts[index]
    _, folders = _contents(folder)
    close = get_close_matches(missing, folders, n=1)
    hint = f"it has the folders {some_names(folders)}" if folders else ""
    if close:
        better = "/".join((*parts[:index], close[0], *parts[index + 1 :]))
        hint = f"did you mean '{better}'?"
    return DataFault(
        code="missing-files",
        field=field,
        message=f"no file matches '{pattern}': {folder} has no folder '{missing}'",
        hint=hint,
    )


def _contents(folder: Path) -> tuple[Counter[str], list[str]]:
    """How many files there are of each extension, and the folders."""
    files: Counter[str] = Counter()
    folders = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_leftover(entry.name):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                else:
                    files[os.path.splitext(entry.name)[1].lower()] += 1
    except OSError:
        return files, folders
    return files, sorted(folders)


def _held(files: Counter[str], folders: list[str]) -> str:
    held = [f"{num:,} {extension or 'without extension'}" for extension, num in files.most_common()]
    if folders:
        held.append(f"{counted(len(folders), 'folder')} ({some_names(folders)})")
    return f"holds {', '.join(held)}" if held else "is empty"


def _better(
    field: str,
    walked: tuple[str, ...],
    parts: tuple[str, ...],
    files: Counter[str],
    folders: list[str],
    folder: Path,
) -> str:
    """A pattern that does match, made from the commonest image extension."""
    usable = [extension for extension, _ in files.most_common() if extension in EXTENSIONS]
    if usable and len(walked) == len(parts) - 1:
        stem = os.path.splitext(parts[-1])[0]
        wanted = os.path.splitext(parts[-1])[1].lower()
        name = f"*{usable[0]}" if wanted in usable or not stem else stem + usable[0]
        return f"did you mean '{'/'.join((*walked, name))}'?"
    likely = get_close_matches(field, folders, n=1, cutoff=0.5)
    for inner in (*likely, *folders):
        inside, _ = _contents(folder / inner)
        found = [extension for extension, _ in inside.most_common() if extension in EXTENSIONS]
        if found:
            return f"did you mean '{'/'.join((*walked, inner, '*' + found[0]))}'?"
    return f"the supported extensions are {' '.join(sorted(EXTENSIONS))}" if files else ""
