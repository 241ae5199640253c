"""The seam between the training loop and what steps a model.

The loop knows this alone: how often to step, when to look, when to save. How a device computes,
scales, clips and updates is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import torch

from neurotrain.engine.evaluation import Criterion
from neurotrain.transforms.batch import Batch


class Diverged(Exception):
    """The loss, a gradient or the state is not finite; no checkpoint has it."""


class NonFinite(Exception):
    """An update was not made, because its loss or gradient is not finite."""


class Update(NamedTuple):
    """One update, with what is known of it on the device."""

    norm: torch.Tensor
    """The norm of the whole gradient before clipping, of shape ()."""
    norms: torch.Tensor | None = None
    """The norm of each parameter's gradient, where they are recorded."""
    was_made: bool = True
    """False where the gradient scaler left it out and lowers its scale."""
    terms: Mapping[str, torch.Tensor] = MappingProxyType({})
    """What else is recorded of it, by name, each of shape () on the device."""


class Engine(Protocol):
    """What steps a model."""

    optimizer: torch.optim.Optimizer
    names: list[str]
    """The parameters that are updated, in the order of `Update.norms`."""

    def seed(self, value: int) -> None:
        """Start the random numbers of the model (dropout) from a value."""

    def micro_step(self, batch: Batch, criterion: Criterion) -> torch.Tensor:
        """Forward and backward of one micro-batch; the loss, detached, of shape ()."""

    def step(self) -> Update:
        """Update the weights from what the micro-steps since the last one have accumulated.

        Raises:
            NonFinite: the loss or gradient is not; the state is that before the micro-steps.
        """

    def evaluated(self) -> AbstractContextManager[None]:
        """While it is entered, the model has the weights that are to be evaluated."""

    def non_finite(self) -> str | None:
        """The first weight, buffer or optimizer tensor that is not finite; reads the device."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of the model and its updates."""

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
