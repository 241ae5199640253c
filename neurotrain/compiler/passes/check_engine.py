"""Check the engine block against the rest: what DeepSpeed would refuse, or ignore in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from neurotrain.compiler.codes import components, engine
from neurotrain.compiler.deepspeed import DEEPSPEED_OPTIMIZERS, ZERO_OPTIMIZERS, own_scheduler
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.compiler.topology import is_deepspeed
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath

_ENGINE: Final = "engine"
_STAGES: Final[Mapping[tuple[str, str], tuple[int, ...]]] = {
    ("zero", "overlap_comm"): (1, 2, 3),
    ("zero", "contiguous_gradients"): (1, 2, 3),
    ("zero", "reduce_scatter"): (1, 2, 3),
    ("zero", "reduce_bucket_size"): (1, 2, 3),
    ("zero", "allgather_bucket_size"): (1, 2),
    ("zero", "round_robin_gradients"): (1, 2),
    ("zero", "sub_group_size"): (3,),
    ("zero", "stage3_prefetch_bucket_size"): (3,),
    ("zero", "stage3_param_persistence_threshold"): (3,),
    ("zero", "stage3_max_live_parameters"): (3,),
    ("zero", "stage3_max_reuse_distance"): (3,),
    ("bf16", "check_grad_overflow"): (1, 2),
    ("fp16", "hysteresis"): (1, 2, 3),
    ("fp16", "consecutive_hysteresis"): (1, 2, 3),
}
"""The ZeRO stages in which each key does something."""
_ON_NVME: Final = ("nvme_path", "buffer_count", "buffer_size", "max_in_cpu")
_DYNAMIC: Final = (
    "initial_scale_power", "loss_scale_window", "hysteresis", "consecutive_hysteresis",
    "min_loss_scale",
)  # fmt: skip
"""What only a loss scale that adapts has."""


def check_engine(draft: Draft, report: Report) -> Draft:
    """Report combinations that DeepSpeed rejects at the start of a run, or does not heed.

    `zero: {stage: 2, offload_param: {}}` is answered by `offload-needs-stage` with stage 3.
    """
    if not is_deepspeed(draft):
        return draft
    checks = (
        _offload_stage, _offload_path, _optimizer, _scheduler, _formats, _fp16_device, _bf16_model,
        _batch_statistics, _whole_batches, _masks, _stage_unused, _offload_unused,
        _loss_scale_unused, _activation_unused,
    )  # fmt: skip
    for check in checks:
        attempt(check, draft, report)
    return draft


def _offloads(draft: Draft) -> Iterator[tuple[SpecPath, Any, str]]:
    """The offload blocks there are: path, options, and what they hold."""
    for key, held in (("offload_optimizer", "optimizer states"), ("offload_param", "parameters")):
        path = (_ENGINE, "zero", key)
        if draft.has(*path):
            yield path, draft.read(*path), held


def _offload_stage(draft: Draft, report: Report) -> None:
    stage = draft.read(_ENGINE, "zero", "stage")
    for path, options, held in _offloads(draft):
        nvme = options.device == "nvme"
        least = 3 if nvme or path[-1] == "offload_param" else 1
        if stage < least:
            to = f" to {options.device}" if nvme else ""
            message = f"{held} are offloaded{to} in ZeRO stage {stage}, which needs stage {least}"
            hint = f"write stage: {least}" + ("" if least == 3 else " or more")
            hint += f", or leave {path[-1]} out"
            report.add(fault(engine.OFFLOAD_STAGE, path, message, hint))


def _offload_path(draft: Draft, report: Report) -> None:
    for path, options, held in _offloads(draft):
        if options.device == "nvme" and options.nvme_path is None:
            message = f"{held} are offloaded to NVMe, but nvme_path is not written"
            hint = "add nvme_path: a folder on the disk"
            report.add(fault(engine.OFFLOAD_PATH, (*path, "device"), message, hint))


def _optimizer(draft: Draft, report: Report) -> None:
    """One fault at most: each later one assumes that the earlier is mended."""
    optimizer, owner = draft.read("train", "optimizer"), draft.read(_ENGINE, "optimizer")
    stage, name = draft.read(_ENGINE, "zero", "stage"), tag_of(optimizer)
    own = isinstance(optimizer, tuple(DEEPSPEED_OPTIMIZERS))
    forced = draft.written(_ENGINE, "config", "zero_force_ds_cpu_optimizer") is not False
    untested = draft.written(_ENGINE, "config", "zero_allow_untested_optimizer") is True
    at = ("train", "optimizer")
    if owner == "deepspeed":
        if not own:
            message = f"DeepSpeed has no '{name}' of its own"
            hint = "write engine.optimizer: torch, or take adam or adamw"
            path: SpecPath = (_ENGINE, "optimizer")
            named = ((at, "the optimizer is named here"),)
            code = engine.NOT_DEEPSPEEDS_OPTIMIZER
            report.add(fault(code, path, message, hint, related=named))
    elif draft.has(_ENGINE, "zero", "offload_optimizer") and stage > 0 and forced:
        message = f"torch's '{name}' is not made for offloaded states"
        hint = "write engine.optimizer: deepspeed" + ("" if own else ", with adam or adamw")
        hint += ", or config: {zero_force_ds_cpu_optimizer: false} if slow is good enough"
        path = (_ENGINE, "zero", "offload_optimizer")
        report.add(fault(engine.OFFLOAD_OPTIMIZER, path, message, hint))
    elif stage > 0 and name not in ZERO_OPTIMIZERS and not untested:
        message = f"'{name}' is not tested with ZeRO stage {stage}"
        hint = f"take {' or '.join(_known(draft, ZERO_OPTIMIZERS))}, write stage: 0, or "
        hint += "config: {zero_allow_untested_optimizer: true}"
        related = (((_ENGINE, "zero", "stage"), "the stage is written here"),)
        path = (*at, "type") if draft.has(*at, "type") else at
        report.add(fault(engine.ZERO_OPTIMIZER, path, message, hint, related=related))


def _known(draft: Draft, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in draft.catalogue.names("optimizer")]


def _scheduler(draft: Draft, report: Report) -> None:
    if draft.read(_ENGINE, "scheduler") != "deepspeed":
        return
    scheduler = draft.read("train", "scheduler")
    horizon = need(draft.batches).horizon(draft.read("train", "epochs"))
    if own_scheduler(scheduler, 1.0, horizon) is not None:
        return
    warmup = horizon.steps_of(scheduler.warmup)
    message = f"DeepSpeed has no schedule like '{tag_of(scheduler)}' with a warm-up of "
    message += f"{warmup} step{'' if warmup == 1 else 's'}"
    hint = "write engine.scheduler: neurotrain, or take constant or cosine with a warm-up of at "
    hint += "least 2 steps"
    related = ((("train", "scheduler"), "the schedule is named here"),)
    path = (_ENGINE, "scheduler")
    report.add(fault(engine.NOT_DEEPSPEEDS_SCHEDULER, path, message, hint, related=related))


def _formats(draft: Draft, report: Report) -> None:
    blocks = [key for key in ("bf16", "fp16") if draft.has(_ENGINE, key)]
    precision = draft.read("train", "precision")
    written = draft.has("train", "precision")
    at: SpecPath = ("train", "precision")
    if len(blocks) == 2:
        message = "the whole model cannot be in bfloat16 and in float16"
        related = (((_ENGINE, "bf16"), "the other one stands here"),)
        hint = "leave one out; only fp16 has a loss scale"
        path = (_ENGINE, "fp16")
        report.add(fault(engine.PRECISION_CONFLICT, path, message, hint, related=related))
    elif blocks and written and precision != blocks[0]:
        message = f"train.precision is {precision}, engine.{blocks[0]} casts the whole model"
        hint = f"leave train.precision out, or leave engine.{blocks[0]} out for autocast"
        related = (((_ENGINE, blocks[0]), "the whole model is cast here"),)
        report.add(fault(engine.PRECISION_CONFLICT, at, message, hint, related=related))
    elif not blocks and precision == "fp16":
        message = "DeepSpeed's autocast in float16 has no loss scale with ZeRO"
        hint = "add fp16: {} to engine: the whole model in float16; or write precision: bf16"
        report.add(fault(engine.PRECISION_CONFLICT, at, message, hint))


def _fp16_device(draft: Draft, report: Report) -> None:
    if draft.has(_ENGINE, "fp16") and need(draft.device) == "cpu":
        message = "DeepSpeed refuses float16 on most CPUs"
        hint = "write bf16: {} instead, or device: cuda for a machine with a GPU"
        report.add(fault(engine.FP16_ON_CPU, (_ENGINE, "fp16"), message, hint))


def _bf16_model(draft: Draft, report: Report) -> None:
    if not draft.has(_ENGINE, "bf16") or need(draft.device) != "cpu":
        return
    model = draft.read("model")
    if model.batch_statistics:
        message = f"'{tag_of(model)}' has batch normalisation, which a CPU cannot cast to bfloat16"
        hint = "write train.precision: bf16 (autocast) and leave engine.bf16 out"
        related = ((("model",), "the model is named here"),)
        path = (_ENGINE, "bf16")
        report.add(fault(engine.BF16_BATCH_NORM, path, message, hint, related=related))


def _batch_statistics(draft: Draft, report: Report) -> None:
    model, sync = draft.read("model"), draft.read(_ENGINE, "sync_batch_norm")
    if sync and not model.batch_statistics:
        message = f"'sync_batch_norm' has no effect: '{tag_of(model)}' has no batch normalisation"
        path: SpecPath = (_ENGINE, "sync_batch_norm")
        report.add(fault(components.WINDOW_UNUSED, path, message, "leave it out"))
    batches = need(draft.batches)
    if model.batch_statistics and not sync and batches.world_size > 1:
        message = f"'{tag_of(model)}' normalises by the {batches.micro} samples of one process, "
        message += f"not by those of all {batches.world_size}"
        hint = "write engine.sync_batch_norm: true"
        if draft.device == "cpu":
            hint = "take another norm where the number of processes must not matter"
        path = (_ENGINE, "processes") if draft.has(_ENGINE, "processes") else (_ENGINE, "nodes")
        related = ((("model",), "the model is named here"),)
        report.add(fault(engine.BATCH_STATISTICS, path, message, hint, related=related))


def _whole_batches(draft: Draft, report: Report) -> None:
    if need(draft.batches).world_size == 1:
        return
    for index, loss in enumerate(draft.read("loss") or ()):
        if loss.of_batch:
            message = f"with '{loss.of_batch}' the loss is one of each process's micro-batch, not "
            message += "of the samples of all"
            path = ("loss", index, loss.of_batch)
            _depends(path, message, f"leave '{loss.of_batch}' out", report)


def _masks(draft: Draft, report: Report) -> None:
    model = draft.read("model")
    for name in ("dropout", "drop_path"):
        if getattr(model, name, 0.0) > 0 and need(draft.batches).world_size > 1:
            message = f"'{name}' draws other masks on each process"
            _depends(("model", name), message, f"write {name}: 0", report)


def _depends(path: SpecPath, message: str, hint: str, report: Report) -> None:
    hint += " where the number of processes must not matter"
    related = (((_ENGINE,), "the processes come from here"),)
    report.add(fault(engine.DEPENDS_ON_PROCESSES, path, message, hint, related=related))


def _stage_unused(draft: Draft, report: Report) -> None:
    stage = draft.read(_ENGINE, "zero", "stage")
    for keys, stages in _STAGES.items():
        path = (_ENGINE, *keys)
        if draft.has(*path) and stage not in stages:
            message = f"'{keys[-1]}' has no effect in ZeRO stage {stage}"
            hint = f"leave it out, or write zero.stage: {' or '.join(map(str, stages))}"
            report.add(fault(components.WINDOW_UNUSED, path, message, hint))


def _offload_unused(draft: Draft, report: Report) -> None:
    for path, options, _ in _offloads(draft):
        for key in _ON_NVME:
            if options.device == "cpu" and draft.has(*path, key):
                message = f"'{key}' has no effect with device: cpu"
                hint = "leave it out, or write device: nvme"
                report.add(fault(components.WINDOW_UNUSED, (*path, key), message, hint))


def _loss_scale_unused(draft: Draft, report: Report) -> None:
    path = (_ENGINE, "fp16")
    if not draft.has(*path) or draft.read(*path, "loss_scale") == 0:
        return
    stage = draft.read(_ENGINE, "zero", "stage")
    for key in _DYNAMIC:
        if draft.has(*path, key) and stage in _STAGES.get(("fp16", key), (stage,)):
            message = f"'{key}' has no effect with a fixed loss_scale"
            hint = "leave it out, or write loss_scale: 0"
            report.add(fault(components.WINDOW_UNUSED, (*path, key), message, hint))


def _activation_unused(draft: Draft, report: Report) -> None:
    path = (_ENGINE, "activation_checkpointing")
    if not draft.has(*path):
        return
    options = draft.read(*path)
    if options.contiguous_memory_optimization and options.number_checkpoints is None:
        message = "contiguous_memory_optimization needs number_checkpoints"
        hint = "add number_checkpoints: how many checkpoints a forward pass has"
        at = (*path, "contiguous_memory_optimization")
        report.add(fault(components.CONTRADICTION, at, message, hint))
