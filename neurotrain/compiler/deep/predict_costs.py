"""Predict what the run takes: parameters, operations, memory, checkpoints, disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from neurotrain.compiler.deep.check_update import updated_once
from neurotrain.compiler.deep.count_state import Memory, checkpoint_bytes, memory_of
from neurotrain.compiler.deep.count_step import StepShape, count_flops, count_saved_bytes
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.retention import most_files
from neurotrain.compiler.deep.shapes import (
    gives_regions,
    gives_values,
    is_segmentation,
    num_outputs,
    tokens_of,
)
from neurotrain.compiler.draft import Draft, Tainted, need
from neurotrain.compiler.passes.check_training import recorded_names
from neurotrain.component.durations import Duration
from neurotrain.dataset.files import InputsNotFound, UnreadableImage, image_header, list_inputs
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.targets import Target
from neurotrain.language.diagnostics import Report
from neurotrain.losses.multi_task import HeadsLoss
from neurotrain.losses.total import TotalLoss
from neurotrain.plan.plan import Prediction

if TYPE_CHECKING:
    import torch
    from torch import nn

    from neurotrain.compiler.deep.count_step import Criterion

_ALWAYS_RECORDED: Final = ("lr", "grad_norm")


def predict_costs(draft: Draft, report: Report) -> Draft:
    """Add what can be predicted to a draft without errors; what cannot be followed is left out.

    It reports nothing: `check_room` compares with the disk.
    """
    if report.failed:
        raise Tainted
    network = need(draft.network)
    count = sum(parameter.numel() for parameter in network.parameters())
    found = [
        Prediction(
            name="parameters", value=float(count), unit="parameters",
            method="counted in the model as it is built",
        )
    ]  # fmt: skip
    for part in (_operations, _memory, _storage):
        try:
            found += part(draft, network)
        except Tainted:
            continue
    return replace(draft, predictions=(*draft.predictions, *found))


def _operations(draft: Draft, network: nn.Module) -> list[Prediction]:
    batches, shape = need(draft.batches), _step_shape(draft)
    try:
        flops = tried(lambda: count_flops(network, _criterion(draft), shape))
    except ComponentFailed as failed:
        raise Tainted from failed
    method = "forward and backward of one micro-batch on meta, by torch.utils.flop_counter"
    if batches.accumulation > 1:
        method += f", times {batches.accumulation} of an update"
    total = float(flops * batches.accumulation)
    return [Prediction(name="operations of a step", value=total, unit="FLOP", method=method)]


def _memory(draft: Draft, network: nn.Module) -> list[Prediction]:
    need(draft.batches)
    memory = memory_of(network, _optimizer(draft, network), averaged=_averaged(draft))
    memory = replace(memory, activations=_activations(draft, network))
    zero = getattr(draft.read("engine"), "zero", None)
    stage, world_size = (0 if zero is None else zero.stage), need(draft.batches).world_size
    split = f", stage {stage} of ZeRO on {world_size} processes" if stage else ""
    parts = {
        "parameters": ("bytes of the parameters" + split * (stage >= 3)),
        "gradients": ("one for each trained parameter" + split * (stage >= 2)),
        "optimizer states": ("counted after an update on meta" + split * (stage >= 1)),
        "averages": "one for each parameter",
        "activations": "what autograd saves in a forward pass on the CPU, each storage once, "
        "without parameters and inputs",
    }
    values = _parts(memory.split(stage, world_size))
    return [
        Prediction(name=f"memory of {name}", value=float(values[name]), unit="bytes", method=method)
        for name, method in parts.items()
        if name in values
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What lies on the disk at the peak."""

    checkpoint: int
    num_checkpoints: int
    masks: int


