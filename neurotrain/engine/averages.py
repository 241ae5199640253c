"""A running mean of a model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class Averages:
    """The exponential mean of the parameters after each update from a start on.

    The first update counted is taken as it is. Buffers are not averaged: the model's own go with
    the mean, as in `torch.optim.swa_utils.AveragedModel`.
    """

    def __init__(self, model: nn.Module, decay: float, start: int) -> None:
        self._decay, self._start = decay, start
        self._named = dict(model.named_parameters())
        self._means: list[torch.Tensor] = []
        self._num_updates = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights after an update into the mean."""
        self._num_updates += 1
        if self._num_updates < self._start:
            return
        weights = [parameter.detach() for parameter in self._named.values()]
        if not self._means:
            self._means = [weight.clone() for weight in weights]
        else:
            torch._foreach_lerp_(self._means, weights, 1 - self._decay)

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Give the model the mean, and afterwards its own weights back."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for parameter, mean in zip(self._named.values(), self._means, strict=False):
            held = parameter.detach().clone()
            parameter.copy_(mean)
            mean.copy_(held)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The mean by parameter name; empty before the start."""
        return dict(zip(self._named, self._means, strict=False))

    def state_dict(self) -> dict[str, Any]:
        """What has to be saved."""
        return {"num_updates": self._num_updates, "weights": self.tensors()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._num_updates = state["num_updates"]
        weights = state["weights"]
        self._means = [
            weights[name].to(parameter.device, copy=True)
            for name, parameter in self._named.items()
            if weights
        ]
