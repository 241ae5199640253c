"""Values that are not finite, in either network: an update is of both or of none."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine import AdversarialTrainer
from neurotrain.engine.adversarial_engine import AdversarialEngine
from neurotrain.engine.checkpoint import load
from neurotrain.engine.epoch import Pace
from neurotrain.engine.loop_state import EpochMeters
from neurotrain.engine.stepping import Diverged, NonFinite
from neurotrain.engine.torch_engine import StepOptions, TorchEngine
from neurotrain.spec.adversarial import Adversarial
from neurotrain.spec.nan_policy import NanPolicy, RollBack, Skip, Stop
from neurotrain.spec.train import Batch as BatchOptions
from neurotrain.spec.train import Checkpoints, TrainOptions
from neurotrain.transforms.batch import Batch
from tests.engine.test_nan_policy import all_finite

CALLS = 9
"""Of the discriminator in an update of two micro-steps and two updates of it, from the first."""


class Planting(nn.Module):
    """A discriminator with running statistics whose logits are spoiled at one of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 4, 2, 1)
        )
        self.left, self.value = -1, math.nan

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, and a running variance that is spoiled with them."""
        logits: torch.Tensor = self.body(x)
        self.left -= 1
        if self.left == 0:
            self.get_buffer("body.1.running_var").data[0] = self.value
            logits = logits * self.value
        return logits


def networks() -> tuple[nn.Module, Planting]:
    """Always the same weights."""
    torch.manual_seed(4)
    return nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1)), Planting()


def foreground(
    logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None = None
) -> torch.Tensor:
    """The cross-entropy of one logit a pixel."""
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets.float())


def images(num: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Images with the label maps of what is bright."""
    found = torch.randn(num, 1, 16, 16, generator=torch.Generator().manual_seed(seed))
    return found, (found[:, 0] > 0).long()


def skipping(precision: Any = "fp32") -> tuple[AdversarialEngine, Planting]:
    """An engine that leaves bad updates out."""
    model, judge = networks()
    options = TrainOptions(
        nan_policy=Skip(), adversarial=Adversarial(steps=2), batch=BatchOptions(accumulation=2),
        precision=precision,
    )  # fmt: skip
    return AdversarialTrainer(model, judge, options=options)._updating(), judge


def micro_steps(engine: AdversarialEngine, number: int) -> None:
    """The two of an update."""
    for seed in (2 * number, 2 * number + 1):
        given, targets = images(4, seed)
        samples = np.arange(4)
        batch = Batch(images=given, targets=targets, samples=samples, crops=samples)
        engine.micro_step(batch, foreground)


