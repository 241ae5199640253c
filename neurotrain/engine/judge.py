"""Judges recorded values: which weights are the best, and whether training stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurotrain.component.durations import Duration
from neurotrain.engine.early_stopping import Best, EarlyStopping
from neurotrain.engine.loop_state import LoopState
from neurotrain.engine.reporter import DETAILS
from neurotrain.engine.setup import Setup
from neurotrain.spec.train import TrainOptions


class Judge:
    """Knows the monitored values; what it remembers is in the loop's state."""

    def __init__(self, options: TrainOptions, setup: Setup, *, validates: bool) -> None:
        self._options, self._setup = options, setup
        stopping = options.early_stopping
        wanted = stopping.monitor if stopping else "valid/loss"
        if not validates and wanted.startswith("valid/"):
            wanted = "train/loss"
        self._validates = validates
        self._stopping_monitor = wanted
        self.monitor = setup.monitor or options.checkpoints.monitor or wanted
        """The value that chooses the best weights."""

    def new_state(self) -> LoopState:
        """The state of a training that has not begun."""
        stopping, mode_of = self._options.early_stopping, self._setup.mode_of
        stopper = None
        if stopping is not None:
            mode = stopping.mode or mode_of(self._stopping_monitor)
            stopper = EarlyStopping(stopping.patience, stopping.min_delta, mode)
        best_mode = self._options.checkpoints.mode
        if best_mode is None and stopping is not None and self.monitor == self._stopping_monitor:
            best_mode = stopping.mode
        return LoopState(best=Best(mode=best_mode or mode_of(self.monitor)), stopper=stopper)

    def judge(
        self, values: Mapping[str, float], state: LoopState, tell: Callable[..., None]
    ) -> bool:
        """Whether these are the best weights; counts patience and tells it.

        Raises:
            ValueError: a monitored value is not among those of an epoch that was validated.
        """
        is_planned = self._setup.monitor is not None  # and checked when it was compiled
        if not is_planned and ("valid/loss" in values or not self._validates):
            self._require_monitored(values, state)
        value = values.get(self.monitor)
        is_best = value is not None and state.best.offer(
            value, state.epoch, values.get("valid/loss")
        )
        stopper, watched = state.stopper, values.get(self._stopping_monitor)
        if stopper is not None and watched is not None:
            stopper(watched)
            if stopper.counter == 0:
                state.stopper_epoch = state.epoch
            self._tell(watched, stopper, state, tell)
        return is_best

    def _require_monitored(self, values: Mapping[str, float], state: LoopState) -> None:
        monitored = {self.monitor: "checkpoints.monitor"}
        if state.stopper is not None:
            monitored[self._stopping_monitor] = "early_stopping.monitor"
        for name, field in monitored.items():
            if name not in values:
                known = ", ".join(each for each in values if not each.startswith(DETAILS))
                raise ValueError(f"{field} is '{name}', which is not recorded; there are {known}")

    def _tell(
        self, value: float, stopper: EarlyStopping, state: LoopState, tell: Callable[..., None]
    ) -> None:
        every = 1
        if self._stopping_monitor.startswith("valid/"):
            every = Duration.parse(self._options.validate_every).count
        left = stopper.patience - stopper.counter
        told: dict[str, Any] = {
            "monitor": self._stopping_monitor,
            "mode": stopper.mode,
            "min_delta": stopper.min_delta,
            "value": value,
            "best": stopper.best,
            "best_epoch": state.stopper_epoch,
            "counter": stopper.counter,
            "patience": stopper.patience,
            "needed": stopper.needed,
            "stops_at_epoch": state.epoch + left * every,
            "stopped": stopper.stopped,
            "reason": f"no improvement in {stopper.counter} validations" if stopper.stopped else "",
        }
        tell("early_stopping.updated", **told)
