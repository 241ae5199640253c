"""Lays one tree over another: maps merge, everything else replaces, `null` deletes.

A map that names another component by `type:` replaces the whole map below it, since the
parameters below belong to the other component. A map without a `type` is laid over a bare name as
over `{type: name}`. A `null` that deletes nothing stays a null, and a key without a value deletes
nothing: it is told as a fault.
Every value keeps the place where it was written.
"""

from __future__ import annotations

from collections.abc import Mapping

from neurotrain.language.tree import Node


def merge(below: Node, above: Node) -> Node:
    """The two trees as one; what is above is nearer and wins."""
    if isinstance(below.value, str) and isinstance(above.value, Mapping):
        named = {} if "type" in above.value else {"type": below}
        return with_value(above, {**named, **above.value})
    if not isinstance(below.value, Mapping) or not isinstance(above.value, Mapping):
        return above
    if _other_component(below.value, above.value):
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        if key not in merged:
            merged[key] = node
        elif node.value is None and node.written:
            del merged[key]
        elif node.value is None:
            merged[key] = node
        else:
            merged[key] = merge(merged[key], node)
    return with_value(above, merged)


def with_value(node: Node, value: Mapping[str, Node] | tuple[Node, ...]) -> Node:
    """The same node, at its place, around other children."""
    return Node(value=value, place=node.place, key_place=node.key_place, origin=node.origin)


def _other_component(below: Mapping[str, Node], above: Mapping[str, Node]) -> bool:
    if "type" not in below or "type" not in above:
        return False
    return above["type"].value is not None and below["type"].value != above["type"].value
