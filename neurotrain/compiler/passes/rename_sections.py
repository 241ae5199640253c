"""Tell sections under a misspelt name, and go on with them under the name that is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from neurotrain.compiler.draft import Draft
from neurotrain.compiler.unknown import misspelt, unknown_keys
from neurotrain.compiler.validator import Violation, resolved_schema, violations
from neurotrain.language.diagnostics import Report, Severity
from neurotrain.language.merge import with_value
from neurotrain.language.tree import Node, SpecPath, Tree, nearest
from neurotrain.spec.fields import Reference

_MAX_ROUNDS: Final = 8
_SOUND: Final = ("additionalProperties",)
"""What may be wrong with a section itself that is taken for another."""


def rename_sections(draft: Draft, report: Report) -> Draft:
    """Report every map under an unknown key that is probably misspelt, and give it the right key.

    So the faults inside it are found as well: `trian: {epochs: 0}` has two.
    """
    schema = resolved_schema(draft.catalogue)
    for _ in range(_MAX_ROUNDS):
        found = next(_renamed(draft, report, schema), None)
        if found is None:
            break
        draft = found
    return draft


def _renamed(draft: Draft, report: Report, schema: dict[str, Any]) -> Iterator[Draft]:
    """The draft with one section renamed, after a report."""
    for error in list(violations(draft.tree, schema)):
        for key, (meant, name) in misspelt(error).items():
            old = (*error.path, key)
            node, _ = nearest(draft.root, old)
            told = [item for item in report.items if item.path[: len(old)] == old]
            placeless = any(item.place is None for item in told)
            if not isinstance(error.value[key], Mapping) or placeless or report.taints_above(old):
                continue
            changed = replace(
                draft,
                root=_rename_node(draft.root, error.path, key, name),
                tree=_rename(draft.tree, error.path, key, name),
            )
            if _is_sound(meant, list(violations(changed.tree, schema))):
                errors = (item for item in told if item.code.severity is Severity.ERROR)
                for item in errors:
                    report.taint((*meant, *item.path[len(old) :]))
                _tell(error, key, node, report, Reference(schema))
                yield changed


def _is_sound(path: SpecPath, errors: list[Violation]) -> bool:
    """Whether the section could stand there: what is wrong is wrong inside it."""
    return all(error.rule in _SOUND for error in errors if error.path == path)


def _tell(error: Violation, key: str, node: Node, report: Report, reference: Reference) -> None:
    for found in unknown_keys(error, reference):
        if found.path == (*error.path, key):
            report.add(replace(found, place=node.key_place))


def _rename_node(node: Node, path: SpecPath, key: str, name: str) -> Node:
    if not path:
        assert isinstance(node.value, Mapping)
        return with_value(node, {name if k == key else k: b for k, b in node.value.items()})
    first, *rest = path
    if isinstance(node.value, tuple):
        assert isinstance(first, int)
        below = _rename_node(node.value[first], tuple(rest), key, name)
        return with_value(node, (*node.value[:first], below, *node.value[first + 1 :]))
    assert isinstance(node.value, Mapping)
    assert isinstance(first, str)
    below = _rename_node(node.value[first], tuple(rest), key, name)
    return with_value(node, {**node.value, first: below})


def _rename(tree: Any, path: SpecPath, key: str, name: str) -> Any:
    if not path:
        return {name if k == key else k: below for k, below in tree.items()}
    first, *rest = path
    changed: Tree = tree.copy()
    changed[first] = _rename(tree[first], tuple(rest), key, name)  # type: ignore[index]
    return changed
