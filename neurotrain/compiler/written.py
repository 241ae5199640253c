"""Values of the spec as their author wrote them, for messages."""

from __future__ import annotations

from typing import Any

from neurotrain.compiler.draft import Draft
from neurotrain.language.tree import SpecPath, nearest


def shown(path: SpecPath, draft: Draft) -> str:
    """The value as written, with its type."""
    value: Any = draft.written(*path)
    kind = {bool: "boolean", int: "whole number", float: "number", str: "text"}.get(type(value))
    if isinstance(value, list):
        return f"a list of {len(value)} entr{'y' if len(value) == 1 else 'ies'}"
    if kind is None:
        return "a map"
    return f"{written(path, draft) or value} ({kind})"


def written(path: SpecPath, draft: Draft) -> str:
    """A scalar's text as the author wrote it, if it is short; else nothing."""
    node, exact = nearest(draft.root, path)
    return node.written if exact and len(node.written) <= 60 else ""
