"""A value after its references have been filled in, with what a reference to it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from neurotrain.language.measure import Size, measure
from neurotrain.language.tree import Node, Place, Scalar

_SCALAR: Final = Size(num_nodes=1, height=0)


@dataclass(frozen=True, slots=True)
class Filled:
    """The node, its size, and its text for use inside other text (None if it has none)."""

    node: Node
    size: Size
    text: str | None


def as_written(node: Node) -> Filled:
    """A scalar that could not be filled in."""
    return Filled(node, _SCALAR, node.written)


def filled_text(
    node: Node, value: Scalar, text: str, symbolic: str, origin: Place | None = None
) -> Filled:
    """A scalar that has been filled in: its value, and the text it was read from."""
    filled = Node(
        value=value,
        place=node.place,
        key_place=node.key_place,
        written=node.written,
        symbolic=symbolic,
        origin=origin or node.origin,
    )
    return Filled(filled, _SCALAR, text)


def filled_value(node: Node) -> Filled:
    """A value in which nothing is left to fill in."""
    return Filled(node, measure(node), _text_of(node))


def kind_of(node: Node) -> str:
    """What a node without a text is, in a sentence."""
    if isinstance(node.value, Mapping):
        return "a map"
    return "a list" if isinstance(node.value, tuple) else "null"


def _text_of(node: Node) -> str | None:
    if isinstance(node.value, str):
        return node.value
    if node.value is None or isinstance(node.value, Mapping | tuple):
        return None
    return str(node.value).lower() if node.symbolic else node.written
