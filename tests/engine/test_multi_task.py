"""Several tasks in one training: each one's loss is recorded, and resumed to the same bits."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.losses import MultiTaskLoss
from neurotrain.spec.train import Batch, Checkpoints, EarlyStopping, TrainOptions
from tests.engine.toys import StopAt, files, network, pairs

WEIGHTS = {"sign": 1.0, "sum": 0.25}


class Mixed(Dataset[Any]):
    """The toy problem: the sign of the sum, and the sum itself."""

    def __init__(self, num: int) -> None:
        self._inputs, self._signs = pairs(num).tensors

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        x = self._inputs[index]
        return x, {"sign": self._signs[index], "sum": x.sum()[None]}


class Heads(nn.Module):
    """A shared network with a linear head a task."""

    def __init__(self, *, drops: bool = True) -> None:
        super().__init__()
        self.shared = network()
        if not drops:
            self.shared[3] = nn.Identity()
        self.heads = nn.ModuleDict({"sign": nn.Linear(2, 2), "sum": nn.Linear(2, 1)})

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The output of every head."""
        features = self.shared(x)
        return {name: head(features) for name, head in self.heads.items()}


class Plain(Trainer):
    """Draws no curves."""

    def _write_tables(self, *, plots: bool) -> None:
        """The table alone."""
        super()._write_tables(plots=False)


def train(
    folder: Path, *, flag: StopFlag | None = None, accumulation: int = 1, drops: bool = True
) -> Trainer:
    """Train in a folder, or go on where it was left off; batches of 8 in their order."""
    model = Heads(drops=drops)
    options = TrainOptions(
        epochs=3, checkpoints=Checkpoints(every="1 epoch"),
        batch=Batch(accumulation=accumulation),
        early_stopping=EarlyStopping(monitor="valid/sum/loss", patience=3),
    )  # fmt: skip
    resumes = any((folder / "train/checkpoints").glob("*.pth"))
    trainer = Plain(
        folder / "train", model, resumes, options=options, reporter=Reporter(folder), flag=flag
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    loader, checked = DataLoader(Mixed(48), batch_size=8), DataLoader(Mixed(20), batch_size=8)
    trainer.train(loader, checked, MultiTaskLoss(WEIGHTS), optimizer)
    return trainer


def bare_losses(epochs: int) -> list[dict[str, float]]:
    """The same training as a bare loop: the mean losses of each epoch."""
    model, found = Heads(drops=False), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(epochs):
        sums = {"loss": 0.0, "sign": 0.0, "sum": 0.0}
        for x, targets in DataLoader(Mixed(48), batch_size=8):
            outputs = model(x)
            sign = nn.functional.cross_entropy(outputs["sign"], targets["sign"])
            value = nn.functional.mse_loss(outputs["sum"], targets["sum"])
            loss = sign + 0.25 * value
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for name, one in {"loss": loss, "sign": sign, "sum": value}.items():
                sums[name] += float(one.detach())
        found.append({name: total / 6 for name, total in sums.items()})
    return found


def test_each_tasks_loss_is_recorded_as_in_a_bare_loop(tmp_path: Path) -> None:
    """Every epoch, without its weight, in the history and in metrics.csv."""
    history = train(tmp_path, drops=False).state.history
    for epoch, expected in enumerate(bare_losses(3)):
        for name, key in {"loss": "loss", "sign": "sign/loss", "sum": "sum/loss"}.items():
            assert history[f"train/{key}"][epoch][1] == pytest.approx(expected[name], rel=1e-5)
    with (tmp_path / "train/metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        for part in ("train", "valid"):
            total, sign, value = (float(row[f"{part}/{k}loss"]) for k in ("", "sign/", "sum/"))
            assert total == pytest.approx(sign + 0.25 * value, rel=1e-5)


def test_validation_is_the_mean_over_samples(tmp_path: Path) -> None:
    """Each sample counts once, also in a smaller last batch."""
    trainer = train(tmp_path)
    trainer.model.eval()
    x, targets = next(iter(DataLoader(Mixed(20), batch_size=20)))
    with torch.no_grad():
        outputs = trainer.model(x)
    expected = float(nn.functional.mse_loss(outputs["sum"], targets["sum"]))
    found = trainer.state.history["valid/sum/loss"][-1][1]
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("accumulation", [1, 3])
def test_ended_at_every_look_it_changes_no_bit(tmp_path: Path, accumulation: int) -> None:
    """The sums of the running epoch's losses are state like all others."""
    whole = tmp_path / "whole"
    train(whole, accumulation=accumulation)
    wanted, looks, was_cut = files(whole), 0, True
    while was_cut:
        folder, looks, was_cut = tmp_path / str(looks), looks + 1, False
        try:
            train(folder, flag=StopAt(looks), accumulation=accumulation)
        except Interrupted:
            was_cut = True
            train(folder, accumulation=accumulation)
        assert files(folder) == wanted, looks
    assert looks > 3
