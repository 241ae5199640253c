"""What DeepSpeed's configuration may hold, and which of it the spec or this trainer decides.

The keys stand in `deepspeed_keys.json`, which a test makes from the installed DeepSpeed and keeps
in sync. Knows nothing of specs and their places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from neurotrain.language.suggest import closest
from neurotrain.spec.engines import (
    ActivationCheckpointing,
    OffloadOptimizer,
    OffloadParam,
    WholeBF16,
    WholeFP16,
    Zero,
)

Keys = tuple[str, ...]

FILE: Final = Path(__file__).with_suffix(".json")
_MIRRORED: Final[Mapping[Keys, tuple[str, type[msgspec.Struct]]]] = {
    ("zero_optimization",): ("engine.zero", Zero),
    ("zero_optimization", "offload_optimizer"): ("engine.zero.offload_optimizer", OffloadOptimizer),
    ("zero_optimization", "offload_param"): ("engine.zero.offload_param", OffloadParam),
    ("bf16",): ("engine.bf16", WholeBF16),
    ("fp16",): ("engine.fp16", WholeFP16),
    ("activation_checkpointing",): ("engine.activation_checkpointing", ActivationCheckpointing),
}
"""Sections of DeepSpeed that blocks of the spec stand for."""
_DECIDED: Final[Mapping[Keys, str]] = {
    ("train_batch_size",): "train.batch.global",
    ("train_micro_batch_size_per_gpu",): "train.batch.micro",
    ("gradient_accumulation_steps",): "train.batch.accumulation",
    ("gradient_clipping",): "train.clip_grad_norm",
    ("optimizer",): "train.optimizer",
    ("scheduler",): "train.scheduler",
    ("torch_autocast", "enabled"): "train.precision",
    ("torch_autocast", "dtype"): "train.precision",
    ("bfloat16",): "engine.bf16",
    ("bf16", "enabled"): "engine.bf16",
    ("fp16", "enabled"): "engine.fp16",
    ("communication_data_type",): "engine.communication_data_type",
    ("checkpoint",): "train.checkpoints",
    ("zero_optimization", "cpu_offload"): "engine.zero.offload_optimizer",
    ("zero_optimization", "cpu_offload_param"): "engine.zero.offload_param",
    ("zero_optimization", "cpu_offload_use_pin_memory"): "engine.zero.offload_optimizer.pin_memory",
}
"""Keys of DeepSpeed that are written from a key of the spec."""
_LOGGERS: Final = "write it under loggers"
_OTHER_MODEL: Final = "models are not split that way here"
_OWN_LOADER: Final = "data comes as the data block says"
_OWN_STEP: Final = "the trainer accumulates, averages and measures gradients in its own way"
_OWN_FORMAT: Final = "formats follow train.precision, engine.bf16 and engine.fp16"
_OTHER_OFFLOAD: Final = "the trainer offloads whole states, to cpu or nvme"
_UNSUPPORTED: Final[Mapping[Keys, str]] = {
    **{(name,): _LOGGERS for name in ("tensorboard", "wandb", "csv_monitor", "comet")},
    **{
        (name,): _OTHER_MODEL
        for name in (
            "pipeline", "tensor_parallel", "expert_parallel", "use_data_before_expert_parallelism",
            "seq_parallel_communication_data_type", "hybrid_engine", "weight_quantization",
        )
    },
    **{(name,): _OWN_LOADER for name in ("data_efficiency", "dataloader_drop_last")},
    **{
        (name,): _OWN_STEP
        for name in (
            "managed_gradient_accumulation", "gradient_allreduce_op", "prescale_gradients",
            "gradient_predivide_factor", "disable_allgather",
        )
    },
    ("data_types",): _OWN_FORMAT,
    ("bf16", "immediate_grad_update"): _OWN_STEP,
    ("bf16", "bf16_master_weights_and_grads"): _OWN_FORMAT,
    ("bf16", "bf16_optimizer_states"): _OWN_FORMAT,
    ("fp16", "fp16_master_weights_and_grads"): _OWN_FORMAT,
    ("fp16", "auto_cast"): _OWN_FORMAT,
    ("autotuning",): "the plan has decided everything",
    ("compile",): "the training is not compiled by DeepSpeed",
    ("datastates_ckpt",): "checkpoints are written as train.checkpoints says",
    **{
        ("zero_optimization", name): _OWN_STEP
        for name in ("compute_grad_norm", "zenflow", "legacy_stage1", "elastic_checkpoint")
    },
    **{
        ("zero_optimization", name): _OWN_FORMAT
        for name in (
            "zero_quantized_weights", "zero_quantized_nontrainable_weights",
            "zero_quantized_gradients", "zero_hpz_partition_size",
        )
    },
    **{
        ("zero_optimization", "offload_optimizer", name): _OTHER_OFFLOAD
        for name in ("ratio", "super_offload", "cpuadam_cores_perc")
    },
}  # fmt: skip
"""Keys of DeepSpeed that this trainer does not use, each with the reason or the remedy."""
_KINDS: Final = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
}
_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


class Problem(StrEnum):
    """What is wrong with a key."""

    UNKNOWN = "unknown"
    VALUE = "value"
    DECIDED = "decided"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A key of a configuration that cannot be taken."""

    problem: Problem
    keys: Keys
    message: str
    hint: str
    decided_by: str = ""
    """The key of the spec that decides it."""


