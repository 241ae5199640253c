"""Small trainings in Python: a learnable problem, a network with running statistics, a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine.loop_state import History
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.spec.train import Checkpoints, TrainOptions


class StopAt(StopFlag):
    """Asks the run to end once it has been looked at so often."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        super().__init__()

    @property
    def reason(self) -> str | None:  # type: ignore[override]
        """Set from the given look on."""
        self._looks -= 1
        return "test" if self._looks < 0 else None

    @reason.setter
    def reason(self, value: str | None) -> None:
        """Nothing else sets it."""


def pairs(num: int = 64) -> TensorDataset:
    """A learnable toy problem."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(num, 8, generator=generator)
    return TensorDataset(inputs, (inputs.sum(1) > 0).long())


def network() -> nn.Module:
    """Always the same weights; dropout and running statistics are among what it has."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.2), nn.Linear(6, 2)
    )


def options(**changed: Any) -> TrainOptions:
    """Three epochs, a checkpoint after each."""
    return TrainOptions(**{"epochs": 3, "checkpoints": Checkpoints(every="1 epoch"), **changed})


def fit(
    folder: Path,
    chosen: TrainOptions,
    *,
    data: TensorDataset | None = None,
    criterion: Any = None,
    flag: StopFlag | None = None,
    model: nn.Module | None = None,
    scheduler: Any = None,
    make: Any = None,
    valid: bool = True,
) -> tuple[Trainer, History]:
    """Train in a folder, or go on where it was left off; batches of 16 in their order."""
    model = model or network()
    make = make or (lambda parameters: torch.optim.Adam(parameters, lr=0.05))
    optimizer = make(model.parameters())
    resumes = any((folder / "train/checkpoints").glob("*.pth"))
    trainer = Trainer(
        folder / "train", model, resumes, options=chosen, reporter=Reporter(folder), flag=flag
    )
    loader = DataLoader(data or pairs(), batch_size=16)
    checked = DataLoader(pairs(32), batch_size=16) if valid else None
    history = trainer.train(
        loader, checked, criterion or nn.CrossEntropyLoss(), optimizer, scheduler
    )
    return trainer, history


def fit_in_pieces(folder: Path, chosen: TrainOptions, **given: Any) -> int:
    """Train with an end after every few looks, until it is done; how many ends there were."""
    for attempts in range(100):
        try:
            fit(folder, chosen, flag=StopAt(1 + attempts % 4), **given)
        except Interrupted:
            continue
        return attempts
    raise AssertionError("it never ended")


def files(folder: Path) -> dict[str, bytes]:
    """Everything that a training leaves behind, but plots."""
    kept = [*folder.glob("train/checkpoints/*.pth"), folder / "train/metrics.csv"]
    return {str(file.relative_to(folder)): file.read_bytes() for file in kept}
