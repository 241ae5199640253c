"""Which engine a spec asks for, and how many processes, also where other keys of it are faulty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurotrain.compiler.draft import Draft, Tainted
from neurotrain.spec.engines import DeepSpeedEngine


def engine_type(draft: Draft) -> Any:
    """The struct of the engine block.

    Raises:
        Tainted: it names no engine.
    """
    if not draft.has("engine"):
        return type(draft.read("engine"))
    written = draft.written("engine")
    name = written.get("type") if isinstance(written, Mapping) else written
    found = draft.catalogue.find("engine", name) if isinstance(name, str) else None
    if found is None:
        raise Tainted(name)
    return found


def is_deepspeed(draft: Draft) -> bool:
    """Whether the engine is DeepSpeed.

    Raises:
        Tainted: the block names no engine.
    """
    return bool(engine_type(draft) is DeepSpeedEngine)


def world_size(draft: Draft) -> int:
    """How many processes train together: those of a machine times the machines.

    Raises:
        Tainted: that is not known.
    """
    if not is_deepspeed(draft):
        return 1
    return int(draft.read("engine", "processes")) * int(draft.read("engine", "nodes"))
