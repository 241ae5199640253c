"""Predict what the run takes: parameters, operations, memory, checkpoints, disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from neurotrain.compiler.deep.check_update import updated_once
from neurotrain.compiler.deep.count_state import (
    Memory,
    checkpoint_bytes,
    memory_of,
    shards_bytes,
)
from neurotrain.compiler.deep.count_step import (
    StepShape,
    count_flops,
    count_saved_bytes,
    inputs_on_meta,
)
from neurotrain.compiler.deep.details import activation_names, gradient_names
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.retention import most_files, most_left
from neurotrain.compiler.deep.rivals import Rival
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
_MOST_SHARDS: Final = 3
"""States of DeepSpeed's processes on the disk at once: two are kept while the next is written."""


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
    for part in (_discriminator, _operations, _memory, _storage):
        try:
            found += part(draft, network)
        except Tainted:
            continue
    return replace(draft, predictions=(*draft.predictions, *found))


def _discriminator(draft: Draft, network: nn.Module) -> list[Prediction]:
    rival = Rival.of(draft)
    if rival is None:
        return []
    return [
        Prediction(
            name="parameters of the discriminator", value=float(rival.num_parameters),
            unit="parameters", method="counted in the discriminator as it is built",
        )
    ]  # fmt: skip


def _operations(draft: Draft, network: nn.Module) -> list[Prediction]:
    batches, shape = need(draft.batches), _step_shape(draft)
    rival, loss = Rival.of(draft), _criterion(draft)
    count = count_flops if rival is None else rival.flops
    try:
        flops = tried(lambda: count(network, loss, shape))
    except ComponentFailed as failed:
        raise Tainted from failed
    method = "forward and backward of one micro-batch on meta, by torch.utils.flop_counter"
    if rival is not None:
        method += ", with the discriminator and its updates"
    if batches.accumulation > 1:
        method += f", times {batches.accumulation} of an update"
    total = float(flops * batches.accumulation)
    return [Prediction(name="operations of a step", value=total, unit="FLOP", method=method)]


def _memory(draft: Draft, network: nn.Module) -> list[Prediction]:
    need(draft.batches)
    rival = Rival.of(draft)
    memory = memory_of(network, _optimizer(draft, network), averaged=_averaged(draft))
    memory = memory if rival is None else rival.added_to(memory)
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
    if rival is not None:
        shared = ("parameters", "gradients", "optimizer states", "activations")
        parts |= {name: f"{parts[name]}; with the discriminator" for name in shared}
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
    earlier: int
    """Bytes of the checkpoints of trainings that are over."""
    shards: int
    masks: int


def _storage(draft: Draft, network: nn.Module) -> list[Prediction]:
    epochs, options = draft.read("train", "epochs"), draft.read("train", "checkpoints")
    rival = Rival.of(draft)
    every = None if options.every is None else Duration.parse(options.every).count
    optimizer = _optimizer(draft, network)
    names = [*recorded_names(draft), *_ALWAYS_RECORDED, *_details(draft, network)]
    shards = _shards(draft, network, optimizer)
    file = checkpoint_bytes(
        network, None if shards else optimizer, num_epochs=epochs,
        averaged=_averaged(draft), recorded=names,
        others={} if rival is None else rival.state(),
    )  # fmt: skip
    most, folds = most_files(epochs, every, options.keep_last), need(draft.parts).folds
    kept = _Kept(
        checkpoint=file,
        num_checkpoints=most,
        earlier=file * most_left(epochs, every, options.keep_last) * max(0, len(folds) - 1),
        shards=shards,
        masks=_mask_bytes(draft),
    )  # fmt: skip
    method = f"{kept.num_checkpoints} different checkpoints while one is written"
    states = "" if kept.shards else ", optimizer states"
    if folds:
        method += f", after {len(folds) - 1} other trainings"
    if kept.shards:
        method += f", {_MOST_SHARDS} states of the processes"
    if kept.masks:
        method += ", and the predicted masks uncompressed"
    return [
        Prediction(
            name="checkpoint", value=float(kept.checkpoint), unit="bytes",
            method=f"the file's form with the sizes of weights{states} and full history",
        ),
        Prediction(
            name="disk at its peak", unit="bytes",
            value=float(
                kept.checkpoint * kept.num_checkpoints
                + kept.earlier
                + kept.shards * _MOST_SHARDS
                + kept.masks
            ),
            method=f"{method}; without pictures, tables and logs",
        ),
    ]  # fmt: skip


def _shards(draft: Draft, network: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Bytes of what the processes of DeepSpeed save together at a time; 0 without it."""
    engine = draft.read("engine")
    zero = getattr(engine, "zero", None)
    if zero is None:
        return 0
    memory = memory_of(network, optimizer, averaged=False)
    return shards_bytes(memory, stage=zero.stage, casts=engine.casts is not None)


def _details(draft: Draft, network: nn.Module) -> list[str]:
    """The names of values of single parameters and layers, once the optimizer is built.

    Raises:
        Tainted: the network cannot be followed; that is told where it is checked.
    """
    record = draft.read("train", "record")
    names = gradient_names(network) if record.grad_norms else []
    if record.activations:
        try:
            inputs = inputs_on_meta(_step_shape(draft))
            names += activation_names(network, record.activations, inputs)
        except ComponentFailed as failed:
            raise Tainted from failed
    return names


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
    rival = Rival.of(draft)
    count = count_saved_bytes if rival is None else rival.saved_bytes
    try:
        return tried(lambda: count(network, loss, shape))
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
