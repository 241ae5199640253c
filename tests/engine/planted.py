"""A process of trainings with DeepSpeed in which rank 1 alone does harm: `planted FOLDER`.

Rank 0 leaves in `found.json` of the folder what each training ended with on every rank.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine.deepspeed_trainer import DeepSpeedTrainer
from neurotrain.engine.epoch import Pace
from neurotrain.engine.placement import placed
from neurotrain.engine.ranks import Ranks, joined
from neurotrain.engine.stepping import Diverged
from neurotrain.spec.train import Checkpoints, TrainOptions

PLACES = ("input", "loss", "gradient", "buffer", "parameter")
BAD_STEP = 3


class Saving(DeepSpeedTrainer):
    """Saves after every step, and draws nothing."""

    def _after_batch(self, pace: Pace | None) -> None:
        self._save_asked = True
        super()._after_batch(pace)

    def _write_tables(self, *, plots: bool) -> None:
        pass


class Harming(nn.Module):
    """A network that spoils one thing in its third training batch, where it is told to."""

    def __init__(self, place: str, value: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2))
        self.register_buffer("mask", torch.full((2,), -math.inf))
        self.place, self.value, self.num_batches = place, value, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        self.num_batches += self.training
        if not self.training or self.num_batches != BAD_STEP or not self.place:
            logits: torch.Tensor = self.body(x)
            return logits
        if self.place == "input":
            x = x.clone()
            x[0, 3] = self.value
        logits = self.body(x)
        if self.place == "loss":
            return logits * self.value
        if self.place == "gradient":
            logits.register_hook(lambda gradient: gradient * self.value)
        if self.place == "buffer":
            self.get_buffer("body.1.running_var").data[0] = self.value
        if self.place == "parameter":
            self.get_parameter("body.3.bias").data[0] = self.value
        return logits


def ended(folder: Path, stage: int, place: str, value: float, ranks: Ranks) -> str:
    """How a training ended on this process."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(64, 8, generator=generator)
    loader = DataLoader(TensorDataset(inputs, (inputs.sum(1) > 0).long()), batch_size=8)
    config: dict[str, Any] = {
        "train_micro_batch_size_per_gpu": 8, "gradient_accumulation_steps": 1,
        "zero_optimization": {"stage": stage},
        "optimizer": {"type": "Adam", "params": {"lr": 0.01, "torch_adam": True}},
    }  # fmt: skip
    model = Harming(place if ranks.rank == 1 else "", value)
    trainer = Saving(
        folder / "train", model, config, ranks=ranks, device="cpu",
        options=TrainOptions(epochs=1, checkpoints=Checkpoints(every="1 epoch")),
    )  # fmt: skip
    try:
        trainer.train(loader, None, nn.CrossEntropyLoss())
    except Diverged as error:
        return f"diverged: {error}"
    return f"done after {trainer.state.step} steps"


def main() -> None:
    """Try every place, value and stage."""
    torch.set_num_threads(1)
    folder, ranks = Path(sys.argv[1]), joined(placed(os.environ), "cpu")
    found = {}
    for stage in (0, 1, 2, 3):
        for place in ("", *PLACES):
            if stage == 3 and place == "parameter":
                continue  # a whole parameter is there only while a layer computes
            for value in (math.nan, math.inf) if place else (0.0,):
                name = f"{place or 'nothing'}-{value}-{stage}"
                found[name] = ranks.gathered(ended(folder / name, stage, place, value, ranks))
    if ranks.leads:
        (folder / "found.json").write_text(json.dumps(found))
    ranks.leave()


if __name__ == "__main__":
    main()
