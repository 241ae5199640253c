"""Files under a root that match a pattern: `*`, `?`, `[…]`, `**` and the placeholder `{id}`.

Lists folders with `os.scandir` and asks each match for its size once; opens nothing. Hidden files
and what desktops leave behind are no data. The extension matches in either case, and a pattern
that names none matches the supported image extensions.
"""

from __future__ import annotations

import errno
import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from neurotrain.dataset.headers import EXTENSIONS

PLACEHOLDER: Final = "{id}"
_MAX_PATTERN: Final = 1000
_MAX_NAME: Final = 255
"""Bytes of a file name that file systems allow."""
_MAX_DEEP: Final = 2
_MAX_STARS: Final = 4
_MAX_FOLDERS: Final = 20_000
"""Folders that one pattern may lead through."""
_LEFTOVERS: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_WILDCARD: Final = re.compile(r"\{id\}|\*+|\?|\[!?\]?[^\]]*\]")


class BadPattern(ValueError):
    """A pattern that cannot be matched; the text says what to write instead."""


class FoundFile(NamedTuple):
    """One file that matches a pattern."""

    name: str
    """Relative to the root, with `/`."""
    num_bytes: int
    folders: tuple[str, ...]
    """What the wildcards of the pattern's folders stand for."""
    id: str | None
    """What `{id}` stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a pattern matches."""

    files: tuple[FoundFile, ...]
    """Sorted by name."""
    dead_links: tuple[str, ...] = ()
    """Matching names that link to nothing, as git-annex and DVC leave before data is fetched."""


def list_files(root: Path, pattern: str) -> Listing:
    """The files under a root that match a pattern.

    Raises:
        BadPattern: the pattern cannot be matched, or leads to more folders than data has.
        OSError: a folder cannot be listed.
    """
    parts = pattern_parts(pattern)
    whole = re.compile(_whole_regex(parts))
    with_extension = names_extension(parts[-1])
    matches: dict[str, FoundFile] = {}
    dead_links = []
    for name, entry in _walk(str(root), "", parts):
        if not with_extension and os.path.splitext(name)[1].lower() not in EXTENSIONS:
            continue
        match = whole.fullmatch(name)
        if match is None:
            continue
        try:
            num_bytes = entry.stat().st_size
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            dead_links.append(name)
            continue
        folders, placeholder = _captured(match) if whole.groups else ((), None)
        matches[name] = FoundFile(name, num_bytes, folders, placeholder)
    files = tuple(matches[name] for name in sorted(matches))
    return Listing(files=files, dead_links=tuple(sorted(dead_links)))


def pattern_parts(pattern: str) -> tuple[str, ...]:
    """The parts of a pattern between slashes.

    Raises:
        BadPattern: the pattern is empty, absolute, too long, has braces other than `{id}`, or so
            many wildcards that matching could take for ever.
    """
    parts = tuple(part for part in pattern.replace("\\", "/").split("/") if part not in ("", "."))
    if not parts:
        raise BadPattern("the pattern is empty; write one such as images/*.png")
    parts = tuple(
        part for part, before in zip(parts, (None, *parts), strict=False)
        if (part, before) != ("**", "**")
    )  # fmt: skip
    _refuse_excess(pattern, parts)
    if os.path.isabs(pattern):
        raise BadPattern(f"'{pattern}' is absolute; a pattern is relative to root")
    if re.search(r"[{}]", pattern.replace(PLACEHOLDER, "")):
        raise BadPattern(f"'{pattern}' has braces; the only placeholder is {PLACEHOLDER}")
    if parts[-1] == "**":
        parts = (*parts, "*")
    try:
        re.compile(_whole_regex(parts))
    except re.error as error:
        raise BadPattern(f"'{pattern}' has a bad range in brackets ({error})") from error
    return parts


def _refuse_excess(pattern: str, parts: tuple[str, ...]) -> None:
    """Refuse what no file could match, and what would be tried in too many ways.

    Raises:
        BadPattern: the pattern is of that kind.
    """
    shown = pattern if len(pattern) <= 60 else f"{pattern[:60]}…"
    if "\0" in pattern:
        raise BadPattern("the pattern holds a NUL character, which no file name has")
    if len(pattern) > _MAX_PATTERN or max(map(len, parts)) > _MAX_NAME:
        raise BadPattern(f"'{shown}' is longer than a path can be")
    if parts.count("**") > _MAX_DEEP:
        raise BadPattern(f"'{shown}' has more than {_MAX_DEEP} '**'; one stands for any depth")
    if any(len(re.findall(r"\*+|\{id\}", part)) > _MAX_STARS for part in parts):
        raise BadPattern(f"'{shown}' has more than {_MAX_STARS} wildcards in one name")


