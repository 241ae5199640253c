"""How large a tree is. Knows no limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurotrain.language.tree import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The number of nodes, and how many maps and lists stand inside one another."""

    num_nodes: int
    height: int


def measure(node: Node) -> Size:
    """The size of a tree; shared parts count each time they appear."""
    below = (
        node.value.values()
        if isinstance(node.value, Mapping)
        else node.value
        if isinstance(node.value, tuple)
        else None
    )
    if below is None:
        return Size(num_nodes=1, height=0)
    sizes = [measure(child) for child in below]
    return Size(
        num_nodes=1 + sum(size.num_nodes for size in sizes),
        height=1 + max((size.height for size in sizes), default=0),
    )
