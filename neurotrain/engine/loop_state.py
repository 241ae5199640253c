"""Everything that the training loop carries from step to step; what a checkpoint stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from neurotrain.engine.early_stopping import Best, EarlyStopping

History = dict[str, list[tuple[int, float]]]
"""Recorded values by name: (epoch, value), in the order of epochs."""


@dataclass(slots=True)
class EpochMeters:
    """Sums over the steps of the running epoch, on the device until they are read."""

    loss: torch.Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    grad_norm: torch.Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    num_losses: int = 0
    num_steps: int = 0

    def add_loss(self, loss: torch.Tensor) -> None:
        """Add a micro-batch's loss."""
        self.loss = self.loss.to(loss.device) + loss.double()
        self.num_losses += 1

    def add_step(self, grad_norm: torch.Tensor) -> None:
        """Add an update's gradient norm."""
        self.grad_norm = self.grad_norm.to(grad_norm.device) + grad_norm.double()
        self.num_steps += 1

    def state_dict(self) -> dict[str, Any]:
        """The sums as plain numbers."""
        return {
            "loss": float(self.loss),
            "grad_norm": float(self.grad_norm),
            "num_losses": self.num_losses,
            "num_steps": self.num_steps,
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> EpochMeters:
        """Meters that go on from saved sums."""
        return cls(
            loss=torch.tensor(state["loss"], dtype=torch.float64),
            grad_norm=torch.tensor(state["grad_norm"], dtype=torch.float64),
            num_losses=state["num_losses"],
            num_steps=state["num_steps"],
        )


@dataclass(slots=True)
class LoopState:
    """Where a training stands."""

    best: Best
    stopper: EarlyStopping | None
    stopper_epoch: int = 0
    """The epoch of the stopper's best value."""
    epoch: int = 1
    """The running epoch, from 1."""
    batch: int = 0
    """Micro-batches done in it."""
    step: int = 0
    micro_step: int = 0
    history: History = field(default_factory=dict)
    meters: EpochMeters = field(default_factory=EpochMeters)

    def record(self, values: dict[str, float]) -> None:
        """Append the running epoch's values to the history."""
        for name, value in values.items():
            self.history.setdefault(name, []).append((self.epoch, value))

    def next_epoch(self) -> None:
        """Begin the next epoch."""
        self.epoch += 1
        self.batch = 0
        self.meters = EpochMeters()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds besides weights and optimizer."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "micro_step": self.micro_step,
            "best_metric": self.best.value,
            "best_epoch": self.best.epoch,
            "best_loss": self.best.loss,
            "metrics_history": {k: [list(pair) for pair in v] for k, v in self.history.items()},
            "meters": self.meters.state_dict(),
            "early_stopping_epoch": self.stopper_epoch,
            "early_stopping": dict(self.stopper.state_dict()) if self.stopper else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.epoch, self.batch = state["epoch"], state["batch"]
        self.step, self.micro_step = state["step"], state["micro_step"]
        self.best.value, self.best.epoch = state["best_metric"], state["best_epoch"]
        self.best.loss = state["best_loss"]
        self.stopper_epoch = state["early_stopping_epoch"]
        history = state["metrics_history"]
        self.history = {k: [(int(e), float(x)) for e, x in v] for k, v in history.items()}
        self.meters = EpochMeters.of(state["meters"])
        if self.stopper is not None and state["early_stopping"] is not None:
            self.stopper.load_state_dict(state["early_stopping"])
