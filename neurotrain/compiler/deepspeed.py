"""The same training in DeepSpeed's words: complete, without `"auto"`.

Knows nothing of the run: paths stay as the plan has them and are resolved at launch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from neurotrain.optim.optimizers import SGD, Adam, AdamW, Optimizer
from neurotrain.optim.schedules import Constant, Cosine, Horizon, Scheduler
from neurotrain.plan.plan import Experiment, Facts, TrainOptions
from neurotrain.spec.engines import DeepSpeedEngine, Zero

_NEVER: Final = 2**31 - 1
_NAMES: Final[Mapping[type, str]] = {Adam: "Adam", AdamW: "AdamW", SGD: "SGD"}
DEEPSPEED_OPTIMIZERS: Final[Mapping[type, str]] = {Adam: "Adam", AdamW: "AdamW"}
"""The optimizers that DeepSpeed has an implementation of its own of, with its names."""
ZERO_OPTIMIZERS: Final = ("adam", "adamw", "adagrad")
"""Optimizers of torch, by our names, that DeepSpeed takes with ZeRO without being told to."""
_LEAST_WARMUP: Final = 2
"""DeepSpeed raises shorter warm-ups to this, in steps."""


def deepspeed_json(experiment: Experiment, facts: Facts) -> dict[str, Any]:
    """The DeepSpeed configuration of a plan.

    No clipping is written as 0, because DeepSpeed clips at 1 where nothing is written. With
    `optimizer: torch` there is no optimizer in it: the runtime hands over torch's. The same holds
    for the schedule.
    """
    train, engine = experiment.train, experiment.engine
    config: dict[str, Any] = {
        "train_batch_size": facts.global_batch,
        "train_micro_batch_size_per_gpu": facts.micro_batch,
        "gradient_accumulation_steps": facts.accumulation,
        "gradient_clipping": train.clip_grad_norm or 0.0,
        "steps_per_print": _NEVER,
        "wall_clock_breakdown": False,
        "zero_optimization": {"stage": 0},
    }
    if train.precision != "fp32" and engine.casts is None:
        long = {"bf16": "bfloat16", "fp16": "float16"}[train.precision]
        config["torch_autocast"] = {"enabled": True, "dtype": long}
    if isinstance(engine, DeepSpeedEngine):
        config |= _of_engine(engine, train, facts)
        return merged(config, engine.config)
    if type(train.optimizer) in _NAMES:
        config["optimizer"] = _torch_optimizer(train.optimizer)
    return config


def own_scheduler(
    scheduler: Scheduler, learning_rate: float, horizon: Horizon
) -> dict[str, Any] | None:
    """DeepSpeed's own schedule that is nearest in form, or None where it has none.

    Its warm-up starts with a rate of 0, ours with the first step above it; its cosine is one step
    ahead of ours.
    """
    warmup = horizon.steps_of(scheduler.warmup)
    common = {"warmup_num_steps": warmup, "warmup_type": "linear"}
    if warmup < _LEAST_WARMUP:
        return None
    if isinstance(scheduler, Constant):
        params = common | {"warmup_min_lr": 0.0, "warmup_max_lr": learning_rate}
        return {"type": "WarmupLR", "params": params}
    if isinstance(scheduler, Cosine):
        params = common | {
            "total_num_steps": horizon.num_steps,
            "warmup_min_ratio": 0.0,
            "cos_min_ratio": scheduler.final,
        }
        return {"type": "WarmupCosineLR", "params": params}
    return None


def merged(config: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with further keys; maps are merged, everything else replaces."""
    result = dict(config)
    for key, value in further.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def _of_engine(engine: DeepSpeedEngine, train: TrainOptions, facts: Facts) -> dict[str, Any]:
    """What the engine block says, over what every configuration has."""
    config: dict[str, Any] = {
        "zero_optimization": _zero(engine.zero),
        "zero_allow_untested_optimizer": False,
        "zero_force_ds_cpu_optimizer": True,
        "checkpoint": {"tag_validation": "FAIL"},
    }
    for key in ("bf16", "fp16"):
        options = getattr(engine, key)
        if options is not None:
            config[key] = {"enabled": True, **_plain(options)}
    for key in ("activation_checkpointing", "communication_data_type"):
        if getattr(engine, key) is not None:
            config[key] = _plain(getattr(engine, key))
    if engine.optimizer == "deepspeed":
        config["optimizer"] = _own_optimizer(train.optimizer)
    if engine.scheduler == "deepspeed":
        rate = train.optimizer.learning_rate
        config["scheduler"] = own_scheduler(train.scheduler, rate, facts.horizon)
    return config


def _zero(zero: Zero) -> dict[str, Any]:
    """The stage with all that it heeds; below it the rest would say nothing."""
    options: dict[str, Any] = _plain(zero)
    if zero.stage == 0:
        return {"stage": 0}
    options.setdefault("overlap_comm", zero.stage == 3)
    if zero.stage < 3:
        unheeded = [key for key in options if key.startswith("stage3_") or key == "sub_group_size"]
    else:
        unheeded = ["allgather_bucket_size", "round_robin_gradients"]
    return {key: value for key, value in options.items() if key not in unheeded}


def _plain(options: Any) -> Any:
    """A struct as plain values, without keys that hold nothing."""
    builtins = msgspec.to_builtins(options)
    if not isinstance(builtins, dict):
        return builtins
    return {
        key: _plain(value) if isinstance(value, dict) else value
        for key, value in builtins.items()
        if value is not None
    }


def _own_optimizer(optimizer: Optimizer) -> dict[str, Any]:
    """DeepSpeed's fused or CPU Adam."""
    assert isinstance(optimizer, (Adam, AdamW))
    params = _adam(optimizer) | {"torch_adam": False}
    return {"type": DEEPSPEED_OPTIMIZERS[type(optimizer)], "params": params}


def _torch_optimizer(optimizer: Optimizer) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if isinstance(optimizer, (Adam, AdamW)):
        params = _adam(optimizer) | {"torch_adam": True}
    if isinstance(optimizer, SGD):
        params = {
            "lr": optimizer.learning_rate,
            "weight_decay": optimizer.weight_decay,
            "momentum": optimizer.momentum,
            "nesterov": optimizer.nesterov,
        }
    return {"type": _NAMES[type(optimizer)], "params": params}


def _adam(optimizer: Adam | AdamW) -> dict[str, Any]:
    return {
        "lr": optimizer.learning_rate,
        "weight_decay": optimizer.weight_decay,
        "betas": list(optimizer.betas),
        "eps": optimizer.eps,
        "adam_w_mode": isinstance(optimizer, AdamW),
    }
