"""Statistics of what named layers give, over the training batches of an epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from neurotrain.models.layers import layer_names, matching


class NoSuchLayer(Exception):
    """A pattern names no layer of the model."""


class ActivationProbe:
    """Hooks on layers whose outputs are tensors; sums stay on the device until they are read.

    A context: leaving it takes the hooks off.

    Raises:
        NoSuchLayer: a pattern matches none.
    """

    def __init__(self, model: nn.Module, patterns: Sequence[str]) -> None:
        names = layer_names(model)
        matched: dict[str, nn.Module] = {}
        for index, pattern in enumerate(patterns):
            found = matching(names, pattern)
            if not found:
                raise NoSuchLayer(
                    f"train.record.activations[{index}] '{pattern}' matches no layer; layers: "
                    f"{', '.join(names[:8])}{' …' if len(names) > 8 else ''}"
                )
            matched |= {name: model.get_submodule(name) for name in found}
        self._sums: dict[str, torch.Tensor] = {}
        self._running: dict[str, torch.Tensor] = {}
        self._hooks = [
            layer.register_forward_hook(partial(self._add, name)) for name, layer in matched.items()
        ]

    def _add(self, name: str, layer: nn.Module, inputs: Any, output: Any) -> None:
        """Add a training batch: count, sum, sum of squares, zeros, in float64."""
        if not layer.training or not isinstance(output, torch.Tensor):
            return
        values = output.detach()
        sums = torch.stack([
            values.new_full((), values.numel(), dtype=torch.float64),
            values.sum(dtype=torch.float64),
            values.float().square().sum(dtype=torch.float64),
            (values == 0).sum().double(),
        ])  # fmt: skip
        self._running[name] = self._running[name] + sums if name in self._running else sums

    def count_update(self) -> None:
        """Count what was seen since the last update."""
        for name, sums in self._running.items():
            self._sums[name] = self._sums[name] + sums if name in self._sums else sums
        self._running = {}

    def drop_update(self) -> None:
        """Leave it out."""
        self._running = {}

    def values(self) -> dict[str, float]:
        """Mean, standard deviation and share of zeros of each layer's output."""
        found = {}
        for name, sums in self._sums.items():
            number, total, squares, zeros = sums.tolist()
            mean = total / number
            found[f"activation/{name}/mean"] = mean
            found[f"activation/{name}/sd"] = math.sqrt(max(0.0, squares / number - mean * mean))
            found[f"activation/{name}/zeros"] = zeros / number
        return found

    def reset(self) -> None:
        """Begin an epoch."""
        self._sums, self._running = {}, {}

    def __enter__(self) -> ActivationProbe:
        return self

    def __exit__(self, *failure: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The sums of the running epoch."""
        return dict(self._sums)

    def load_state_dict(self, state: dict[str, torch.Tensor], device: torch.device) -> None:
        """Go on from saved sums."""
        self._sums = {name: sums.to(device) for name, sums in state.items()}
