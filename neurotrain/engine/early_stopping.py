"""When training stops by itself, and which value is the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypedDict

Mode = Literal["min", "max"]


class State(TypedDict):
    """What an early stopping has to remember."""

    counter: int
    best: float | None
    stopped: bool


class EarlyStopping:
    """Counts values without improvement; calling it with a value says whether to stop.

    A value improves if it is better than the best by more than `min_delta`. NaN never improves.
    Prechelt, "Early stopping - but when?", 1998.
    """

    def __init__(self, patience: int = 10, min_delta: float = 1e-4, mode: Mode = "min") -> None:
        if patience < 1 or min_delta < 0 or mode not in ("min", "max"):
            raise ValueError(
                f"patience {patience}, min_delta {min_delta}, mode {mode!r}: patience is at least "
                "1, min_delta at least 0, mode 'min' or 'max'"
            )
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.counter = 0
        self.best: float | None = None
        self.stopped = False

    def __call__(self, value: float) -> bool:
        """Take the next value; whether training should stop."""
        if is_better(value, self.best, self.mode, self.min_delta):
            self.best, self.counter = value, 0
        else:
            self.counter += 1
        self.stopped = self.counter >= self.patience
        return self.stopped

    @property
    def needed(self) -> float | None:
        """The value that has to be passed to improve; None before the first value."""
        if self.best is None:
            return None
        return self.best + (self.min_delta if self.mode == "max" else -self.min_delta)

    def state_dict(self) -> State:
        """What has to be saved."""
        return {"counter": self.counter, "best": self.best, "stopped": self.stopped}

    def load_state_dict(self, state: State) -> None:
        """Go on from a saved state; a larger patience than it was saved with goes on waiting."""
        self.counter, self.best = state["counter"], state["best"]
        self.stopped = self.counter >= self.patience


@dataclass(slots=True)
class Best:
    """The best value so far and its epoch."""

    mode: Mode
    value: float | None = None
    epoch: int = 0
    loss: float | None = None
    """The loss beside the best value, which decides between equal ones."""

    def offer(self, value: float, epoch: int, loss: float | None = None) -> bool:
        """Whether this value is the new best; an equal one is where its loss is smaller."""
        improves = is_better(value, self.value, self.mode, 0.0)
        if value == self.value and loss is not None and self.loss is not None:
            improves = is_better(loss, self.loss, "min", 0.0)
        if not improves:
            return False
        self.value, self.epoch, self.loss = value, epoch, loss
        return True


def is_better(value: float, best: float | None, mode: Mode, min_delta: float) -> bool:
    """Whether a value beats the best by more than `min_delta`; NaN never does."""
    if math.isnan(value):
        return False
    if best is None:
        return True
    return value > best + min_delta if mode == "max" else value < best - min_delta
