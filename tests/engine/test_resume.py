"""Ended or killed at every step, a training that goes on ends with the same bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from neurotrain.dataset.base import Sample
from neurotrain.dataset.blocks import Loader
from neurotrain.dataset.loader import BatchMaker, TrainLoader
from neurotrain.engine.checkpoint import load
from neurotrain.engine.course import CurriculumLoader
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.engine.trainer import Trainer
from neurotrain.optim.schedules import Cosine, Plateau
from neurotrain.spec.train import Averaging, Batch, Checkpoints, EarlyStopping, TrainOptions
from tests.engine.toys import StopAt, files, network, pairs

NUM_BATCHES, BATCH, NUM_EPOCHS = 7, 8, 3
NUM_EASY = 4
"""Batches of an easy epoch, where a curriculum has such ones first."""
STEEP = 64
"""Overflows in fp16 at the first loss scales, which are therefore lowered."""
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9, centered=True),
}


@dataclass(frozen=True)
class Setting:
    """How a training is done."""

    optimizer: str
    accumulation: int = 1
    precision: str = "fp32"
    ema: bool = False
    num_workers: int = 0
    scheduler: str = "ours"
    curriculum: bool = False

    @property
    def num_updates(self) -> list[int]:
        """Of each epoch."""
        batches = [NUM_EASY if self.curriculum else NUM_BATCHES] + [NUM_BATCHES] * (NUM_EPOCHS - 1)
        return [num // self.accumulation for num in batches]


PAIRWISE = [
    Setting("sgd"),
    Setting("sgd", 3, "bf16", ema=True, num_workers=2, scheduler="torch"),
    Setting("adam", 3, scheduler="plateau"),
    Setting("adam", 1, "bf16", num_workers=2, scheduler="torch"),
    Setting("adamw", 1, "fp32", ema=True, num_workers=2),
    Setting("adamw", 3, "bf16", scheduler="torch"),
    Setting("rmsprop", 1, "bf16", ema=True),
    Setting("rmsprop", 3, "fp32", num_workers=2, scheduler="torch"),
    Setting("adam", 1, "fp16", ema=True),
    Setting("adam", 3, "fp32", ema=True, num_workers=2, curriculum=True),
    Setting("sgd", scheduler="plateau", curriculum=True),
]
"""Each pair of values of two properties; fp16; epochs of two lengths."""


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Vectors:
    """The toy problem as samples."""

    def __len__(self) -> int:
        return NUM_BATCHES * BATCH

    def load(self, index: int) -> Sample:
        """One vector, as an image of one row."""
        inputs, targets = pairs(len(self)).tensors
        image = inputs[index].numpy()[None, None, :]
        return Sample(id=str(index), image_CHW=image, target=targets[index].numpy())


class Plain(Trainer):
    """Draws no curves."""

    def _write_tables(self, *, plots: bool) -> None:
        """The table alone."""
        super()._write_tables(plots=False)


def train(
    folder: Path, setting: Setting, *, flag: StopFlag | None = None, killed_at: int = -1
) -> None:
    """Train in a folder, or go on where it was left off; killed before a loss is computed."""
    model = nn.Sequential(nn.Flatten(), *network())
    optimizer = OPTIMIZERS[setting.optimizer](model.parameters())
    options = TrainOptions(
        epochs=NUM_EPOCHS, checkpoints=Checkpoints(every="1 epoch"), precision=setting.precision,
        batch=Batch(accumulation=setting.accumulation), early_stopping=EarlyStopping(patience=3),
        ema=Averaging(decay=0.9, start="4 steps") if setting.ema else None,
    )  # fmt: skip
    num_losses = 0

    def criterion(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        nonlocal num_losses
        num_losses += 1
        if num_losses == killed_at:
            raise Killed
        loss = nn.functional.cross_entropy(logits, targets)
        return loss * STEEP if setting.precision == "fp16" else loss

    maker = BatchMaker(Vectors(), (), seed=3, cache="memory")
    workers = Loader(num_workers=setting.num_workers, persistent_workers=True)
    loader = loader_of(maker, workers)
    if setting.curriculum:
        easy = loader_of(maker, workers, range(5, 5 + NUM_EASY * BATCH))
        loader = CurriculumLoader({0: "easy", 1: "all"}, {"easy": easy, "all": loader})
    resumes = any((folder / "train/checkpoints").glob("*.pth"))
    trainer = Plain(
        folder / "train", model, resumes, options=options, reporter=Reporter(folder), flag=flag
    )
    scheduler: Any = Cosine(warmup="3 steps")
    if setting.scheduler == "plateau":
        scheduler = Plateau(patience=0, gamma=0.5, threshold=0.9)
    if setting.scheduler == "torch":
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, NUM_EPOCHS)
    checked = DataLoader(pairs(16), batch_size=8)
    trainer.train(loader, checked, criterion, optimizer, scheduler)


def loader_of(maker: BatchMaker, workers: Loader, members: Any = None) -> Any:
    """Shuffled batches of the toy problem, or of some of it."""
    return TrainLoader(maker, batch_size=BATCH, crops_per_image=1, options=workers, members=members)


@pytest.mark.parametrize("setting", PAIRWISE, ids=str)
def test_ended_at_every_look_it_changes_no_bit(tmp_path: Path, setting: Setting) -> None:
    """After each step, before each validation batch, at ends of epochs and after the last step."""
    whole = tmp_path / "whole"
    train(whole, setting)
    wanted, looks, was_cut = files(whole), 0, True
    while was_cut:
        folder, looks, was_cut = tmp_path / str(looks), looks + 1, False
        try:
            train(folder, setting, flag=StopAt(looks))
        except Interrupted:
            was_cut = True
            train(folder, setting)
        assert files(folder) == wanted, looks
    assert looks > sum(num + 2 for num in setting.num_updates)


def test_the_loss_scale_was_lowered(tmp_path: Path) -> None:
    """So that the trainings in fp16 above have something to remember."""
    (setting,) = [each for each in PAIRWISE if each.precision == "fp16"]
    train(tmp_path, setting)
    scaler = load(tmp_path / "train/checkpoints/last.pth")["scaler_state_dict"]
    assert 1 < scaler["scale"] < 65536


@pytest.mark.parametrize("setting", PAIRWISE, ids=str)
def test_killed_at_every_micro_step_it_changes_no_bit(tmp_path: Path, setting: Setting) -> None:
    """Inside an accumulation too, and inside a validation."""
    whole = tmp_path / "whole"
    train(whole, setting)
    wanted = files(whole)
    num_losses = sum(num * setting.accumulation + 2 for num in setting.num_updates)
    for at in range(1, num_losses + 1):
        folder = tmp_path / str(at)
        with pytest.raises(Killed):
            train(folder, setting, killed_at=at)
        train(folder, setting)
        assert files(folder) == wanted, at
