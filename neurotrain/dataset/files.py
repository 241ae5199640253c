"""Input files of a prediction: which files a pattern or a list of paths stands for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault
from neurotrain.dataset.faults import near_path
from neurotrain.dataset.headers import Header, UnreadableImage, image_header
from neurotrain.dataset.listing import BadPattern, FoundFile, has_wildcard, list_files
from neurotrain.dataset.masks import load_region
from neurotrain.dataset.no_match import no_match
from neurotrain.dataset.pairing import pair_files
from neurotrain.dataset.pixels import load_image, picture_image

__all__ = [
    "Header",
    "InputsNotFound",
    "UnreadableImage",
    "image_header",
    "list_inputs",
    "load_image",
    "load_region",
    "pair_regions",
    "picture_image",
]


class InputsNotFound(Exception):
    """An input that names no file; the text says what is there instead."""

    def __init__(self, text: str, *, is_absent: bool = False) -> None:
        super().__init__(text)
        self.is_absent = is_absent
        """Not even its folder is on this machine."""


def list_inputs(resolver: Resolver, inputs: str | Sequence[str | Path]) -> tuple[Path, ...]:
    """The files that patterns, files and folders stand for, in order, each once.

    A pattern's files are sorted by name; a folder stands for the images directly in it.

    Raises:
        InputsNotFound: a path does not exist, or a pattern or folder has no image.
    """
    texts = [inputs] if isinstance(inputs, str) else [str(text) for text in inputs]
    found: dict[Path, None] = {}
    for text in texts:
        found.update(dict.fromkeys(_files(resolver, text)))
    if not found:
        raise InputsNotFound("no input is given")
    return tuple(found)


def pair_regions(resolver: Resolver, inputs: Sequence[Path], pattern: str) -> dict[Path, Path]:
    """The region-of-interest mask of each input, paired by the stem or number in the names.

    Raises:
        InputsNotFound: the pattern has no file, or an input has no mask or several.
    """
    regions = list_inputs(resolver, pattern)
    pairing = pair_files(_found(inputs), _found(regions), "auto")
    if pairing.alone or pairing.ambiguous:
        names = ", ".join(Path(name).name for name in pairing.alone[:5])
        fault = f"has no region of interest for {names}" if names else "fits images in two ways"
        raise InputsNotFound(f"'{pattern}' {fault}")
    return {path: Path(pairing.partners[str(path)].name) for path in inputs}


def _found(paths: Sequence[Path]) -> tuple[FoundFile, ...]:
    return tuple(FoundFile(str(p), 0, (), None) for p in paths)


def _files(resolver: Resolver, text: str) -> tuple[Path, ...]:
    try:
        path = resolver.path(text)
    except KeyError as error:
        text = f"the environment variable {error.args[0]} is not set"
        raise InputsNotFound(text, is_absent=True) from error
    if os.path.isfile(path):
        return (path,)
    folder, pattern = (path, "*") if os.path.isdir(path) else _split(path)
    if not os.path.isdir(folder):
        near = near_path(Path(folder))
        text = f"'{text}' does not exist: there is no folder {folder}{'; ' * bool(near)}{near}"
        raise InputsNotFound(text, is_absent=True)
    if not pattern:
        near = near_path(path)
        raise InputsNotFound(f"'{text}' does not exist{'; ' * bool(near)}{near}")
    return tuple(folder / name for name in _matches(folder, pattern))


def _split(path: Path) -> tuple[Path, str]:
    """A path with wildcards as the folder before the first of them and the pattern after it."""
    for index, part in enumerate(path.parts):
        if has_wildcard(part):
            return Path(*path.parts[:index]), "/".join(path.parts[index:])
    return path.parent, ""


def _matches(folder: Path, pattern: str) -> tuple[str, ...]:
    try:
        names = tuple(file.name for file in list_files(folder, pattern).files)
    except (BadPattern, OSError) as error:
        raise InputsNotFound(str(error)) from error
    if not names:
        raise InputsNotFound(_told(no_match(folder, "input", pattern)))
    return names


def _told(fault: DataFault) -> str:
    return f"{fault.message}; {fault.hint}" if fault.hint else fault.message
