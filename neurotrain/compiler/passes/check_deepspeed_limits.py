"""Check that nothing is asked for that this trainer does not do with DeepSpeed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from neurotrain.compiler.codes import engine
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.compiler.learned import is_multi_task
from neurotrain.compiler.topology import is_deepspeed, world_size
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath

_TORCH: Final = "leave it out, or write engine: {type: torch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """An option with the values of it that do not run."""

    path: SpecPath
    asks: Callable[[Any], bool]
    message: str
    hint: str = _TORCH


_LIMITS: Final = (
    _Limit(
        path=("train", "clip_grad_value"), asks=lambda value: value is not None,
        message="DeepSpeed clips the norm of the gradient, not its entries",
        hint="write clip_grad_norm instead",
    ),
    _Limit(
        path=("train", "ema"), asks=lambda value: value is not None,
        message="a mean of weights is not kept with DeepSpeed, which splits and flattens them",
    ),
    _Limit(
        path=("train", "nan_policy"), asks=lambda value: bool(value.waits),
        message="with DeepSpeed an update that is not finite ends the run",
        hint="write nan_policy: stop, or engine: {type: torch}",
    ),
    _Limit(
        path=("train", "adversarial"), asks=lambda value: value is not None,
        message="DeepSpeed steps one network, not a discriminator beside it",
    ),
    _Limit(
        path=("train", "compile"), asks=lambda value: value is not None,
        message="models are not compiled under DeepSpeed",
    ),
    _Limit(
        path=("train", "channels_last"), asks=bool,
        message="DeepSpeed flattens weights, which ends their channels-last order",
    ),
    _Limit(
        path=("train", "record", "grad_norms"), asks=bool,
        message="DeepSpeed gives the norm of the whole gradient, not of each parameter's",
    ),
    _Limit(
        path=("train", "record", "activations"), asks=bool,
        message="activations of one process are not those of the batch",
    ),
    _Limit(
        path=("train", "optimizer", "groups"), asks=bool,
        message="groups of parameters are not told to DeepSpeed",
    ),
    _Limit(
        path=("data", "loader", "cache"), asks=lambda value: value == "disk",
        message="processes that write one cache on the disk would disturb each other",
        hint="write cache: memory or none",
    ),
    _Limit(
        path=("engine", "activation_checkpointing"), asks=lambda value: value is not None,
        message="none of the models here uses DeepSpeed's checkpoints of activations: it would do "
        "nothing",
        hint="leave it out; gpt2 and llama have model.activation_checkpointing",
    ),
)  # fmt: skip


def check_deepspeed_limits(draft: Draft, report: Report) -> Draft:
    """Report options that the torch engine has and this trainer's DeepSpeed has not.

    `train: {ema: {}}` with DeepSpeed is answered by `not-with-deepspeed`.
    """
    if not is_deepspeed(draft):
        return draft
    for limit in _LIMITS:
        attempt(_of(limit), draft, report)
    for check in (_several, _left_out, _decay, _synchronised):
        attempt(check, draft, report)
    return draft


def _of(limit: _Limit) -> Callable[[Draft, Report], None]:
    def check(draft: Draft, report: Report) -> None:
        if limit.asks(draft.read(*limit.path)):
            _report(limit.path, limit.message, limit.hint, report)

    return check


def _report(path: SpecPath, message: str, hint: str, report: Report) -> None:
    where = ((("engine",), "the engine is named here"),)
    related = () if path[0] == "engine" else where
    report.add(fault(engine.NOT_WITH_DEEPSPEED, path, message, hint, related=related))


def _several(draft: Draft, report: Report) -> None:
    if is_multi_task(draft):
        message = "several tasks are not trained with DeepSpeed"
        _report(("task", "type"), message, "write engine: {type: torch}", report)


def _left_out(draft: Draft, report: Report) -> None:
    path: SpecPath = ("data", "loader", "skip_corrupt")
    if draft.read(*path) and world_size(draft) > 1:
        message = "each process would count samples that it leaves out for itself"
        _report(path, message, "write skip_corrupt: 0, and take the samples away", report)


def _decay(draft: Draft, report: Report) -> None:
    own = draft.read("engine", "optimizer") == "deepspeed"
    if own and draft.read("train", "optimizer", "weight_decay_on") != "all":
        message = "DeepSpeed's own optimizer decays all weights"
        hint = "leave it out, or write engine.optimizer: torch"
        _report(("train", "optimizer", "weight_decay_on"), message, hint, report)


def _synchronised(draft: Draft, report: Report) -> None:
    if draft.read("engine", "sync_batch_norm") and need(draft.device) == "cpu":
        message = "torch has no synchronised batch normalisation on a CPU"
        hint = "leave it out, take a model without batch normalisation, or write device: cuda"
        _report(("engine", "sync_batch_norm"), message, hint, report)
