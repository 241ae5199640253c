"""The losses of several tasks as one criterion, which keeps those of each task for the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch


class LossOfTasks(Protocol):
    """A loss that gives the total and, by name, each task's own."""

    @property
    def tasks(self) -> tuple[str, ...]: ...

    def __call__(
        self, outputs: Any, targets: Any, /
    ) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]: ...


class TaskCriterion:
    """The total as a criterion; `last` are the tasks' losses of the last call."""

    def __init__(self, loss: LossOfTasks) -> None:
        self.loss = loss
        self.tasks = loss.tasks
        self.last = torch.empty(0)
        """Detached, of shape (tasks,), on the device of the outputs."""

    def __call__(self, outputs: Any, targets: Any, roi: torch.Tensor | None) -> torch.Tensor:
        """The weighted sum for a batch, of shape ()."""
        total, found = self.loss(outputs, targets)
        self.last = torch.stack([found[name].detach().float() for name in self.tasks])
        return total
