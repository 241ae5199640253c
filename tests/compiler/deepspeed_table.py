"""The keys of DeepSpeed's configuration, found in the installed version.

Sections that are pydantic models tell their own keys and types. The others are plain maps: a map
that remembers what DeepSpeed's parser asks it for is parsed, so that the table has what is read.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

MODELS: Final = {
    "zero_optimization": "deepspeed.runtime.zero.config:DeepSpeedZeroConfig",
    "bf16": "deepspeed.runtime.precision_config:DeepSpeedBF16Config",
    "bfloat16": "deepspeed.runtime.precision_config:DeepSpeedBF16Config",
    "fp16": "deepspeed.runtime.precision_config:DeepSpeedFP16Config",
    "comms_logger": "deepspeed.comm.config:CommsLoggerConfig",
    "tensorboard": "deepspeed.monitor.config:TensorBoardConfig",
    "wandb": "deepspeed.monitor.config:WandbConfig",
    "csv_monitor": "deepspeed.monitor.config:CSVConfig",
    "comet": "deepspeed.monitor.config:CometConfig",
    "compile": "deepspeed.compile.config:CompileConfig",
    "hybrid_engine": "deepspeed.runtime.config:HybridEngineConfig",
    "tensor_parallel": "deepspeed.runtime.tensor_parallel.config:TPTrainingConfig",
}
"""Sections that are pydantic models, by key."""
PLAIN: Final = (
    "optimizer", "scheduler", "torch_autocast", "activation_checkpointing", "aio", "checkpoint",
    "checkpoint.writer", "checkpoint.parallel_write", "data_types", "flops_profiler", "timers",
)  # fmt: skip
"""Sections that are plain maps, by path."""
THROUGHPUT: Final = "deepspeed.utils.config:DeepSpeedThroughputTimerConfig"
BATCH: Final = {"train_batch_size": 1}
UNTYPED: Final = ("data_types.keep_in_fp32_modules",)
"""Keys whose default says less than what they take."""
TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


class Asked(dict[str, Any]):
    """A map that remembers the keys it was asked for, with the defaults it was given."""

    def __init__(self, given: dict[str, Any], path: str, seen: dict[str, Any]) -> None:
        super().__init__(given)
        self._path, self._seen = path, seen

    def _note(self, key: str, default: Any = None) -> None:
        name = f"{self._path}.{key}".lstrip(".")
        if self._seen.get(name) is None:
            self._seen[name] = default

    def get(self, key: str, default: Any = None) -> Any:
        self._note(key, default)
        return super().get(key, default)

    def keys(self) -> Any:
        return _Keys(self)

    def __contains__(self, key: object) -> bool:
        self._note(str(key))
        return super().__contains__(key)

    def __copy__(self) -> Asked:
        return self


class _Keys:
    """The keys of a map; asking whether one is there counts as asking for it."""

    def __init__(self, owner: Asked) -> None:
        self._owner = owner

    def __contains__(self, key: object) -> bool:
        return key in self._owner

    def __iter__(self) -> Iterator[str]:
        return iter(self._owner)


def table() -> dict[str, Any]:
    """The keys as a schema: `properties` of sections, `type` of values, and what is deprecated."""
    seen = _asked()
    properties: dict[str, Any] = {}
    for name in sorted(seen):
        key, _, below = name.partition(".")
        if key not in MODELS and not below:
            properties[key] = _value(seen[name])
    for key, place in MODELS.items():
        properties[key] = _model(place)
    for path in PLAIN:
        _insert(properties, path.split("."), seen)
    properties["timers"]["properties"]["throughput"] = _model(THROUGHPUT)
    config = import_module("deepspeed.runtime.config")
    removed = dict.fromkeys(sorted(config._REMOVED_TOP_LEVEL_CONFIG_KEYS), True)
    zero = dict.fromkeys(sorted(config._REMOVED_ZERO_CONFIG_KEYS), True)
    for key in removed:
        properties.setdefault(key, {})["removed"] = True
    for key in zero:
        properties["zero_optimization"]["properties"].setdefault(key, {})["removed"] = True
    return {"deepspeed": import_module("deepspeed").__version__, "properties": properties}


def _asked() -> dict[str, Any]:
    """Every key that the parser asks for, with its default, by path."""
    seen: dict[str, Any] = dict.fromkeys(UNTYPED, UNTYPED)
    sections: dict[str, Asked] = {}
    for path in PLAIN:
        sections[path] = Asked(_present(path), path, seen)
    for path in PLAIN:
        above, _, key = path.rpartition(".")
        if above:
            dict.__setitem__(sections[above], key, sections[path])
    top = {key: section for key, section in sections.items() if "." not in key}
    import_module("deepspeed.runtime.config").DeepSpeedConfig(Asked(BATCH | top, "", seen))
    return seen


def _present(path: str) -> dict[str, Any]:
    """What has to be in a section so that the parser looks at the rest of it."""
    needed = {"optimizer": {"type": "Adam"}, "scheduler": {"type": "WarmupLR"}}
    return dict(needed.get(path, {}))


def _insert(properties: dict[str, Any], keys: list[str], seen: dict[str, Any]) -> None:
    path = ".".join(keys)
    node = properties
    for key in keys[:-1]:
        node = node[key]["properties"]
    below = {
        name.removeprefix(f"{path}."): _value(default)
        for name, default in sorted(seen.items())
        if name.startswith(f"{path}.") and "." not in name.removeprefix(f"{path}.")
    }
    node[keys[-1]] = {"properties": below}


def _value(default: Any) -> dict[str, Any]:
    """What a value has to be, from the default that the parser gives it; nothing where it has none.

    A number may be whole or not: the parser does not look.
    """
    kind = TYPES.get(type(default))
    return {} if kind is None else {"type": "number" if kind == "integer" else kind}


def _model(place: str) -> dict[str, Any]:
    module, _, name = place.partition(":")
    return _fields(getattr(import_module(module), name))


def _fields(model: Any) -> dict[str, Any]:
    """The fields of a pydantic model, by the names that a configuration may use."""
    properties: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        node = _annotated(info)
        extra = info.json_schema_extra or {}
        if isinstance(extra, dict) and extra.get("deprecated"):
            node["deprecated"] = extra.get("new_param") or True
        properties[info.alias or name] = node
        if info.alias:
            properties[name] = {**node, "deprecated": info.alias}
    return {"properties": dict(sorted(properties.items()))}


def _annotated(info: Any) -> dict[str, Any]:
    kinds = [kind for kind in _kinds(info.annotation) if kind is not type(None)]
    if len(kinds) != 1:
        return {}
    kind = kinds[0]
    if hasattr(kind, "model_fields"):
        return _fields(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": sorted({member.value for member in kind}, key=str)}
    node = {"type": TYPES[kind]} if kind in TYPES else {}
    for limit in info.metadata:
        for key in ("ge", "gt", "le", "lt"):
            if getattr(limit, key, None) is not None:
                node[key] = getattr(limit, key)
    return node


def _kinds(annotation: Any) -> tuple[Any, ...]:
    import types
    from typing import Union, get_args, get_origin

    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (get_origin(annotation) or annotation,)
