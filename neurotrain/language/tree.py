"""The tree a spec is read into: plain values that know where each of them was written.

Knows nothing of what the values mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Tree: TypeAlias = "Scalar | list[Tree] | dict[str, Tree]"
SpecPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is written. Line and column count from 1, length in characters."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value of a spec with its place; `key_place` is where its key stands, if it has one."""

    value: Scalar | Mapping[str, Node] | tuple[Node, ...]
    place: Place
    key_place: Place | None = None
    written: str = ""
    """A scalar's text as the author wrote it, quotes included."""
    symbolic: str = ""
    """A text that names the environment, with `${env:NAME:default}` left in it; else empty."""
    origin: Place | None = None
    """Where the value was first written, if a variable or an alias brought it to `place`."""


def written_in(node: Node) -> str:
    """The file, as shown, that wrote a value: what a relative path in it is relative to."""
    return (node.origin or node.place).file


def brief(node: Node) -> str:
    """A scalar as it is written, for a message: its first line, shortened."""
    first = node.written.partition("\n")[0].rstrip()
    return first if first == node.written and len(first) <= 60 else f"{first[:60]}…"


def plain(node: Node) -> Tree:
    """The node's value without places."""
    if isinstance(node.value, Mapping):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    return node.value


def child(node: Node, key: str | int) -> Node | None:
    """The node's child under a key or an index, or None."""
    if isinstance(node.value, Mapping) and isinstance(key, str):
        return node.value.get(key)
    if isinstance(node.value, tuple) and isinstance(key, int) and 0 <= key < len(node.value):
        return node.value[key]
    return None


def nearest(root: Node, path: SpecPath) -> tuple[Node, bool]:
    """The node at a path, or its nearest existing ancestor, and whether it is the very one."""
    node = root
    for key in path:
        below = child(node, key)
        if below is None:
            return node, False
        node = below
    return node, True


def walk(node: Node, path: SpecPath = ()) -> Iterator[tuple[SpecPath, Node]]:
    """Every node below and including this one, parents first."""
    yield path, node
    if isinstance(node.value, Mapping):
        for key, below in node.value.items():
            yield from walk(below, (*path, key))
    elif isinstance(node.value, tuple):
        for index, below in enumerate(node.value):
            yield from walk(below, (*path, index))


def dotted(path: SpecPath) -> str:
    """A path as people write it: `train.optimizer`, `metrics[0]`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
