"""A training from Python: its loop, loader, monitors and folder are taken as they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from neurotrain.engine.checkpoint import load
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.recorder.events import read_all
from neurotrain.spec.train import Checkpoints, EarlyStopping, Recording, TrainOptions
from tests.engine.toys import pairs


class Own(Trainer):
    """A loop of one's own, in which no epoch is better than the first."""

    def train_epoch(self, train_loader: Any, criterion: Any, optimizer: Any, device: Any) -> float:
        """Plain steps; the end is asked for in the third epoch."""
        for batch in train_loader:
            optimizer.zero_grad()
            criterion(self.model(batch.images), batch.targets, None).backward()
            optimizer.step()
        if self.state.epoch == 3:
            self.flag.ask("stop_after_epoch")
        return float(self.state.epoch)


def test_a_loop_of_ones_own_keeps_its_finished_epochs(tmp_path: Path) -> None:
    """An end after the epoch saves it, because the state is whole there."""
    model = nn.Linear(8, 2)
    trainer = Own(tmp_path / "train", model, options=TrainOptions(), flag=StopFlag())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(Interrupted):
        trainer.train(DataLoader(pairs(), 16), None, nn.CrossEntropyLoss(), optimizer)
    assert load(tmp_path / "train/checkpoints/last.pth")["epoch"] == 4


def python_training(
    folder: Path, epochs: int, *, resumes: bool = False, chosen: TrainOptions | None = None
) -> Trainer:
    """A training whose loader shuffles by a generator of its own."""
    torch.manual_seed(0)
    model = nn.Linear(8, 2)
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(pairs(), 16, shuffle=True, generator=generator)
    trainer = Trainer(folder / "train", model, resumes, options=chosen or TrainOptions())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    valid = DataLoader(pairs(32), 16)
    trainer.train(loader, valid, nn.CrossEntropyLoss(), optimizer, num_epochs=epochs)
    return trainer


def test_a_loader_with_a_generator_of_its_own_resumes_to_the_same_bits(tmp_path: Path) -> None:
    """The order of an epoch does not depend on how often the generator was drawn from."""
    whole = python_training(tmp_path / "whole", 4)
    python_training(tmp_path / "parts", 2)
    resumed = python_training(tmp_path / "parts", 4, resumes=True)
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_new_training_does_not_mix_its_checkpoints_with_others(tmp_path: Path) -> None:
    """It is refused before anything of the earlier one is written over."""
    python_training(tmp_path, 1)
    before = (tmp_path / "train/checkpoints/last.pth").read_bytes()
    with pytest.raises(FileExistsError, match=r"train/checkpoints has checkpoints of an earlier"):
        python_training(tmp_path, 1)
    assert (tmp_path / "train/checkpoints/last.pth").read_bytes() == before


def test_the_best_weights_are_chosen_by_the_checkpoints_monitor(tmp_path: Path) -> None:
    """In Python as in a spec, with its mode."""
    chosen = TrainOptions(checkpoints=Checkpoints(monitor="train/loss", mode="max"))
    trainer = python_training(tmp_path, 3, chosen=chosen)
    losses = [value for _, value in trainer.state.history["train/loss"]]
    assert trainer.state.best.value == max(losses)


def test_a_monitor_that_is_never_recorded_is_refused(tmp_path: Path) -> None:
    """After the first validated epoch, with the names that there are."""
    chosen = TrainOptions(early_stopping=EarlyStopping(monitor="valid/dcie"))
    with pytest.raises(ValueError, match=r"early_stopping\.monitor is 'valid/dcie'.*valid/loss"):
        python_training(tmp_path, 3, chosen=chosen)


def test_a_model_with_many_parameters_tells_its_epochs(tmp_path: Path) -> None:
    """More gradient norms than fit into one event come in several beside the epoch."""
    model = nn.Sequential(*(nn.Linear(8, 8) for _ in range(400)), nn.Linear(8, 2))
    chosen = TrainOptions(record=Recording(grad_norms=True))
    trainer = Trainer(tmp_path / "train", model, options=chosen)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer.train(DataLoader(pairs(), 64), None, nn.CrossEntropyLoss(), optimizer, num_epochs=1)
    told = list(read_all(tmp_path / "events.jsonl"))
    (epoch,) = [event for event in told if event.kind == "epoch.finished"]
    parts = [event.data["metrics"] for event in told if event.kind == "epoch.detailed"]
    assert {"train/loss", "lr", "grad_norm"} == set(epoch.data["metrics"])
    assert sum(map(len, parts)) == len(list(model.parameters()))