def tensors(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a state by its path."""
    if isinstance(value, dict):
        return {k: v for key in value for k, v in tensors(value[key], f"{path}/{key}").items()}
    if isinstance(value, (list, tuple)):
        return tensors(dict(enumerate(value)), path)
    return {path: value}


def assert_same(first: Any, second: Any) -> None:
    """Two states have the same bits."""
    ours, theirs = tensors(first), tensors(second)
    assert ours.keys() == theirs.keys()
    for path, value in ours.items():
        same = torch.equal(value, theirs[path]) if isinstance(value, torch.Tensor) else (
            value == theirs[path]
        )  # fmt: skip
        assert same, path


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("call", range(1, CALLS + 2))
def test_a_bad_update_leaves_both_networks_as_they_were(call: int, value: float) -> None:
    """In the model's own pass, in the first update of the discriminator or in its second."""
    engine, judge = skipping()
    micro_steps(engine, 0)
    engine.step()
    before = copy.deepcopy(engine.state())
    judge.left, judge.value = call, value
    micro_steps(engine, 1)
    with pytest.raises(NonFinite):
        engine.step()
    assert_same(engine.state(), before)
    assert all_finite(engine.state())
    other, _ = skipping()
    for number in (0, 2):
        micro_steps(other, number)
        other.step()
    judge.left = -1
    micro_steps(engine, 2)
    engine.step()
    assert_same(engine.state(), other.state())


def test_the_discriminator_is_named() -> None:
    """So that one knows where to look."""
    engine, judge = skipping()
    judge.left = 3
    micro_steps(engine, 0)
    with pytest.raises(NonFinite, match="of the discriminator the loss is nan"):
        engine.step()


@pytest.mark.parametrize("call", [1, 3, 6])
def test_a_device_that_is_not_waited_for_masks_both(call: int) -> None:
    """As on a GPU: weights stay finite, and the next look at the meters tells the update."""
    model, judge = networks()
    options = StepOptions(accumulation=2, defers=True)
    first, second = (
        TorchEngine(
            network, torch.optim.Adam(network.parameters()), torch.device("cpu"), options
        )
        for network in (model, judge)
    )  # fmt: skip
    engine = AdversarialEngine(first, second, Adversarial(), accumulation=2, every=1, keeps=False)
    meters = EpochMeters()
    for number in range(3):
        judge.left = call if number == 1 else -1
        micro_steps(engine, number)
        meters.add_update(engine.step())
    assert meters.settle() == 1
    weights = [*model.parameters(), *judge.parameters()]
    assert all(bool(weight.isfinite().all()) for weight in weights)


class Saving(AdversarialTrainer):
    """Saves after every step, and looks at what was saved."""

    num_saves = 0

    def _after_batch(self, pace: Pace | None) -> None:
        self._save_asked = True
        super()._after_batch(pace)
        self._saver.wait()
        assert all_finite(load(self.checkpoints.folder / "last.pth"))
        self.num_saves += 1


POLICIES: dict[str, NanPolicy] = {"stop": Stop(), "skip": Skip(limit=3), "roll": RollBack(limit=2)}


@pytest.mark.parametrize("place", ["image", "discriminator", "weight"])
@pytest.mark.parametrize("policy", POLICIES)
def test_no_checkpoint_ever_has_it(tmp_path: Path, policy: str, place: str) -> None:
    """Whatever the policy does; three bad updates are left out, a value that is gone is redone."""
    model, judge = networks()
    given, targets = images(12)
    if place == "image":
        given[9, 0, 3, 3] = math.nan
    if place == "discriminator":
        judge.left = 7
    if place == "weight":
        targets[9] = 1000
    options = TrainOptions(
        epochs=3, nan_policy=POLICIES[policy], checkpoints=Checkpoints(every="1 epoch")
    )
    trainer = Saving(model, judge, output_dir=tmp_path / "train", options=options)

    def criterion(logits: torch.Tensor, marked: torch.Tensor) -> torch.Tensor:
        if bool((marked > 1).any()):
            judge.get_parameter("body.0.bias").data[0] = math.nan
        return foreground(logits, marked.clamp(max=1))

    def fit() -> None:
        trainer.train(
            DataLoader(TensorDataset(given, targets), batch_size=4), None, criterion,
            torch.optim.Adam(model.parameters(), lr=0.01),
        )  # fmt: skip

    if policy == "skip" or (policy, place) == ("roll", "discriminator"):
        fit()
        assert all(math.isfinite(v) for pairs in trainer.state.history.values() for _, v in pairs)
    else:
        with pytest.raises(Diverged):
            fit()
    assert trainer.num_saves > 1
    for path in (tmp_path / "train/checkpoints").glob("*.pth"):
        assert all_finite(load(path))


def test_both_rates_are_lower_after_a_roll_back(tmp_path: Path) -> None:
    """Twice, each time by the factor."""
    model, judge = networks()
    options = TrainOptions(epochs=1, nan_policy=RollBack(limit=2, gamma=0.5))
    trainer = AdversarialTrainer(model, judge, output_dir=tmp_path / "train", options=options)
    num_calls = 0

    def criterion(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        nonlocal num_calls
        num_calls += 1
        return foreground(logits, targets) * (math.nan if num_calls in (2, 4) else 1.0)

    trainer.train(
        DataLoader(TensorDataset(*images(12)), batch_size=4), None, criterion,
        torch.optim.Adam(model.parameters(), lr=0.01),
    )  # fmt: skip
    assert trainer.state.rolled_back == 2
    rates = [trainer._updating().optimizer.param_groups[0]["lr"]]
    rates += [trainer._updating().discriminator_optimizer.param_groups[0]["lr"]]
    assert rates == [0.01 / 4, 2e-4 / 4]
