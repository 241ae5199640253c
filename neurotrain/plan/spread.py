"""How a training is spread over processes, and what it is apart from that.

A state that is put together from all processes can be taken over by another number of them, another
ZeRO stage or the other engine, as long as all else is the same.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from neurotrain.plan.graph import digest_of, training_digest
from neurotrain.plan.plan import Plan
from neurotrain.spec.engines import LAUNCH_ONLY, DeepSpeedEngine, Engine, TorchEngine

_SPREADING: Final = (
    "engine.processes", "engine.nodes", "engine.zero", "engine.sync_batch_norm",
    "engine.activation_checkpointing", "engine.communication_data_type",
    "engine.config.zero_allow_untested_optimizer", "train.batch",
)  # fmt: skip
"""Paths of what a consolidated state does not depend on, beside the whole engine."""
_MACHINE: Final = ("engine.device", "engine.threads", "facts.device", "facts.threads")
"""Paths that may differ together with those, and not by themselves."""
_UNTESTED: Final = "zero_allow_untested_optimizer"
_LOST: Final = "the state cannot be carried over: "


def portable_digest(plan: Plan) -> str:
    """The identity of a training apart from its spread over processes.

    Plans with the same one can go on from each other's consolidated state. One whose state cannot
    be carried has the training's own.
    """
    if not_carried(plan):
        return training_digest(plan)
    facts = replace(
        plan.facts, micro_batch=1, accumulation=1, world_size=1, device="cpu", threads=1
    )
    experiment = replace(plan.experiment, engine=TorchEngine(device="cpu", threads=1))
    neutral = replace(plan, experiment=experiment, facts=facts)
    kept = [training_digest(neutral), plan.facts.global_batch, _kept(plan.experiment.engine)]
    return digest_of(kept)


def not_carried(plan: Plan) -> str:
    """Why a plan's state cannot be carried over to another spread; empty where it can."""
    engine = plan.experiment.engine
    if plan.experiment.train.precision == "fp16" or engine.casts == "fp16":
        return _LOST + "the loss scale of fp16 is each process's own"
    if not isinstance(engine, DeepSpeedEngine):
        return ""
    zero = engine.zero
    offloaded = [each.device for each in (zero.offload_optimizer, zero.offload_param) if each]
    if "nvme" in offloaded:
        return _LOST + "some of it is on NVMe disks, outside the checkpoint"
    if engine.casts is not None and zero.stage == 0:
        return _LOST + f"ZeRO stage 0 with {engine.casts} has no float32 weights by name"
    return ""


def is_of_spread(path: str, old: Plan, new: Plan) -> bool:
    """Whether a value at a path may differ where a consolidated state is taken over."""
    if path in _MACHINE:
        return is_respread(old, new)
    return path == "engine" or path.startswith(_SPREADING)


def is_respread(old: Plan, new: Plan) -> bool:
    """Whether two plans are spread differently, and not only run on another machine."""
    first, second = (
        [_without_machine(plan.experiment.engine), plan.facts.micro_batch,
         plan.facts.accumulation, plan.facts.world_size]
        for plan in (old, new)
    )  # fmt: skip
    return first != second


def hindrance(old: Plan, new: Plan) -> str:
    """Why a state cannot be taken over from one spread by another; empty where it can."""
    reason = not_carried(old) or not_carried(new)
    if reason:
        return reason
    before, after = old.facts.global_batch, new.facts.global_batch
    if before != after:
        return f"the global batch would be {after}, not {before}"
    if _kept(old.experiment.engine) != _kept(new.experiment.engine):
        return "whose optimizer and schedule it is, number formats, offloading or config differ"
    return ""


def _without_machine(engine: Engine) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(engine)
    away = ("device", "threads", *LAUNCH_ONLY)
    return {key: value for key, value in values.items() if key not in away}


def _kept(engine: Engine) -> list[Any]:
    """What the optimizer's state does depend on: whose code it is, formats, further keys."""
    if not isinstance(engine, DeepSpeedEngine):
        return ["torch", "neurotrain", None, False, {}]
    config = {key: value for key, value in engine.config.items() if key != _UNTESTED}
    offloads = engine.zero.offload_optimizer is not None
    formats = msgspec.to_builtins(engine.bf16)
    return [engine.optimizer, engine.scheduler, formats, offloads, config]