def _storage(draft: Draft, network: nn.Module) -> list[Prediction]:
    epochs, options = draft.read("train", "epochs"), draft.read("train", "checkpoints")
    every = None if options.every is None else Duration.parse(options.every).count
    kept = _Kept(
        checkpoint=checkpoint_bytes(
            network, _optimizer(draft, network), num_epochs=epochs, averaged=_averaged(draft),
            recorded=[*recorded_names(draft), *_ALWAYS_RECORDED],
        ),
        num_checkpoints=most_files(epochs, every, options.keep_last),
        masks=_mask_bytes(draft),
    )  # fmt: skip
    method = f"{kept.num_checkpoints} different checkpoints while one is written"
    if kept.masks:
        method += ", and the predicted masks uncompressed"
    return [
        Prediction(
            name="checkpoint", value=float(kept.checkpoint), unit="bytes",
            method="the file's form with the sizes of weights, optimizer states and full history",
        ),
        Prediction(
            name="disk at its peak", unit="bytes",
            value=float(kept.checkpoint * kept.num_checkpoints + kept.masks),
            method=f"{method}; without pictures, tables and logs",
        ),
    ]  # fmt: skip


def _optimizer(draft: Draft, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer after an update.

    Raises:
        Tainted: it cannot update without values, or at all; that is told where it is checked.
    """
    optimizer = draft.read("train", "optimizer")
    try:
        return updated_once(optimizer, network)
    except ComponentFailed as failed:
        raise Tainted from failed


def _activations(draft: Draft, network: nn.Module) -> int | None:
    loss, shape = _criterion(draft), _step_shape(draft)
    try:
        return tried(lambda: count_saved_bytes(network, loss, shape))
    except ComponentFailed:
        return None


def _criterion(draft: Draft) -> Criterion:
    """What training makes small, on a scale that costs the same."""
    task = draft.read("task")
    if not task.heads:
        return TotalLoss(draft.read("loss"))
    heads = [
        LearnedHead(
            name=head.name,
            classes=head.classes,
            targets=tuple(Target(name=name) for name, _ in head.columns if not head.classes),
        )
        for head in task.heads
    ]
    losses = {head.name: head.loss for head in task.heads}
    several = HeadsLoss(tuple(heads), losses, {head.name: head.weight for head in task.heads})
    return lambda outputs, targets, roi: several(outputs, targets)[0]


def _averaged(draft: Draft) -> bool:
    """Whether a running mean of the weights is kept."""
    return draft.has("train", "ema")


def _step_shape(draft: Draft) -> StepShape:
    micro, tokens = need(draft.batches).micro, tokens_of(draft)
    if tokens is None:
        size = need(draft.image_size)
        inputs: tuple[int, ...] = (micro, need(draft.in_channels), *size)
        targets = _target_shape(draft, micro, size)
    else:
        inputs = targets = (micro, tokens)
    return StepShape(
        images=inputs,
        targets=targets,
        text=tokens is not None,
        numbers=gives_values(draft),
        regions=gives_regions(draft),
        precision=draft.read("train", "precision"),
        channels_last=draft.read("train", "channels_last"),
    )


def _target_shape(draft: Draft, micro: int, size: tuple[int, int]) -> tuple[int, ...]:
    if is_segmentation(draft):
        return (micro, *size)
    if draft.read("task").heads:
        return (micro, len(draft.read("task").columns))
    return (micro, num_outputs(draft)) if gives_values(draft) else (micro,)


def _parts(memory: Memory) -> dict[str, int]:
    """Bytes by the name of the part; parts that are absent or unknown are left out."""
    parts = {
        "parameters": memory.parameters,
        "gradients": memory.gradients,
        "optimizer states": memory.optimizer_states,
    }
    if memory.averages:
        parts["averages"] = memory.averages
    if memory.activations is not None:
        parts["activations"] = memory.activations
    return parts


def _mask_bytes(draft: Draft) -> int:
    """Bytes of all masks that the predictor writes, one a pixel, as if none was compressed."""
    predict = draft.read("predict")
    if predict is None or not is_segmentation(draft):
        return 0
    total = 0
    try:
        for file in list_inputs(draft.resolver, predict.input):
            header = image_header(file)
            total += header.height * header.width
    except (InputsNotFound, UnreadableImage) as error:
        raise Tainted from error
    return total
