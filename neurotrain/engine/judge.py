"""Judges recorded values: which weights are the best, and whether training stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurotrain.component.durations import Duration
from neurotrain.engine.early_stopping import Best, EarlyStopping
from neurotrain.engine.loop_state import LoopState
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
        self._stopping_monitor = wanted
        self.monitor = setup.monitor or wanted
        """The value that chooses the best weights."""

    def new_state(self) -> LoopState:
        """The state of a training that has not begun."""
        stopping, mode_of = self._options.early_stopping, self._setup.mode_of
        stopper = None
        if stopping is not None:
            mode = mode_of(self._stopping_monitor)
            stopper = EarlyStopping(stopping.patience, stopping.min_delta, mode)
        return LoopState(best=Best(mode=mode_of(self.monitor)), stopper=stopper)

    def judge(
        self, values: Mapping[str, float], state: LoopState, tell: Callable[..., None]
    ) -> bool:
        """Whether these are the best weights; counts patience and tells it."""
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
