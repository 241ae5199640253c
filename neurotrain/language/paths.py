"""Paths as people write them, `train.optimizer` or `metrics[0].type`, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from neurotrain.language.tree import SpecPath

_SEGMENT: Final = re.compile(r"(?P<dot>\.?)(?P<key>[^.\[\]]+)|\[(?P<index>[0-9]{1,9})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One step of a path and where it stands in the text, counted from 0."""

    key: str | int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFault:
    """Why a text is no path, and the character it breaks at, counted from 0."""

    message: str
    at: int


def parse_path(text: str) -> tuple[Segment, ...] | PathFault:
    """The steps of a path, or what is wrong with it."""
    segments: list[Segment] = []
    at = 0
    while at < len(text):
        found = _SEGMENT.match(text, at)
        if found is None or (found["key"] and bool(found["dot"]) != bool(segments)):
            return PathFault(message=_wrong(text, at), at=at)
        if found["key"]:
            segments.append(Segment(key=found["key"], start=found.start("key"), end=found.end()))
        elif not segments:
            return PathFault(message="a path begins with a key, not with an index", at=0)
        else:
            segments.append(Segment(key=int(found["index"]), start=at, end=found.end()))
        at = found.end()
    return tuple(segments) if segments else PathFault(message="the path is empty", at=0)


def keys_of(segments: tuple[Segment, ...]) -> SpecPath:
    """The path without its positions."""
    return tuple(segment.key for segment in segments)


def _wrong(text: str, at: int) -> str:
    if text[at] == "[":
        return "an index is a number from 0 on, in brackets, such as [0]"
    if text[at] == ".":
        return "a key is missing beside this dot"
    return f"'{text[at]}' cannot stand here"
