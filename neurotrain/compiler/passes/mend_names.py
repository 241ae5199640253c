"""Tell misspelt keys and component types, and go on as if they were spelt as they are meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from neurotrain.compiler.draft import Draft, Mended
from neurotrain.compiler.misnamed import plugin_hint, typo_of, unknown_component
from neurotrain.compiler.unknown import MAX_UNKNOWN, misspelt, unknown_keys, unknown_of
from neurotrain.compiler.validator import Violation, schema_of, violations
from neurotrain.language.diagnostics import Diagnostic, Report, Severity
from neurotrain.language.merge import with_value
from neurotrain.language.tree import Node, SpecPath, Tree, nearest
from neurotrain.spec.fields import Reference

_MAX_ROUNDS: Final = 8
_SOUND: Final = frozenset(
    ("additionalProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
     "minItems", "maxItems", "pattern", "enum", "const")
)  # fmt: skip
"""What may be wrong with a value that is taken for that of another key: its type is right."""


def mend_names(draft: Draft, report: Report) -> Draft:
    """Report every unknown key and misspelt component, and mend the tree that later passes read.

    A key takes the name that is meant where its value suits that name, and is left out elsewhere;
    so the other faults of its block are found as well: `trian: {epochs: 0}` has two.
    """
    schema = schema_of(draft.tree, draft.catalogue)
    reference, others = Reference(schema), ""
    for _ in range(_MAX_ROUNDS):
        before = draft
        for error in list(violations(draft.tree, schema)):
            if error.rule == "additionalProperties":
                draft = _mend_keys(draft, error, schema, reference, report)
            elif error.rule == "x-dispatch" and not draft.lacks_plugins:
                others = others or plugin_hint(draft)
                draft = _mend_type(draft, error, reference, others, report)
        if draft is before:
            break
    return draft


def _mend_keys(
    draft: Draft, error: Violation, schema: dict[str, Any], reference: Reference, report: Report
) -> Draft:
    """The draft with the unknown keys of one map renamed or left out, after a report."""
    path, meant = error.path, misspelt(error)
    names: dict[str, str | None] = {}
    for found in unknown_keys(error, reference):
        key = str(found.path[-1])
        told = [item for item in report.items if item.path[: len(path) + 1] == found.path]
        if not _can_mend(found.path, told, report):
            continue
        at, name = meant.get(key, ((), None))
        sound = name is not None and name not in names.values()
        sound = sound and _is_sound(error.value[key], error.schema["properties"][name], schema)
        names[key] = name if sound else None
        if sound:
            for item in told:
                report.taint((*at, *item.path[len(path) + 1 :]))
        elif name is not None:
            report.taint(at)
        node, _ = nearest(draft.root, found.path)
        report.add_mended(replace(found, place=node.key_place) if sound else found)
    if not names:
        return draft
    names.update(dict.fromkeys(unknown_of(error)[MAX_UNKNOWN:]))
    renamed = {key: name for key, name in names.items() if name is not None}
    all_names = {key: names.get(key, key) for key in error.value}
    is_unsure = len(renamed) < len(names) and "type" not in error.value
    return replace(
        draft,
        root=_node_with(draft.root, path, _renaming_nodes(renamed)),
        tree=_tree_with(draft.tree, path, _renaming(all_names)),
        mended=Mended(
            keys=draft.mended.keys | {(*path, key) for key in names},
            unsure=draft.mended.unsure | ({path} if is_unsure else frozenset()),
            types=draft.mended.types,
        ),
    )


def _mend_type(
    draft: Draft, error: Violation, reference: Reference, others: str, report: Report
) -> Draft:
    """The draft with one component under the type that is meant, after a report."""
    likely, path = typo_of(error), error.path
    if likely is None or report.taints(path):
        return draft
    report.add_mended(unknown_component(error, path, draft, reference, others))
    given = error.value
    name = given["type"] if isinstance(given, Mapping) else given
    mended = {**given, "type": likely} if isinstance(given, Mapping) else likely
    return replace(
        draft,
        tree=_tree_with(draft.tree, path, lambda _: mended),
        mended=replace(draft.mended, types={**draft.mended.types, name: likely}),
    )


def _can_mend(path: SpecPath, told: list[Diagnostic], report: Report) -> bool:
    """Whether nothing that is told already explains the key, or would lose its place."""
    if report.taints_above(path):
        return False
    errors = [item for item in told if item.code.severity is Severity.ERROR]
    return all(item.path != path and item.place is not None for item in errors)


def _is_sound(value: object, wanted: Mapping[str, Any], schema: dict[str, Any]) -> bool:
    """Whether the value could stand under a key: what is wrong is wrong inside it."""
    errors = [each for each in violations(value, schema, wanted) if not each.path]
    named = isinstance(value, Mapping) and isinstance(value.get("type"), str)
    return all(each.rule in _SOUND or (each.rule == "x-dispatch" and named) for each in errors)


def _renaming(names: Mapping[str, str | None]) -> Callable[[Any], Any]:
    def change(value: dict[str, Tree]) -> dict[str, Tree]:
        pairs = ((names[key], below) for key, below in value.items())
        return {name: below for name, below in pairs if name is not None}

    return change


def _renaming_nodes(names: Mapping[str, str]) -> Callable[[Node], Node]:
    def change(node: Node) -> Node:
        assert isinstance(node.value, Mapping)
        return with_value(node, {names.get(key, key): below for key, below in node.value.items()})

    return change


def _node_with(node: Node, path: SpecPath, change: Callable[[Node], Node]) -> Node:
    if not path:
        return change(node)
    first, rest = path[0], path[1:]
    if isinstance(node.value, tuple):
        assert isinstance(first, int)
        below = _node_with(node.value[first], rest, change)
        return with_value(node, (*node.value[:first], below, *node.value[first + 1 :]))
    assert isinstance(node.value, Mapping)
    assert isinstance(first, str)
    return with_value(node, {**node.value, first: _node_with(node.value[first], rest, change)})


def _tree_with(tree: Any, path: SpecPath, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(tree)
    changed = tree.copy()
    changed[path[0]] = _tree_with(tree[path[0]], path[1:], change)
    return changed
