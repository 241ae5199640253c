"""Sets the learning rate: a spec's schedule at every step, a torch scheduler after every epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import torch

from neurotrain.engine.early_stopping import Mode
from neurotrain.engine.setup import Setup
from neurotrain.optim.schedules import Horizon, Plateau, Scheduler


class Schedule(Protocol):
    """What the loop asks of a schedule."""

    def rate(self, step: int) -> float:
        """The first group's rate for the update after `step` updates."""

    def before_step(self, step: int) -> None:
        """Set the rates for the update after `step` updates."""

    def after_epoch(self, values: Mapping[str, float]) -> None:
        """Take the values that an epoch recorded."""

    def slow_down(self, factor: float) -> None:
        """Multiply every later rate."""

    def state_dict(self) -> dict[str, Any]:
        """What a resume needs; empty where the step says all."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""


@dataclass(slots=True)
class PlateauState:
    """Counts recorded values without improvement, as torch's `ReduceLROnPlateau` does."""

    factor: float = 1.0
    best: float | None = None
    num_bad: int = 0
    cooldown: int = 0

    def take(self, value: float, options: Plateau, mode: Mode) -> None:
        """Take the next value; NaN is none that improves."""
        share = options.threshold
        if mode == "min":
            better = value < (math.inf if self.best is None else self.best * (1 - share))
        else:
            better = value > (-math.inf if self.best is None else self.best * (1 + share))
        self.best, self.num_bad = (value, 0) if better else (self.best, self.num_bad + 1)
        if self.cooldown > 0:
            self.cooldown, self.num_bad = self.cooldown - 1, 0
        if self.num_bad > options.patience:
            self.factor = max(self.factor * options.gamma, options.final)
            self.cooldown, self.num_bad = options.cooldown, 0


class StepSchedule:
    """A spec's schedule on an optimizer, whose groups have their peak rates."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        scheduler: Scheduler,
        horizon: Horizon,
        *,
        monitor: str = "valid/loss",
        mode: Mode = "min",
    ) -> None:
        self._optimizer, self._scheduler, self._horizon = optimizer, scheduler, horizon
        self._peaks = [float(group["lr"]) for group in optimizer.param_groups]
        self._plateau, self._scale = PlateauState(), 1.0
        self._monitor, self._mode = monitor, mode

    def rate(self, step: int) -> float:
        """The first group's rate for the update after `step` updates."""
        return self._peaks[0] * self._factor(step)

    def before_step(self, step: int) -> None:
        """Set the rate of every group for the update after `step` updates."""
        factor = self._factor(step)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor

    def after_epoch(self, values: Mapping[str, float]) -> None:
        """Let a plateau look at its value, where the epoch has it."""
        if isinstance(self._scheduler, Plateau) and self._monitor in values:
            self._plateau.take(values[self._monitor], self._scheduler, self._mode)

    def slow_down(self, factor: float) -> None:
        """Multiply every later rate."""
        self._scale *= factor

    def state_dict(self) -> dict[str, Any]:
        """What is not a function of the step."""
        return {"scale": self._scale, "plateau": asdict(self._plateau)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._scale, self._plateau = state["scale"], PlateauState(**state["plateau"])

    def _factor(self, step: int) -> float:
        factor = self._scheduler.factor(step, self._horizon)
        return factor * self._plateau.factor * self._scale


def schedule_of(
    scheduler: Any, optimizer: torch.optim.Optimizer, horizon: Horizon, setup: Setup, monitor: str
) -> Schedule:
    """A spec's scheduler on the optimizer; torch's, or none, stepped once an epoch."""
    if isinstance(scheduler, StepSchedule):
        return scheduler
    if not isinstance(scheduler, Scheduler):
        return EpochSchedule(optimizer, scheduler, monitor=monitor)
    watched = scheduler.monitor or monitor if isinstance(scheduler, Plateau) else monitor
    return StepSchedule(optimizer, scheduler, horizon, monitor=watched, mode=setup.mode_of(watched))


class EpochSchedule:
    """A torch scheduler, or none: stepped once an epoch, a plateau with the monitored value."""

    def __init__(self, optimizer: torch.optim.Optimizer, scheduler: Any, *, monitor: str) -> None:
        self._optimizer, self._scheduler, self._monitor = optimizer, scheduler, monitor

    def rate(self, step: int) -> float:
        """The first group's rate, whatever the step."""
        return float(self._optimizer.param_groups[0]["lr"])

    def before_step(self, step: int) -> None:
        """Nothing: the rate stays through the epoch."""

    def after_epoch(self, values: Mapping[str, float]) -> None:
        """Step the scheduler."""
        if isinstance(self._scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            if self._monitor in values:
                self._scheduler.step(values[self._monitor])
        elif self._scheduler is not None:
            self._scheduler.step()

    def slow_down(self, factor: float) -> None:
        """Multiply every later rate: the present ones and those that the scheduler starts from."""
        for group in self._optimizer.param_groups:
            group["lr"] *= factor
        bases = getattr(self._scheduler, "base_lrs", None)
        if bases is not None:
            self._scheduler.base_lrs = [base * factor for base in bases]

    def state_dict(self) -> dict[str, Any]:
        """The scheduler's own."""
        return dict(self._scheduler.state_dict()) if self._scheduler is not None else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        if state and self._scheduler is not None:
            self._scheduler.load_state_dict(state)
