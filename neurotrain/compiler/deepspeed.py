"""The same training in DeepSpeed's words: complete, without `"auto"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from neurotrain.optim.optimizers import SGD, Adam, AdamW
from neurotrain.plan.plan import Facts, TrainOptions

_NEVER: Final = 2**31 - 1
_NAMES: Final[Mapping[type, str]] = {Adam: "Adam", AdamW: "AdamW", SGD: "SGD"}

_DTYPES: Final = {"bf16": "bfloat16", "fp16": "float16"}


def deepspeed_json(train: TrainOptions, facts: Facts) -> dict[str, Any]:
    """The DeepSpeed configuration of a plan. The schedule stays ours, step by step.

    No clipping is written as 0, because DeepSpeed clips at 1 where nothing is written. An optimizer
    of a plugin is none of DeepSpeed's own and is not named.
    """
    config: dict[str, Any] = {
        "train_batch_size": facts.global_batch,
        "train_micro_batch_size_per_gpu": facts.micro_batch,
        "gradient_accumulation_steps": facts.accumulation,
        "gradient_clipping": train.clip_grad_norm or 0.0,
        "steps_per_print": _NEVER,
        "wall_clock_breakdown": False,
        "zero_optimization": {"stage": 0},
    }
    if type(train.optimizer) in _NAMES:
        config["optimizer"] = _optimizer(train)
    if train.precision in _DTYPES:
        config["torch_autocast"] = {"enabled": True, "dtype": _DTYPES[train.precision]}
    return config


def _optimizer(train: TrainOptions) -> dict[str, Any]:
    optimizer = train.optimizer
    params: dict[str, Any] = {"lr": optimizer.learning_rate}
    if isinstance(optimizer, (Adam, AdamW)):
        params |= {
            "weight_decay": optimizer.weight_decay,
            "betas": list(optimizer.betas),
            "eps": optimizer.eps,
            "torch_adam": True,
            "adam_w_mode": isinstance(optimizer, AdamW),
        }
    if isinstance(optimizer, SGD):
        params |= {
            "weight_decay": optimizer.weight_decay,
            "momentum": optimizer.momentum,
            "nesterov": optimizer.nesterov,
        }
    return {"type": _NAMES[type(optimizer)], "params": params}
