"""Everything that the training loop carries from step to step; what a checkpoint stores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from neurotrain.engine.early_stopping import Best, EarlyStopping
from neurotrain.engine.reporter import DETAILS
from neurotrain.engine.stepping import Update
from neurotrain.engine.task_criterion import TaskCriterion
from neurotrain.recorder.tables import write_history
from neurotrain.visualizer.curves import draw_curves

History = dict[str, list[tuple[int, float]]]
"""Recorded values by name: (epoch, value), in the order of epochs."""


@dataclass(slots=True)
class EpochMeters:
    """Sums over the updates of the running epoch.

    Values stay on the device until `settle` reads them all at once; they are added one by one, so
    that the sums do not depend on when that is.
    """

    loss: float = 0.0
    grad_norm: float = 0.0
    grad_norms: list[float] = field(default_factory=list)
    """The sum for each parameter; empty where they are not recorded."""
    task_losses: dict[str, float] = field(default_factory=dict)
    """The sum of each task's own loss; empty where there is one task."""
    num_losses: int = 0
    num_norms: int = 0
    num_updates: int = 0
    terms: dict[str, list[float]] = field(default_factory=dict)
    """What else is recorded: by name the sum and the number of updates that have it."""
    _running: list[torch.Tensor] = field(default_factory=list)
    """Losses of the update that is under way."""
    _running_tasks: list[torch.Tensor] = field(default_factory=list)
    _losses: list[torch.Tensor] = field(default_factory=list)
    _tasks: list[torch.Tensor] = field(default_factory=list)
    _names: tuple[str, ...] = ()
    _norms: list[torch.Tensor] = field(default_factory=list)
    _each: list[torch.Tensor] = field(default_factory=list)
    _terms: list[tuple[int, str, torch.Tensor]] = field(default_factory=list)
    """With the number of the update in the epoch, from 0."""

    def add_loss(self, loss: torch.Tensor, criterion: Any = None) -> None:
        """Add a micro-batch's loss, and those of its tasks where the criterion has them."""
        self._running.append(loss)
        if isinstance(criterion, TaskCriterion):
            self._running_tasks.append(criterion.last)
            self._names = criterion.tasks

    def add_update(self, update: Update) -> None:
        """Count the running update; one that the scaler left out has no norm."""
        self._losses += self._running
        self._terms += [(self.num_updates, *term) for term in update.terms.items()]
        self._tasks += self._running_tasks
        self.drop_update()
        self.num_updates += 1
        if update.was_made:
            self._norms.append(update.norm)
            if update.norms is not None:
                self._each.append(update.norms)

    def drop_update(self) -> None:
        """Leave the running update out."""
        self._running.clear()
        self._running_tasks.clear()

    def settle(self) -> int | None:
        """Read what the device holds; the first update of the epoch, from 0, that is not finite."""
        losses, norms = _read(self._losses), _read(self._norms)
        for row in _read(self._each):
            sums = self.grad_norms or [0.0] * len(row)
            self.grad_norms = [total + norm for total, norm in zip(sums, row, strict=True)]
        for row in _read(self._tasks):
            for name, value in zip(self._names, row, strict=True):
                self.task_losses[name] = self.task_losses.get(name, 0.0) + value
        first = self.num_updates - len(self._norms)
        share = len(losses) // max(1, len(norms))
        bad = [i // share for i, value in enumerate(losses) if not math.isfinite(value)]
        bad += [i for i, value in enumerate(norms) if not math.isfinite(value)]
        for value in losses:
            self.loss += value
        for value in norms:
            self.grad_norm += value
        self.num_losses += len(losses)
        self.num_norms += len(norms)
        self._losses, self._norms, self._each, self._tasks = [], [], [], []
        bad = [first + index for index in bad] + self._settle_terms()
        return min(bad, default=None)

    def _settle_terms(self) -> list[int]:
        """Add the terms that are waiting; the updates whose terms are not finite."""
        waiting, self._terms = self._terms, []
        values = _read([value for _, _, value in waiting])
        for (_, name, _), value in zip(waiting, values, strict=True):
            total, count = self.terms.get(name, (0.0, 0))
            self.terms[name] = [total + value, count + 1]
        pairs = zip(waiting, values, strict=True)
        return [index for (index, _, _), value in pairs if not math.isfinite(value)]

    @property
    def mean_loss(self) -> float:
        """The mean of the settled losses; NaN without any."""
        return self.loss / self.num_losses if self.num_losses else math.nan

    def means(self, names: Sequence[str]) -> dict[str, float]:
        """The settled means of everything but the whole loss."""
        tasks = {f"train/{k}/loss": v / self.num_losses for k, v in self.task_losses.items()}
        terms = {name: total / count for name, (total, count) in self.terms.items()}
        return {**tasks, **terms, **self.norms(names)}

    def norms(self, names: Sequence[str]) -> dict[str, float]:
        """The settled mean norm of the gradient, and of each parameter's where it is recorded."""
        if not self.num_norms:
            return {}
        found = {"grad_norm": self.grad_norm / self.num_norms}
        for name, total in zip(names, self.grad_norms, strict=False):
            found[f"grad_norm/{name}"] = total / self.num_norms
        return found

    def state_dict(self) -> dict[str, Any]:
        """The settled sums."""
        assert not self._losses
        return {
            "loss": self.loss,
            "grad_norm": self.grad_norm,
            "grad_norms": self.grad_norms,
            "task_losses": dict(self.task_losses),
            "num_losses": self.num_losses,
            "num_norms": self.num_norms,
            "num_updates": self.num_updates,
            **({"terms": self.terms} if self.terms else {}),
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> EpochMeters:
        """Meters that go on from saved sums."""
        return cls(
            loss=state["loss"],
            grad_norm=state["grad_norm"],
            grad_norms=state["grad_norms"],
            task_losses=dict(state.get("task_losses", {})),
            num_losses=state["num_losses"],
            num_norms=state["num_norms"],
            num_updates=state["num_updates"],
            terms=dict(state.get("terms", {})),
        )


def plotted(history: History) -> History:
    """What is drawn: not the many values of single parameters and layers."""
    return {k: v for k, v in history.items() if not k.startswith(DETAILS)}


def write_tables(
    folder: Path, history: History, best_epoch: int, monitor: str, *, plots: bool
) -> None:
    """Write the history as a table, and as curves where that is asked."""
    write_history(history, folder / "metrics.csv")
    if plots:
        draw_curves(
            plotted(history), folder / "plots", best_epoch=best_epoch or None, monitor=monitor
        )


def _read(values: list[torch.Tensor]) -> list[Any]:
    return torch.stack(values).tolist() if values else []


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
    skipped: int = 0
    """Updates left out because they were not finite."""
    rolled_back: int = 0

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
            "nan_counters": {"skipped": self.skipped, "rolled_back": self.rolled_back},
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
        self.skipped = state["nan_counters"]["skipped"]
        self.rolled_back = state["nan_counters"]["rolled_back"]
        if self.stopper is not None and state["early_stopping"] is not None:
            self.stopper.load_state_dict(state["early_stopping"])
