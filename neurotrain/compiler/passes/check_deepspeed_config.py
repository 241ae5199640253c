"""Check the further keys of DeepSpeed that a spec writes under `engine.config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from neurotrain.compiler.codes import engine
from neurotrain.compiler.draft import Draft, fault
from neurotrain.compiler.topology import is_deepspeed
from neurotrain.language.diagnostics import Code, Report
from neurotrain.language.tree import SpecPath

_PATH: Final = ("engine", "config")
_BLOCKS: Final[tuple[SpecPath, ...]] = (
    ("engine", "bf16"),
    ("engine", "fp16"),
    ("engine", "activation_checkpointing"),
    ("engine", "zero", "offload_optimizer"),
    ("engine", "zero", "offload_param"),
)
"""Blocks that only count where they are written."""


def check_deepspeed_config(draft: Draft, report: Report) -> Draft:
    """Report keys that DeepSpeed does not have, does not take so, or has from the rest of the spec.

    `config: {gradient_clippingg: 1}` is answered by `unknown-deepspeed-key`.
    """
    written = draft.written(*_PATH)
    if not isinstance(written, Mapping) or not is_deepspeed(draft) or not written:
        return draft
    from neurotrain.compiler.deepspeed_keys import Problem, findings

    codes: dict[Problem, Code] = {
        Problem.UNKNOWN: engine.UNKNOWN_DEEPSPEED_KEY,
        Problem.VALUE: engine.DEEPSPEED_VALUE,
        Problem.DECIDED: engine.DECIDED_KEY,
        Problem.UNSUPPORTED: engine.UNSUPPORTED_KEY,
    }
    blocks = frozenset(".".join(map(str, path)) for path in _BLOCKS if draft.has(*path))
    for found in findings(written, blocks):
        path = (*_PATH, *found.keys)
        by = tuple(found.decided_by.split("."))
        related = ((by, "it is decided here"),) if found.decided_by and draft.has(*by) else ()
        at_key = found.problem is not Problem.VALUE
        code = codes[found.problem]
        report.add(fault(code, path, found.message, found.hint, related=related, at_key=at_key))
    return draft
