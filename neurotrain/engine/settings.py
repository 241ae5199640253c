"""The values of a plan as flat text, for those who watch a run and know no plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from neurotrain.plan.plan import Plan, without_none

_MAX_SETTINGS: Final = 240
_MAX_TEXT: Final = 100


def settings_of(plan: Plan) -> dict[str, str]:
    """Every decided value by its path, such as `train.epochs`; cut so that one event holds them."""
    tree = without_none(msgspec.to_builtins(plan.experiment))
    leaves = [(path, _text(value)) for path, value in _leaves(tree, "")]
    return dict(leaves[:_MAX_SETTINGS])


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(below, (dict, list)) for below in value):
        for index, below in enumerate(value):
            yield from _leaves(below, f"{path}[{index}]")
    else:
        yield path, value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    told = ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
    return told if len(told) <= _MAX_TEXT else told[: _MAX_TEXT - 1] + "…"
