"""Lays one tree over another: maps merge, everything else replaces, `null` deletes.

A map that names another component by `type:` replaces the whole map below it, since the
parameters below belong to the other component; so do a component, a `fraction` of the
training data and `folds` of it, each laid over another. A map without a `type` is laid over a bare
name as over `{type: name}`. A `null` that deletes nothing stays a null, and a key without a value
deletes nothing: it is told as a fault.
Every value keeps the place where it was written.
"""

from __future__ import annotations

from collections.abc import Mapping

from neurotrain.language.tree import Node


def merge(below: Node, above: Node) -> Node:
    """The two trees as one; what is above is nearer and wins."""
    if isinstance(below.value, str) and isinstance(above.value, Mapping):
        return above if "type" in above.value else merge(named(below), above)
    if not isinstance(below.value, Mapping) or not isinstance(above.value, Mapping):
        return above
    if _other_kind(below.value, above.value):
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


def _other_kind(below: Mapping[str, Node], above: Mapping[str, Node]) -> bool:
    if "type" in below and "type" in above:
        return above["type"].value is not None and below["type"].value != above["type"].value
    return are_of_other_data(below, above)


def are_of_other_data(first: Mapping[str, Node], second: Mapping[str, Node]) -> bool:
    """Whether both say where samples come from, and in another way: by a dataset of their own, by
    a fraction of other data, or by folds of it."""
    ways = (_way(first), _way(second))
    if None in ways or ways[0] == ways[1]:
        return False
    return ways[1] not in first and ways[0] not in second


def _way(data: Mapping[str, Node]) -> str | None:
    """How a map says where samples come from; None where it does not."""
    for key in ("type", "fraction", "folds"):
        if key in data:
            return key if key == "type" or data.keys() <= {key, "fold"} else None
    return None


def named(node: Node) -> Node:
    """A bare name as the map `{type: name}` that it stands for; anything else as it is."""
    return with_value(node, {"type": node}) if isinstance(node.value, str) else node
