"""The field reference: what may stand at a path of a spec, as data for people.

Read from the schema, so that it says what the compiler checks. Knows nothing of how it is shown.
A path may name a component behind its family (`model.unet.channels`) or leave it out
(`model.channels`); then it means the field of every component that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from neurotrain.component.catalogue import Catalogue
from neurotrain.language.paths import PathFault, keys_of, parse_path
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath
from neurotrain.spec.field_types import Definitions, followed, type_in_words
from neurotrain.spec.schema import file_level, published, strict

Node: TypeAlias = Mapping[str, Any]
"""A part of the schema."""
_MAX_DEPTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of a spec, or a component of a family."""

    name: str
    """As it is asked for: `train.early_stopping.patience`, `model.unet`."""
    type: str
    """In words, with its bounds; empty for a component."""
    written: str = ""
    """How a component is written: `{type: step, every: …}`; empty for anything else."""
    meaning: str
    """What it is, with its unit; for a component, what it does."""
    default: Any = None
    """The value that holds where nothing is written; None where there is none."""
    required: bool = False
    parts: tuple[Field, ...] = ()
    """The keys of a block or component, or the components of a family."""
    is_family: bool = False
    """Whether the parts are components to choose from."""


class Reference:
    """The fields of all specs that a schema of resolved specs allows."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions: Definitions = schema["$defs"]
        self._root = {**schema, "properties": {**schema["properties"], **file_level()}}

    @classmethod
    def of(cls, catalogue: Catalogue) -> Reference:
        """The reference of what a catalogue allows."""
        return cls(strict(published(catalogue)))

    def find(self, name: str) -> tuple[Field, ...]:
        """Everything that a path or the name of a component means; empty where it is nothing."""
        segments = parse_path(name.removesuffix(".type"))
        if isinstance(segments, PathFault):
            return ()
        keys = keys_of(segments)
        return self._below(keys, [("", self._root)]) or self._below(keys, self._families())

    def ending_with(self, key: str) -> str | None:
        """The first path with this last key."""
        return self._by_last_key.get(key)

    @cached_property
    def _by_last_key(self) -> Mapping[str, str]:
        return {path.rpartition(".")[2]: path for path in reversed(self.paths())}

    def homes(self, key: str) -> tuple[str, ...]:
        """Every path of a key as a spec writes it, without the component that it belongs to.

        Of a block that stands in another one as well, such as an optimizer, the outer one alone.
        """
        return self._homes.get(key, ())

    def siblings(self, component: Node, key: str) -> tuple[str, ...]:
        """The other components of a component's family that have a key."""
        found: tuple[str, ...] = ()
        for _, family in self._families():
            members = family.get("x-dispatch", {}).get("members", {})
            parts = {
                name: followed({"$ref": ref}, self._definitions) for name, ref in members.items()
            }
            if component in parts.values():
                found = tuple(name for name in parts if key in parts[name]["properties"])
        return found

    def written(self, family: str, component: str) -> str:
        """How a component is written: `{type: step, every: …}`."""
        return self.find(f"{family}.{component}")[0].written

    @cached_property
    def _homes(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for path, parts in self._written_paths("", self._root, 0):
            found.setdefault(parts, {})[path] = None
        return {key: _outermost(paths) for key, paths in found.items()}

    def _written_paths(self, path: str, node: Node, depth: int) -> Iterator[tuple[str, str]]:
        """Paths with their last keys; a component's keys stand at its family."""
        for key, below in self._children(node):
            is_component = "type" in followed(below, self._definitions).get("properties", {})
            name = path if is_component else f"{path}.{key}" if path else key
            if not is_component:
                yield name, key
            if depth < _MAX_DEPTH:
                yield from self._written_paths(name, below, depth + 1)

    def suggest(self, name: str) -> str | None:
        """The path nearest to one that is nothing: its first unknown key mended."""
        start, unknown, *rest = self._parted(name)
        likely = closest(unknown, self._keys_below(start))
        if likely is not None:
            mended = ".".join([start + likely, *rest])
            return mended if self.find(mended) else start + likely
        last = closest(name.rpartition(".")[2], {path.rpartition(".")[2] for path in self.paths()})
        return None if last is None else self.ending_with(last)

    def _parted(self, name: str) -> tuple[str, ...]:
        """The start that means something, with its dot, and the keys after it."""
        keys = name.split(".")
        for count in range(len(keys) - 1, 0, -1):
            if self.find(".".join(keys[:count])):
                return ".".join(keys[:count]) + ".", *keys[count:]
        return "", *keys

    def _keys_below(self, start: str) -> set[str]:
        """Keys and components after a start, also those of its components."""
        below = (path.removeprefix(start) for path in self.paths() if path.startswith(start))
        keys = {key for path in below for key in path.split(".")[:2]}
        return {key for key in keys if self.find(start + key)}

    def paths(self) -> tuple[str, ...]:
        """Every path, blocks before what they hold, families before their components."""
        return tuple(dict.fromkeys(self._walk("", self._root, 0)))

    def _walk(self, path: str, node: Node, depth: int) -> Iterator[str]:
        for key, below in self._children(node):
            name = f"{path}.{key}" if path else key
            yield name
            if depth < _MAX_DEPTH:
                yield from self._walk(name, below, depth + 1)

    def _below(self, keys: SpecPath, starts: Iterable[tuple[str, Node]]) -> tuple[Field, ...]:
        found = [_Step(path=path, node=node) for path, node in starts]
        for key in keys:
            found = [below for step in found for below in self._step(step, key)]
        return tuple(self._field(step, with_parts=True) for step in found)

    def _step(self, start: _Step, key: str | int) -> Iterator[_Step]:
        """What a key means below a node: its own, that of an item, or of every component."""
        node = followed(start.node, self._definitions)
        if isinstance(key, int):
            prefix = node.get("prefixItems", [])
            items = node.get("items") or (prefix[key] if key < len(prefix) else None)
            if items:
                yield _Step(path=f"{start.path}[{key}]", node=items)
            return
        children = dict(self._children(node))
        if key in children:
            yield _step_to(start.path, key, children[key], node)
        elif {"x-dispatch", "x-choice", "items"} & node.keys():
            for between, below in children.items():
                yield from self._step(_step_to(start.path, between, below, node), key)

    def _children(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Keys with what may stand at them; components count as keys of their family."""
        node = followed(node, self._definitions)
        for key, below in node.get("properties", {}).items():
            if key != "type":
                yield key, below
        if "x-dispatch" in node:
            for name, target in node["x-dispatch"]["members"].items():
                yield name, {"$ref": target}
        if "x-choice" in node:
            yield from self._children(node["then"])
            yield from self._children(node["else"])
        if isinstance(node.get("items"), Mapping):
            yield from self._children(node["items"])

    def _families(self) -> Iterator[tuple[str, Node]]:
        """All families below one root, and each as a root: `loss.dice` and `dice` alone."""
        families = {
            node["x-dispatch"]["family"]: node
            for node in self._definitions.values()
            if "x-dispatch" in node
        }
        yield "", {"properties": families}
        yield from families.items()

    def _field(self, step: _Step, *, with_parts: bool) -> Field:
        node, target = step.node, followed(step.node, self._definitions)
        steps = [_step_to("", key, below, target) for key, below in self._children(target)]
        is_component = "type" in target.get("properties", {})
        return Field(
            name=step.path,
            type="" if is_component else type_in_words(node, self._definitions),
            written=_written(target) if is_component else "",
            meaning=node.get("description") or target.get("description", ""),
            default=node.get("default"),
            required=step.required,
            parts=tuple(self._field(below, with_parts=False) for below in steps if with_parts),
            is_family="properties" not in target and bool(steps),
        )


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The first and shortest of paths that end with the same block and key."""
    kept: dict[tuple[str, ...], str] = {}
    for path in paths:
        end = tuple(path.split(".")[-2:])
        if end not in kept or path.count(".") < kept[end].count("."):
            kept[end] = path
    return tuple(kept.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    path: str
    node: Node
    required: bool = False


def _step_to(path: str, key: str, node: Node, owner: Node) -> _Step:
    name = f"{path}.{key}" if path else key
    needed = owner.get("x-choice") or owner.get("required", ())
    return _Step(path=name, node=node, required=key in needed)


def _written(component: Node) -> str:
    """A component with what it needs."""
    name = component["properties"]["type"]["enum"][0]
    needed = [f"{key}: …" for key in component["required"] if key != "type"]
    return "{" + ", ".join([f"type: {name}", *needed]) + "}"
