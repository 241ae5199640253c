"""How many bytes the state of a training takes, in memory and in a checkpoint."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch
    from torch import nn

_SEAL_BYTES: Final = 1 + len("NEUROTRAIN-CHECKPOINT 1 ") + 20 + 1 + 64 + 1
"""The line that ends a checkpoint: its length and SHA-256."""
_ALIGNMENT: Final = 64
"""`torch.save` starts every storage at a multiple of this."""
_HISTORY_SAMPLE: Final = 200
_PLACES: Final = {
    "epoch": 1000, "batch": 1000, "step": 1000, "micro_step": 1000, "best_metric": 0.5,
    "best_epoch": 1000, "best_loss": 0.5, "early_stopping_epoch": 1000,
    "meters": {"loss": 0.5, "grad_norm": 0.5, "num_losses": 1000, "num_steps": 1000},
    "early_stopping": {"best": 0.5, "counter": 1000, "stopped": False},
    "scheduler_state_dict": {}, "plan_digest": "0" * 64, "portable_digest": "0" * 64,
    "spread": {"world_size": 1, "accumulation": 1, "stage": None},
    "environment": {"torch": "0.00.0+00000", "numpy": "0.0.0", "device": "0" * 40},
}  # fmt: skip
"""What a checkpoint says besides tensors and history, with numbers of the usual length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes by part, of one process."""

    parameters: int
    gradients: int
    optimizer_states: int
    averages: int = 0
    """The running mean of the weights, where one is kept."""
    activations: int | None = None
    """What is saved for the backward pass; None where it is not known."""

    def split(self, stage: int, world_size: int) -> Memory:
        """What is left to each process under a stage of ZeRO.

        Stage 1 splits the optimizer states, 2 the gradients too, 3 the parameters too.
        Rajbhandari et al., "ZeRO", SC 2020.
        """
        return replace(
            self,
            optimizer_states=_share(self.optimizer_states, world_size, split=stage >= 1),
            gradients=_share(self.gradients, world_size, split=stage >= 2),
            parameters=_share(self.parameters, world_size, split=stage >= 3),
        )


def memory_of(network: nn.Module, optimizer: torch.optim.Optimizer, *, averaged: bool) -> Memory:
    """What weights, gradients and states of an optimizer take after its first update."""
    weights = list(network.parameters())
    states = (t for state in optimizer.state.values() for t in _tensors(state))
    return Memory(
        parameters=_num_bytes(weights),
        gradients=_num_bytes(p for p in weights if p.requires_grad),
        optimizer_states=_num_bytes(states),
        averages=_num_bytes(weights) if averaged else 0,
    )


def shards_bytes(memory: Memory, *, stage: int, casts: bool) -> int:
    """What all processes of DeepSpeed save beside a checkpoint: weights and optimizer states.

    From stage 1 on, and where the weights are cast to 16 bits, the optimizer has a copy of them in
    32 bits; in stage 3 that is the only one.
    """
    copies = memory.parameters if stage >= 1 or casts else 0
    weights = 0 if stage >= 3 else memory.parameters // (2 if casts else 1)
    return weights + copies + memory.optimizer_states


def checkpoint_bytes(
    network: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    *,
    recorded: Iterable[str],
    num_epochs: int,
    averaged: bool,
    others: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """The size of a checkpoint at the end of a training.

    `others` is the state of what is trained besides. It is written for good, with storages so
    short that their padding stays the same, and the rest of the storages is added. Of a long
    history a part is written. Without an optimizer it is one of DeepSpeed, whose processes save
    its states.
    """
    import torch

    num_written = min(num_epochs, _HISTORY_SAMPLE)
    history = {name: [[epoch + 256, 0.5] for epoch in range(num_written)] for name in recorded}
    shortened = _Shortened()
    weights = network.state_dict()
    state = {
        "model_state_dict": shortened.of(weights),
        "optimizer_state_dict": {} if optimizer is None else shortened.of(optimizer.state_dict()),
        **{name: shortened.of(state) for name, state in others.items()},
        "metrics_history": history,
        **_PLACES,
    }
    if averaged:
        copies = {name: torch.empty_like(p) for name, p in network.named_parameters()}
        state["ema_state_dict"] = shortened.of({"num_updates": 1000, "weights": copies})
    sink = _Counter()
    torch.save(state, sink)  # type: ignore[arg-type]
    missing = num_epochs - num_written
    history_bytes = len(pickle.dumps(history, protocol=2)) * missing // max(1, num_written)
    return sink.num_bytes + shortened.num_bytes + history_bytes + _SEAL_BYTES


class _Counter:
    """Counts what is written to it."""

    def __init__(self) -> None:
        self.num_bytes = 0

    def write(self, data: bytes) -> int:
        self.num_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


class _Shortened:
    """Stand-ins on the CPU for tensors, and the bytes that they are too short by."""

    def __init__(self) -> None:
        self.num_bytes = 0
        self._made: dict[tuple[Any, ...], torch.Tensor] = {}

    def of(self, value: Any) -> Any:
        """The value with a stand-in for every tensor; what shares a storage goes on sharing it."""
        import torch

        if isinstance(value, torch.Tensor):
            storage = value.untyped_storage()._cdata
            key = (storage, value.storage_offset(), value.shape, value.stride())
            if key not in self._made:
                self._made[key] = self._stand_in(value)
            return self._made[key]
        if isinstance(value, dict):
            return {key: self.of(below) for key, below in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.of(below) for below in value)
        return value

    def _stand_in(self, tensor: torch.Tensor) -> torch.Tensor:
        import torch

        whole = tensor.numel() * tensor.element_size()
        short = whole % _ALIGNMENT or min(whole, _ALIGNMENT)
        self.num_bytes += whole - short
        made = torch.empty(short // tensor.element_size(), dtype=tensor.dtype)
        return made.as_strided(tensor.shape, (0,) * tensor.ndim) if short else made


def _tensors(state: Any) -> Iterable[torch.Tensor]:
    import torch

    values = state.values() if isinstance(state, dict) else ()
    return (value for value in values if isinstance(value, torch.Tensor))


def _num_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """The bytes of tensors, each storage once."""
    storages = {s._cdata: s for tensor in tensors for s in [tensor.untyped_storage()]}
    return sum(storage.nbytes() for storage in storages.values())


def _share(num_bytes: int, world_size: int, *, split: bool) -> int:
    return -(-num_bytes // world_size) if split else num_bytes