def findings(
    config: Mapping[str, Any], blocks: frozenset[str], above: Keys = ()
) -> Iterator[Finding]:
    """Everything in a configuration that is unknown, wrong, decided elsewhere or not supported.

    `blocks` are the optional blocks that the spec has, such as `engine.bf16`.
    """
    yield from _below(config, _table(), blocks, above)


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(FILE.read_bytes())
    return table


def _below(
    config: Mapping[str, Any], node: Mapping[str, Any], blocks: frozenset[str], above: Keys
) -> Iterator[Finding]:
    for key, value in config.items():
        keys = (*above, key)
        reserved = _reserved(keys, blocks)
        below = node["properties"].get(key)
        if reserved is not None:
            yield reserved
        elif below is None or below.get("removed") or below.get("deprecated"):
            yield _unknown(keys, node["properties"])
        elif "properties" not in below:
            yield from _value(keys, value, below)
        elif isinstance(value, Mapping):
            yield from _below(value, below, blocks, keys)
        else:
            yield _wrong(keys, value, "a map")


def _reserved(keys: Keys, blocks: frozenset[str]) -> Finding | None:
    """The key as one that is decided elsewhere or not used; None where it is free."""
    if keys in _UNSUPPORTED:
        message = f"this trainer does not use DeepSpeed's '{'.'.join(keys)}'"
        return Finding(
            problem=Problem.UNSUPPORTED, keys=keys, message=message, hint=_UNSUPPORTED[keys]
        )
    by = _DECIDED.get(keys)
    if keys in _MIRRORED:
        block, _ = _MIRRORED[keys]
        by = None if block in blocks or block == "engine.zero" else block
    elif keys[:-1] in _MIRRORED:
        block, struct = _MIRRORED[keys[:-1]]
        by = by or (f"{block}.{keys[-1]}" if keys[-1] in struct.__struct_fields__ else None)
    if by is None:
        return None
    message = f"DeepSpeed's '{'.'.join(keys)}' is written from {by}"
    return Finding(
        problem=Problem.DECIDED, keys=keys, message=message, hint=f"write {by}", decided_by=by
    )


def _unknown(keys: Keys, properties: Mapping[str, Mapping[str, Any]]) -> Finding:
    owner = f"'{'.'.join(keys[:-1])}' of DeepSpeed" if keys[:-1] else "DeepSpeed's configuration"
    given = properties.get(keys[-1], {})
    current = [name for name, each in properties.items() if _is_current(each)]
    message = f"{owner} has no key '{keys[-1]}'"
    likely = closest(keys[-1], current)
    reserved = _reserved((*keys[:-1], likely), frozenset()) if likely else None
    free = [name for name in current if _reserved((*keys[:-1], name), frozenset()) is None]
    hint = f"did you mean '{likely}'?" if likely else f"it takes: {', '.join(free)}"
    if reserved is not None:
        hint = f"{hint} {reserved.hint}"
    if given.get("removed"):
        message, hint = f"{owner} has '{keys[-1]}' no more", "leave it out"
    elif given.get("deprecated"):
        message = f"{owner} calls '{keys[-1]}' by another name now"
        hint = f"write {given['deprecated']}"
    return Finding(problem=Problem.UNKNOWN, keys=keys, message=message, hint=hint)


def _is_current(node: Mapping[str, Any]) -> bool:
    return not (node.get("removed") or node.get("deprecated"))


def _value(keys: Keys, value: Any, node: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with a value, if anything."""
    if value == "auto":
        yield _wrong(keys, value, "a value: the plan has no 'auto'")
    elif "enum" in node:
        if value not in node["enum"]:
            yield _wrong(keys, value, " or ".join(map(str, node["enum"])))
    elif "type" in node:
        bounds = [f"{_BOUNDS[key]} {node[key]:g}" for key in _BOUNDS if key in node]
        if not (_is_of(node["type"], value) and _within(value, node)):
            yield _wrong(keys, value, ", ".join([_KINDS[node["type"]], *bounds]))


def _wrong(keys: Keys, value: Any, wants: str) -> Finding:
    shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
    shown = "a map" if isinstance(value, Mapping) else shown
    shown = "a list" if isinstance(value, list) else shown
    message = f"{shown} is not a value for DeepSpeed's '{'.'.join(keys)}'"
    return Finding(problem=Problem.VALUE, keys=keys, message=message, hint=f"it takes {wants}")


def _is_of(kind: str, value: Any) -> bool:
    """Whether a value is of a kind; a whole number may be written as 5e8."""
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if kind == "number":
        return isinstance(value, (int, float))
    return isinstance(value, {"string": str, "array": list}[kind])


def _within(value: Any, node: Mapping[str, Any]) -> bool:
    return not (
        ("ge" in node and value < node["ge"])
        or ("gt" in node and value <= node["gt"])
        or ("le" in node and value > node["le"])
        or ("lt" in node and value >= node["lt"])
    )
