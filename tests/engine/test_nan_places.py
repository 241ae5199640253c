"""NaN and infinity planted at every place, under every policy, with a save after every step."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine.checkpoint import load
from neurotrain.engine.epoch import Pace
from neurotrain.engine.stepping import Diverged
from neurotrain.engine.trainer import Trainer
from neurotrain.spec.nan_policy import NanPolicy, RollBack, Skip, Stop
from neurotrain.spec.train import Averaging, Checkpoints, TrainOptions
from tests.engine.test_nan_policy import all_finite
from tests.engine.toys import network, pairs

BAD_BATCH, NUM_BATCHES, NUM_EPOCHS = 2, 4, 3
POLICIES: dict[str, NanPolicy] = {"stop": Stop(), "skip": Skip(limit=3), "roll": RollBack(limit=2)}
PLACES = ("input", "loss", "gradient", "parameter", "buffer", "average", "scaler", "metric")
BORNE = {("input", "skip"), ("loss", "skip"), ("gradient", "skip"), ("buffer", "skip")}
"""What leaving three updates out heals; values in weights, averages and scale stay."""


class Saving(Trainer):
    """Saves after every step, and looks at what was saved."""

    num_saves = 0

    def _after_batch(self, pace: Pace | None) -> None:
        self._save_asked = True
        super()._after_batch(pace)
        self._saver.wait()
        assert_finite(self.checkpoints.folder / "last.pth")
        self.num_saves += 1


def assert_finite(path: Path) -> None:
    """No tensor and no loss scale of a checkpoint is NaN or infinite."""
    state = load(path)
    for key in ("model_state_dict", "optimizer_state_dict", "ema_state_dict", "epoch_start"):
        assert all_finite(state[key]), (path, key)
    assert math.isfinite(state["scaler_state_dict"].get("scale", 1.0))


class Planting(nn.Module):
    """A network that does harm to itself where a batch is marked by its first value."""

    def __init__(self, place: str, value: float) -> None:
        super().__init__()
        self.body = network()
        self.place, self.value = place, value
        self.trainer: Any = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits; the gradient of a parameter is spoiled on its way back."""
        is_bad = bool((x[:, 0] > 50).any())
        x = x.clone()
        x[:, 0] = torch.where(x[:, 0] > 50, x[:, 0] - 100, x[:, 0])
        if not is_bad or not self.training:
            logits: torch.Tensor = self.body(x)
            return logits
        if self.place == "input":
            x[0, 3] = self.value
        logits = self.body(x)
        if self.place == "gradient":
            logits.register_hook(lambda gradient: gradient * self.value)
        if self.place == "loss":
            logits = logits * self.value
        self._spoil_state()
        return logits

    @torch.no_grad()
    def _spoil_state(self) -> None:
        engine = self.trainer.engine
        if self.place == "parameter":
            self.get_parameter("body.4.bias").data[0] = self.value
        elif self.place == "buffer":
            self.get_buffer("body.1.running_var").data[0] = self.value
        elif self.place == "average" and engine._average._means:
            engine._average._means[0].view(-1)[0] = self.value
        elif self.place == "scaler":
            engine._scaler._scale.fill_(self.value)


def train(folder: Path, place: str, value: float, policy: NanPolicy) -> Saving:
    """A training in which one batch of each epoch does harm."""
    inputs, targets = (part.clone() for part in pairs().tensors)
    inputs[16 * BAD_BATCH, 0] += 100
    checked = pairs(32).tensors[0].clone()
    if place == "metric":
        checked[3, 2] = value
    model = Planting(place, value)
    options = TrainOptions(
        epochs=NUM_EPOCHS, checkpoints=Checkpoints(every="1 epoch", keep_last=10),
        nan_policy=policy, precision="fp16" if place == "scaler" else "fp32",
        ema=Averaging(decay=0.9) if place == "average" else None,
    )  # fmt: skip
    trainer = Saving(folder / "train", model, options=options)
    model.trainer = trainer
    valid = DataLoader(TensorDataset(checked, pairs(32).tensors[1]), batch_size=16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=16)
    try:
        trainer.train(loader, valid, nn.CrossEntropyLoss(), optimizer)
    finally:
        for path in (folder / "train/checkpoints").glob("*.pth"):
            assert_finite(path)
    return trainer


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("place", PLACES)
def test_no_checkpoint_ever_has_it(tmp_path: Path, place: str, policy: str, value: float) -> None:
    """The run is done where the policy bears it, else it has diverged; no save ever has it."""
    if place == "metric" or (place, policy) in BORNE:
        trainer = train(tmp_path, place, value, POLICIES[policy])
        assert trainer.num_saves == NUM_EPOCHS * NUM_BATCHES
        assert trainer.state.skipped == (3 if policy == "skip" and place != "metric" else 0)
        return
    with pytest.raises(Diverged):
        train(tmp_path, place, value, POLICIES[policy])
    assert (tmp_path / "train/checkpoints/last.pth").exists()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_is_not_finite_is_never_the_best(tmp_path: Path, value: float) -> None:
    """The loss of a bad validation is recorded as it is, and no checkpoint is chosen by it."""
    trainer = train(tmp_path, "metric", value, Stop())
    assert all(not math.isfinite(loss) for _, loss in trainer.state.history["valid/loss"])
    assert trainer.state.best.value is None or not math.isnan(trainer.state.best.value)
