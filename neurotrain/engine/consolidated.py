"""The state of a training by parameter, whatever processes, ZeRO stage or engine wrote it.

It is read part by part from the files where it lies, so that no process holds the whole. Knows
nothing of who takes it.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import nn

from neurotrain.engine.checkpoint import CorruptCheckpoint, ForeignCheckpoint

_SCALARS: Final = frozenset({"step", "mu_product", "eta", "mu"})
"""What optimizers of torch count for a parameter as a whole."""
_STATES: Final = re.compile(r"(?:bf16_)?zero_pp_rank_(\d+)_mp_rank_00_optim_states\.pt")
_MODELS: Final = re.compile(r"(?:zero_pp_rank_(\d+)_)?mp_rank_00_model_states\.pt")


class Fragment(NamedTuple):
    """A contiguous part of a parameter in a flat tensor, with the optimizer's state of it."""

    flat: torch.Tensor
    state: Mapping[str, Any]
    start: int
    numel: int

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The part in a tensor that is laid out as the flat one."""
        return tensor.reshape(-1)[self.start : self.start + self.numel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidated:
    """Weights in float32 and the optimizer's state, by parameter."""

    fragments: Mapping[str, Sequence[Fragment]]
    """In the order of a parameter's elements."""
    shapes: Mapping[str, Sequence[int]]
    fixed: Mapping[str, torch.Tensor]
    """Frozen parameters and, where they are known, buffers."""
    groups: Sequence[Mapping[str, Any]] = ()
    """What an optimizer holds for each group of parameters; the rest is the spec's."""
    schedule: Mapping[str, Any] = field(default_factory=dict)
    """The state of DeepSpeed's own schedule; empty without one."""

    def weight(self, name: str) -> torch.Tensor:
        """A parameter in float32.

        Raises:
            ForeignCheckpoint: there is none of this name.
        """
        if name not in self.fragments:
            if name not in self.fixed:
                raise ForeignCheckpoint(f"the checkpoint has no parameter '{name}'")
            return self.fixed[name]
        return self._joined(name, [part.of(part.flat) for part in self.fragments[name]])

    def state_of(self, name: str) -> dict[str, Any]:
        """The optimizer's state of a parameter: tensors of its shape, and single values."""
        parts = self.fragments.get(name, ())
        found: dict[str, Any] = {}
        for key, value in parts[0].state.items() if parts else ():
            if is_single(key, value):
                found[key] = value.clone() if isinstance(value, torch.Tensor) else value
            elif value is not None:
                found[key] = self._joined(name, [part.of(part.state[key]) for part in parts])
        return found

    def put_in_groups(self, groups: Sequence[dict[str, Any]]) -> None:
        """Give groups of parameters their rates and, where they count updates, their counts."""
        for group, saved in zip(groups, self.groups, strict=True):
            group.update(saved)

    def _joined(self, name: str, parts: list[torch.Tensor]) -> torch.Tensor:
        shape = list(self.shapes[name])
        whole = torch.cat(parts)[: torch.Size(shape).numel()]
        if whole.numel() != torch.Size(shape).numel():
            raise CorruptCheckpoint(f"the parts of '{name}' do not make up its shape {shape}")
        return whole.reshape(shape)

    def torch_state(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """What a checkpoint of the torch engine has of a model and its optimizer."""
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        weights = {
            name: self.weight(names.get(id(tensor), name))
            for name, tensor in model.state_dict(keep_vars=True).items()
        }
        order = [p for group in optimizer.param_groups for p in group["params"]]
        states = {index: self.state_of(names[id(each)]) for index, each in enumerate(order)}
        groups = optimizer.state_dict()["param_groups"]
        self.put_in_groups(groups)
        state = {index: found for index, found in states.items() if found}
        return {
            "model_state_dict": weights,
            "optimizer_state_dict": {"state": state, "param_groups": groups},
        }


def consolidated(state: Mapping[str, Any], names: Sequence[str]) -> Consolidated:
    """A state by parameter; `names` are the parameters that are trained, in order."""
    if "folder" in state:
        return of_shards(Path(state["folder"]), names)
    return of_torch(state["model_state_dict"], state["optimizer_state_dict"], names)


def buffers_of(state: Mapping[str, Any], model: nn.Module) -> Mapping[str, Any]:
    """The values of a model's buffers in a state; those that are not kept in it are as built."""
    if "buffers" in state:
        found: Mapping[str, Any] = state["buffers"]
        return found
    weights = state["model_state_dict"]
    return {name: weights[name] for name, _ in model.named_buffers() if name in weights}


def is_single(key: str, value: Any) -> bool:
    """Whether an optimizer's value is one for all elements."""
    return key in _SCALARS or not (value is None or isinstance(value, torch.Tensor))


def of_torch(
    weights: Mapping[str, torch.Tensor], state: Mapping[str, Any], names: Sequence[str]
) -> Consolidated:
    """The state that one process holds, `names` being the optimizer's parameters in order.

    Raises:
        ForeignCheckpoint: the optimizer has other parameters, or a state of another shape.
    """
    order = [index for group in state["param_groups"] for index in group["params"]]
    if len(order) != len(names):
        raise ForeignCheckpoint(
            f"the checkpoint's optimizer has {len(order)} parameters, this one {len(names)}"
        )
    fragments = {}
    for index, name in zip(order, names, strict=True):
        weight, own = weights[name], state["state"].get(index, {})
        for key, value in own.items():
            if not is_single(key, value) and value is not None and value.shape != weight.shape:
                raise ForeignCheckpoint(
                    f"the optimizer's '{key}' of '{name}' has shape {tuple(value.shape)}, not the "
                    "parameter's: it cannot be divided among other processes"
                )
        fragments[name] = [Fragment(weight.reshape(-1), own, 0, weight.numel())]
    return Consolidated(
        fragments=fragments,
        shapes={name: weights[name].shape for name in names},
        fixed={name: each for name, each in weights.items() if name not in fragments},
        groups=_groups(state),
    )


def of_shards(folder: Path, names: Sequence[str]) -> Consolidated:
    """The state in a verified folder that DeepSpeed wrote, of any ZeRO stage.

    Raises:
        CorruptCheckpoint: parts of it are missing.
        ForeignCheckpoint: the optimizer has other parameters.
    """
    models = [_read(file) for file in _ordered(folder, _MODELS)]
    states = [_read(file)["optimizer_state_dict"] for file in _ordered(folder, _STATES)]
    if not models:
        raise CorruptCheckpoint(f"DeepSpeed's model states are not in {folder}")
    schedule = models[0].get("lr_scheduler") or {}
    if not states:
        whole = of_torch(models[0]["module"], models[0]["optimizer"], names)
        return Consolidated(
            fragments=whole.fragments, shapes=whole.shapes, fixed=whole.fixed,
            groups=whole.groups, schedule=schedule,
        )  # fmt: skip
    shapes = {k: v for group in models[0]["param_shapes"] for k, v in group.items()}
    is_split = "fp32_flat_groups" in states[0]
    inside = "optimizer_state_dict" if is_split else "base_optimizer_state"
    parts = _of_stage_3(states, models[0]["param_shapes"]) if is_split else _of_stage_2(states)
    return Consolidated(
        fragments=parts,
        shapes=shapes | dict(models[0]["frozen_param_shapes"] or {}),
        fixed=_fixed(models, is_split=is_split),
        groups=_groups(states[0][inside]),
        schedule=schedule,
    )


def _groups(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a group of parameters carries over."""
    kept = ("lr", "step")
    return [{key: group[key] for key in kept if key in group} for group in state["param_groups"]]


def _of_stage_2(states: Sequence[Mapping[str, Any]]) -> dict[str, list[Fragment]]:
    """The parts of each parameter where every process has a stretch of each group: stages 1, 2."""
    found: dict[str, list[Fragment]] = {}
    for state in states:
        flats = state["single_partition_of_fp32_groups"]
        held = state["base_optimizer_state"]["state"]
        for index, (flat, places) in enumerate(
            zip(flats, state["param_slice_mappings"], strict=True)
        ):
            for name, place in places.items():
                part = Fragment(flat, held.get(index, {}), place.start, place.numel)
                found.setdefault(name, []).append(part)
    return found


def _of_stage_3(
    states: Sequence[Mapping[str, Any]], groups: Sequence[Mapping[str, Any]]
) -> dict[str, list[Fragment]]:
    """The parts of each parameter where every process has an equal, padded one of each: stage 3."""
    found: dict[str, list[Fragment]] = {}
    for state in states:
        held = state["optimizer_state_dict"]["state"]
        for index, (flat, shapes) in enumerate(zip(state["fp32_flat_groups"], groups, strict=True)):
            start = 0
            for name, shape in shapes.items():
                numel = -(-torch.Size(shape).numel() // len(states))
                part = Fragment(flat, held.get(index, {}), start, numel)
                found.setdefault(name, []).append(part)
                start += numel
    return found


def _fixed(models: Sequence[Mapping[str, Any]], *, is_split: bool) -> dict[str, torch.Tensor]:
    """What no optimizer updates."""
    first, frozen = models[0], models[0]["frozen_param_shapes"] or {}
    kept = set(first["buffer_names"])
    found = {name: tensor for name, tensor in first["module"].items() if name in kept}
    for name, shape in frozen.items():
        fragments = [model["frozen_param_fragments"][name].reshape(-1) for model in models]
        numel = torch.Size(shape).numel()
        whole = torch.cat(fragments)[:numel] if is_split else first["module"][name]
        found[name] = whole.reshape(list(shape)).float()
    return found


def _ordered(folder: Path, pattern: re.Pattern[str]) -> Iterable[Path]:
    """The files of all processes, in the order of their ranks."""
    matches = [(pattern.fullmatch(file.name), file) for file in folder.iterdir()]
    found = [(int(match[1] or 0), file) for match, file in matches if match]
    return [file for _, file in sorted(found)]


def _read(file: Path) -> dict[str, Any]:
    """A verified file of DeepSpeed's, mapped and not copied into memory; no code of it is run.

    Raises:
        ForeignCheckpoint: it holds what DeepSpeed's files do not hold.
    """
    from deepspeed.runtime.fp16.loss_scaler import DynamicLossScaler, LossScaler
    from deepspeed.runtime.zero.config import ZeroStageEnum
    from deepspeed.utils.tensor_fragment import fragment_address

    def member(kind: object, name: str) -> Any:
        """What Python before 3.11.4 writes an enumeration's member as: getattr."""
        members = ZeroStageEnum.__members__
        if kind is ZeroStageEnum and name in members:
            return members[name]
        raise pickle.UnpicklingError(f"getattr({kind!r}, {name!r}) is not allowed")

    kinds: list[Any] = [DynamicLossScaler, LossScaler, ZeroStageEnum, fragment_address]
    kinds.append((member, "builtins.getattr"))
    try:
        with torch.serialization.safe_globals(kinds):
            read: dict[str, Any] = torch.load(
                file, map_location="cpu", mmap=True, weights_only=True
            )
    except pickle.UnpicklingError as error:
        cause = " ".join(str(error).split())[:200]
        raise ForeignCheckpoint(f"{file} cannot be taken over: {cause}") from error
    return read
