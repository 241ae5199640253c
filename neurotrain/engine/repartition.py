"""Puts a consolidated state into a model and an optimizer that DeepSpeed has divided.

Every process takes its own part of each parameter. Where the parts lie is DeepSpeed's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from neurotrain.engine.checkpoint import ForeignCheckpoint
from neurotrain.engine.consolidated import Consolidated, is_single


class _Slot(NamedTuple):
    """Where this process keeps a part of a parameter: `numel` elements from `start` on go to
    `offset` of its flat tensor."""

    name: str
    start: int
    numel: int
    offset: int


@torch.no_grad()
def put_in(model: nn.Module, optimizer: Any, stage: int, whole: Consolidated) -> None:
    """Give a model and DeepSpeed's optimizer around it a state; all processes call it.

    Raises:
        ForeignCheckpoint: the state has not what the optimizer needs.
    """
    from deepspeed.runtime.zero import GatheredParameters

    for name, parameter in model.named_parameters():
        with GatheredParameters([parameter], modifier_rank=0, enabled=hasattr(parameter, "ds_id")):
            if parameter.numel():
                parameter.copy_(whole.weight(name))
    base = getattr(optimizer, "optimizer", optimizer)
    if stage == 0:
        base.load_state_dict(whole.torch_state(model, base)["optimizer_state_dict"])
    else:
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        flats, slots = _divided(optimizer, stage, names)
        for flat, own in zip(flats, slots, strict=True):
            _fill(base, flat, list(own), whole)
        whole.put_in_groups(base.param_groups)


def _divided(
    optimizer: Any, stage: int, names: Mapping[int, str]
) -> tuple[list[torch.Tensor], list[Iterable[_Slot]]]:
    """The flat tensors of this process, and what of which parameters is in each."""
    if stage == 3:
        flats = optimizer.fp32_partitioned_groups_flat
        return flats, [_slots_of_stage_3(group, names) for group in optimizer.fp16_groups]
    flats = optimizer.single_partition_of_fp32_groups
    return flats, [_slots_of_stage_2(group, names) for group in optimizer.bit16_groups]


def _slots_of_stage_2(parameters: Iterable[Any], names: Mapping[int, str]) -> Iterable[_Slot]:
    for parameter in parameters:
        mapping = parameter._hp_mapping
        if mapping is not None:
            source, target = mapping.lp_fragment_address, mapping.hp_fragment_address
            yield _Slot(names[id(parameter)], source.start, target.numel, target.start)


def _slots_of_stage_3(parameters: Iterable[Any], names: Mapping[int, str]) -> Iterable[_Slot]:
    from deepspeed import comm

    offset = 0
    for parameter in parameters:
        size = parameter.partition_numel()
        start = comm.get_rank(group=parameter.ds_process_group) * size
        numel = max(0, min(size, parameter.ds_numel - start))
        yield _Slot(names[id(parameter)], start, numel, offset)
        offset += size


def _fill(base: Any, flat: torch.Tensor, slots: list[_Slot], whole: Consolidated) -> None:
    """Fill a flat tensor and the optimizer's state of it; what nothing is known of stays zero."""
    state: dict[str, Any] = {}
    for slot in slots:
        _place(flat, slot, whole.weight(slot.name))
        for key, value in whole.state_of(slot.name).items():
            if not is_single(key, value):
                _place(state.setdefault(key, torch.zeros_like(flat)), slot, value)
            elif key not in state:
                state[key] = value
            elif state[key] != value:
                raise ForeignCheckpoint(
                    f"the optimizer's '{key}' is {float(value):g} for '{slot.name}' and "
                    f"{float(state[key]):g} for others: ZeRO has one for all of them"
                )
    if state:
        base.state[flat] = state


def _place(flat: torch.Tensor, slot: _Slot, value: torch.Tensor) -> None:
    part = value.reshape(-1)[slot.start : slot.start + slot.numel]
    flat[slot.offset : slot.offset + slot.numel].copy_(part)
