"""Sets the learning rate of every step, as a function of the step."""

from __future__ import annotations

import torch

from neurotrain.optim.schedules import Horizon, Scheduler


class StepSchedule:
    """A spec's schedule on an optimizer. It has no state: the step is all it needs."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, scheduler: Scheduler, horizon: Horizon
    ) -> None:
        self._optimizer, self._scheduler, self._horizon = optimizer, scheduler, horizon
        self._peaks = [float(group["lr"]) for group in optimizer.param_groups]

    def rate(self, step: int) -> float:
        """The first group's rate for the update after `step` updates."""
        return self._peaks[0] * self._scheduler.factor(step, self._horizon)

    def apply(self, step: int) -> None:
        """Set the rate of every group for the update after `step` updates."""
        factor = self._scheduler.factor(step, self._horizon)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor
