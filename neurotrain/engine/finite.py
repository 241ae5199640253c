"""Whether everything that a checkpoint would hold is finite."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn


class StateCheck:
    """Looks at weights, buffers and optimizer tensors with one read of the device.

    A buffer that is not finite from the start, such as an attention mask of -inf, is meant to be.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        names = _not_finite(dict(model.named_buffers()))
        self._meant = frozenset(names)

    def buffers_are_finite(self) -> bool:
        """Whether the running statistics are."""
        return not _not_finite(self._buffers())

    def first(
        self, optimizer: torch.optim.Optimizer, averages: Mapping[str, torch.Tensor]
    ) -> str | None:
        """The first tensor that is not finite, in words."""
        tensors = {f"weight '{n}'": p.detach() for n, p in self._model.named_parameters()}
        tensors |= {f"buffer '{n}'": b for n, b in self._buffers().items()}
        tensors |= {f"averaged weight '{n}'": mean for n, mean in averages.items()}
        names = {id(p): n for n, p in self._model.named_parameters()}
        for parameter, state in optimizer.state.items():
            of = names.get(id(parameter), "?")
            tensors |= {
                f"optimizer's '{key}' of '{of}'": value
                for key, value in state.items()
                if isinstance(value, torch.Tensor)
            }
        return next(iter(_not_finite(tensors)), None)

    def _buffers(self) -> dict[str, torch.Tensor]:
        return {n: b for n, b in self._model.named_buffers() if n not in self._meant}


def _not_finite(tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """The names of those that hold NaN or infinity."""
    floats = {n: t for n, t in tensors.items() if t.is_floating_point() and t.numel()}
    if not floats:
        return []
    largest = torch._foreach_norm(list(floats.values()), float("inf"))
    device = largest[0].device
    flags = torch.stack([norm.to(device).double() for norm in largest]).isfinite().tolist()
    return [name for name, finite in zip(floats, flags, strict=True) if not finite]