def names_extension(part: str) -> bool:
    """Whether the last part of a pattern states an extension, as `*.tif` does and `*.*` not."""
    return "." in _WILDCARD.split(part)[-1]


def is_leftover(name: str) -> bool:
    """Whether a name is hidden or left behind by a desktop, and so no data."""
    return name.startswith(".") or name.lower() in _LEFTOVERS


def has_wildcard(part: str) -> bool:
    """Whether a part of a pattern can stand for several names."""
    return _WILDCARD.search(part) is not None


def _captured(match: re.Match[str]) -> tuple[tuple[str, ...], str | None]:
    """What the wildcards of the folders and the placeholder stand for."""
    fields = match.groupdict()
    return tuple(text or "" for key, text in fields.items() if key != "id"), fields.get("id")


def _walk(
    folder: str, prefix: str, parts: tuple[str, ...]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Entries that may match, with their names relative to the root."""
    part, rest = parts[0], parts[1:]
    if rest and not has_wildcard(part):
        inner = os.path.join(folder, part)
        if os.path.isdir(inner):
            yield from _walk(inner, f"{prefix}{part}/", rest)
    elif part == "**":
        for below, name in _folders_below(folder, prefix):
            yield from _walk(below, name, rest)
    else:
        regex = re.compile(_part_regex(part, is_last=not rest))
        for entry in _entries(folder):
            if not regex.fullmatch(entry.name):
                continue
            if rest and _is_folder(entry):
                yield from _walk(entry.path, f"{prefix}{entry.name}/", rest)
            elif not rest and not _is_folder(entry):
                yield prefix + entry.name, entry


def _folders_below(start: str, start_prefix: str) -> Iterator[tuple[str, str]]:
    """A folder and all folders in it, each once: under its own name before any link to it.

    A link to a folder that holds the start leads out of it and is left out.

    Raises:
        BadPattern: there are too many.
    """
    known = {_identity(str(parent)) for parent in Path(os.path.realpath(start)).parents}
    num_folders = 0
    folders, links = [(start, start_prefix)], deque[tuple[str, str]]()
    while folders or links:
        folder, prefix = folders.pop() if folders else links.popleft()
        identity = _identity(folder)
        if identity in known:
            continue
        known.add(identity)
        num_folders += 1
        if num_folders > _MAX_FOLDERS:
            most = f"more than {_MAX_FOLDERS:,} folders"
            raise BadPattern(f"'**' leads through {most}; name one of them")
        yield folder, prefix
        for entry in sorted(_entries(folder), key=lambda entry: entry.name):
            if _is_folder(entry):
                below = (entry.path, f"{prefix}{entry.name}/")
                (links if entry.is_symlink() else folders).append(below)


def _identity(folder: str) -> tuple[int, int]:
    """What is the same under every name of a folder."""
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; a link in a circle is none."""
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not is_leftover(entry.name)]


def _whole_regex(parts: tuple[str, ...]) -> str:
    """A regex for relative names that captures the folders' wildcards and the placeholder."""
    pieces = []
    knows_id = False
    for index, part in enumerate(parts[:-1]):
        if part == "**":
            pieces.append(f"(?:(?P<w{index}>.+)/)?")
        else:
            pieces.append(_part_regex(part, capture=f"w{index}_", knows_id=knows_id) + "/")
        knows_id = knows_id or PLACEHOLDER in part
    return "".join(pieces) + _part_regex(parts[-1], is_last=True, knows_id=knows_id)


def _part_regex(
    part: str, *, is_last: bool = False, capture: str = "", knows_id: bool = False
) -> str:
    """A regex for one name; wildcards are captured under numbered names that start so."""
    stem, extension = part, ""
    if is_last and names_extension(part):
        stem, dot, end = part.rpartition(".")
        extension = f"(?i:{re.escape(dot + end)})"
    pieces = []
    start = 0
    for number, match in enumerate(_WILDCARD.finditer(stem)):
        pieces.append(re.escape(stem[start : match.start()]))
        start = match.end()
        if match[0] == PLACEHOLDER:
            pieces.append("(?P=id)" if knows_id else "(?P<id>[^/]+?)")
            knows_id = True
        else:
            wildcard = _wildcard_regex(match[0])
            pieces.append(f"(?P<{capture}{number}>{wildcard})" if capture else wildcard)
    return "".join(pieces) + re.escape(stem[start:]) + extension


def _wildcard_regex(wildcard: str) -> str:
    if wildcard[0] == "*":
        return "[^/]*"
    if wildcard == "?":
        return "[^/]"
    inside = wildcard[1:-1].replace("\\", r"\\")
    return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
