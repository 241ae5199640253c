"""NaN and infinity reach no checkpoint, wherever they come from; the policy decides the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.engine.checkpoint import load
from neurotrain.engine.signals import Interrupted
from neurotrain.engine.stepping import Diverged, NonFinite
from neurotrain.engine.torch_engine import StepOptions, TorchEngine
from neurotrain.engine.trainer import Trainer
from neurotrain.optim.schedules import Cosine
from neurotrain.recorder.events import read_all
from neurotrain.spec.nan_policy import NanPolicy, RollBack, Skip, Stop
from neurotrain.spec.train import Averaging, Recording
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import mix
from tests.engine.toys import StopAt, files, fit, network, options, pairs

BAD_SAMPLE = 40
"""It is in the third of the four batches of each epoch."""
Criterion = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class _BadGradient(torch.autograd.Function):
    """A finite value whose gradient is not."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor) -> torch.Tensor:
        """The value."""
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Infinity."""
        return gradients[0] * math.inf


def poisoned(place: str, value: float) -> dict[str, Any]:
    """Data and criterion with a bad value at one place, in the third batch of each epoch."""
    data = pairs()
    inputs, targets = data.tensors[0].clone(), data.tensors[1]
    if place == "input":
        inputs[BAD_SAMPLE, 3] = value
        return {"data": TensorDataset(inputs, targets)}
    mark = torch.zeros(64, dtype=torch.long)
    mark[BAD_SAMPLE] = 10

    def criterion(logits: torch.Tensor, marked: torch.Tensor) -> torch.Tensor:
        loss = nn.functional.cross_entropy(logits, marked % 10)
        if not bool((marked >= 10).any()):
            return loss
        return loss * value if place == "loss" else _BadGradient.apply(loss)  # type: ignore[no-untyped-call, no-any-return]

    return {"data": TensorDataset(inputs, targets + mark), "criterion": criterion}


PLACES = [("input", math.nan), ("input", math.inf), ("loss", math.nan), ("loss", -math.inf),
          ("gradient", math.inf)]  # fmt: skip


def all_finite(value: Any) -> bool:
    """Whether every tensor in a checkpoint is."""
    if isinstance(value, torch.Tensor):
        return bool(value.isfinite().all()) if value.is_floating_point() else True
    if isinstance(value, dict):
        return all(all_finite(below) for below in value.values())
    return all(all_finite(below) for below in value) if isinstance(value, (list, tuple)) else True


def assert_no_checkpoint_has_any(folder: Path) -> None:
    """No weight, buffer, average or optimizer tensor of any file is NaN or infinite."""
    for path in folder.glob("train/checkpoints/*.pth"):
        state = load(path)
        for key in ("model_state_dict", "optimizer_state_dict", "ema_state_dict", "epoch_start"):
            assert all_finite(state[key]), (path, key)


@pytest.mark.parametrize(("place", "value"), PLACES)
def test_stop_ends_at_the_step(tmp_path: Path, place: str, value: float) -> None:
    """The message names the step, and no tensor has taken harm."""
    model = network()
    with pytest.raises(Diverged, match=r"at step 3 \(epoch 1, batch 3\); the last checkpoint"):
        fit(tmp_path, options(), model=model, valid=False, **poisoned(place, value))
    assert all(bool(parameter.isfinite().all()) for parameter in model.parameters())
    assert_no_checkpoint_has_any(tmp_path)


@pytest.mark.parametrize(("place", "value"), PLACES)
def test_skip_is_a_run_without_those_updates(tmp_path: Path, place: str, value: float) -> None:
    """Weights and running statistics have the bits of a bare loop that leaves the batch out."""
    chosen = options(nan_policy=Skip(limit=3), ema=Averaging(decay=0.9))
    fit(tmp_path, chosen, valid=False, **poisoned(place, value))
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    inputs, targets = pairs().tensors
    for epoch in range(3):
        for batch in (0, 1, 3):
            torch.manual_seed(mix(42, 4 * epoch + batch) & (2**63 - 1))
            rows = slice(16 * batch, 16 * batch + 16)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs[rows]), targets[rows]).backward()
            optimizer.step()
    state = load(tmp_path / "train/checkpoints/last.pth")
    assert state["nan_counters"] == {"skipped": 3, "rolled_back": 0}
    for name, wanted in model.state_dict().items():
        assert torch.equal(state["model_state_dict"][name], wanted), name
    assert_no_checkpoint_has_any(tmp_path)
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "update.skipped"]
    assert [event.data["count"] for event in told] == [1, 2, 3]
    assert BAD_SAMPLE in told[0].data["samples"]


def test_a_skipped_update_is_in_no_mean(tmp_path: Path) -> None:
    """The recorded loss, gradient norm and activations are those of the updates made."""
    chosen = options(nan_policy=Skip(), record=Recording(grad_norms=True, activations=("0", "2")))
    _, history = fit(tmp_path, chosen, valid=False, **poisoned("input", math.nan))
    assert all(math.isfinite(value) for pairs in history.values() for _, value in pairs)


def test_skipping_has_a_limit(tmp_path: Path) -> None:
    """One more than it bears ends the run."""
    with pytest.raises(Diverged, match=r"epoch 3, batch 3"):
        fit(tmp_path, options(nan_policy=Skip(limit=2)), **poisoned("loss", math.nan))


def unstable(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """A steep loss, which a large rate makes explode within an epoch."""
    wanted = nn.functional.one_hot(targets, 2).float()
    return (logits - wanted).square().mean() * 1e12


ROLLS: dict[str, Any] = {
    "criterion": unstable,
    "make": lambda parameters: torch.optim.SGD(parameters, lr=1e-2),
    "valid": False,
}


def steep() -> nn.Module:
    """A linear model, the better to explode."""
    torch.manual_seed(3)
    return nn.Linear(8, 2)


def test_roll_back_goes_on_at_a_lower_rate(tmp_path: Path) -> None:
    """As often as it takes; from there it is a training that began at the lower rate."""
    policy = RollBack(limit=3, gamma=1e-5)
    _, history = fit(tmp_path / "a", options(nan_policy=policy), model=steep(), **ROLLS)
    state = load(tmp_path / "a/train/checkpoints/last.pth")
    times = state["nan_counters"]["rolled_back"]
    assert times >= 1
    low = {**ROLLS, "make": lambda p: torch.optim.SGD(p, lr=history["lr"][0][1])}
    fit(tmp_path / "b", options(), model=steep(), **low)
    plain = load(tmp_path / "b/train/checkpoints/last.pth")
    for name, value in plain["model_state_dict"].items():
        assert torch.equal(state["model_state_dict"][name], value), name
    assert_no_checkpoint_has_any(tmp_path / "a")
    told = [e for e in read_all(tmp_path / "a/events.jsonl") if e.kind == "training.rolled_back"]
    assert len(told) == times


def test_rolling_back_has_a_limit(tmp_path: Path) -> None:
    """Data that is bad at any rate ends the run after all."""
    with pytest.raises(Diverged, match="at step 3"):
        fit(tmp_path, options(nan_policy=RollBack(limit=2)), **poisoned("input", math.nan))
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "training.rolled_back"]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("policy", "scheduler"),
    [(Skip(limit=5), None), (RollBack(limit=3, gamma=1e-5), None),
     (RollBack(limit=3, gamma=1e-5), Cosine(final=0.5))],
)  # fmt: skip
def test_a_resume_changes_no_bit(tmp_path: Path, policy: NanPolicy, scheduler: Any) -> None:
    """The counters, the lowered rate and what is returned to are part of the checkpoint."""
    chosen = options(nan_policy=policy)

    def given() -> dict[str, Any]:
        rolls = {**ROLLS, "model": steep(), "scheduler": scheduler}
        return poisoned("input", math.inf) if isinstance(policy, Skip) else rolls

    fit(tmp_path / "whole", chosen, **given())
    attempts = 0
    while attempts < 50:
        try:
            fit(tmp_path / "cut", chosen, flag=StopAt(1 + attempts % 3), **given())
            break
        except Interrupted:
            attempts += 1
    assert attempts > 2
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


class Overflowing(nn.Module):
    """A running statistic that overflows while outputs and gradients stay finite."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        out: torch.Tensor = self.head(self.norm(x))
        return out


@pytest.mark.parametrize("policy", [Stop(), Skip(), RollBack()])
def test_a_running_statistic_that_overflows_is_never_saved(
    tmp_path: Path, policy: NanPolicy
) -> None:
    """The variance of 1e25 is infinite in fp32; the normalised value is zero and looks fine."""
    inputs, targets = pairs().tensors
    inputs = inputs.clone()
    inputs[BAD_SAMPLE, 0] = 1e25
    data = TensorDataset(inputs, targets)
    chosen = options(nan_policy=policy)
    model = Overflowing()
    if isinstance(policy, Skip):
        fit(tmp_path, chosen, data=data, model=model, valid=False)
    else:
        with pytest.raises(Diverged, match=r"running_var|running statistic"):
            fit(tmp_path, chosen, data=data, model=model, valid=False)
    assert_no_checkpoint_has_any(tmp_path)


def test_a_mask_of_infinities_is_no_fault(tmp_path: Path) -> None:
    """A buffer that is infinite from the start is meant to be."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 2)
            self.register_buffer("mask", torch.full((2,), -math.inf))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.head(x)
            return out

    _, history = fit(tmp_path, options(nan_policy=Skip()), model=Masked())
    assert len(history["train/loss"]) == 3


def test_a_device_that_is_not_waited_for_masks_the_update() -> None:
    """From the bad update on gradients count as zero, and its norm tells later which it was."""
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    engine = TorchEngine(model, optimizer, torch.device("cpu"), StepOptions(defers=True))
    inputs, targets = pairs(16).tensors

    def step(images: torch.Tensor) -> torch.Tensor:
        numbers = torch.arange(16).numpy()
        batch = Batch(images=images, targets=targets, samples=numbers, crops=numbers)
        engine.micro_step(
            batch, lambda logits, truth, roi: nn.functional.cross_entropy(logits, truth)
        )
        return engine.step().norm

    step(inputs)
    before = model.weight.detach().clone()
    assert not bool(step(inputs * math.nan).isfinite())
    assert torch.equal(model.weight, before)
    step(inputs)
    assert torch.equal(model.weight, before)


class Deferring(Trainer):
    """A trainer whose engine behaves as on a device that one would have to wait for."""

    def _new_engine(self, optimizer: torch.optim.Optimizer) -> TorchEngine:
        """The engine with masks in place of looks."""
        chosen = StepOptions.of(self.options, 1, self._horizon, self.device)
        return TorchEngine(self.model, optimizer, self.device, replace(chosen, defers=True))


@pytest.mark.parametrize(("place", "value"), PLACES)
def test_a_device_that_is_not_waited_for_tells_the_step_later(
    tmp_path: Path, place: str, value: float
) -> None:
    """The step is the one that was bad, and no file has anything of it."""
    given = poisoned(place, value)
    model = network()
    trainer = Deferring(tmp_path / "train", model, options=options(record=Recording()))
    criterion = given.get("criterion", nn.CrossEntropyLoss())
    loader = DataLoader(given["data"], batch_size=16)
    with pytest.raises(Diverged, match=r"not finite at step 3 \(epoch 1, batch 3\)"):
        trainer.train(loader, None, criterion, torch.optim.Adam(model.parameters(), lr=0.05))
    assert all(bool(parameter.isfinite().all()) for parameter in model.parameters())
    assert_no_checkpoint_has_any(tmp_path)


def test_a_resume_inside_the_epoch_tells_the_same_step(tmp_path: Path) -> None:
    """Updates are counted from the beginning of the epoch, not from where it was resumed."""
    data = poisoned("input", math.nan)["data"]
    for resumes in (False, True):
        model = network()
        trainer = Deferring(
            tmp_path / "train", model, resumes, options=options(),
            flag=None if resumes else StopAt(2),
        )  # fmt: skip
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        told = r"at step 3 \(epoch 1, batch 3\)" if resumes else ""
        with pytest.raises(Diverged if resumes else Interrupted, match=told):
            trainer.train(DataLoader(data, batch_size=16), None, nn.CrossEntropyLoss(), optimizer)
    assert load(tmp_path / "train/checkpoints/last.pth")["batch"] > 0


def test_a_loss_scale_that_cannot_help_ends_the_run(tmp_path: Path) -> None:
    """Gradients that are infinite at any scale do not train silently forever."""

    def endless(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return _BadGradient.apply(nn.functional.cross_entropy(logits, targets))  # type: ignore[no-untyped-call, no-any-return]

    with pytest.raises(Diverged, match=r"in fp16 at a loss scale of 0\.5"):
        fit(tmp_path, options(precision="fp16", epochs=10), criterion=endless)


class Running(nn.Module):
    """A running statistic that is not finite in the second step."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.num_steps = nn.Linear(8, 2), 0
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        if self.training:
            self.num_steps += 1
            self.get_buffer("mean").fill_(math.inf if self.num_steps == 2 else 1.0)
        logits: torch.Tensor = self.head(x)
        return logits


def test_fp16_goes_on_after_a_skipped_update(tmp_path: Path) -> None:
    """The refused update leaves the scaler ready for the next one."""
    chosen = options(precision="fp16", nan_policy=Skip(limit=3), epochs=1)
    trainer, _ = fit(tmp_path, chosen, model=Running())
    assert trainer.state.step == 4
    kinds = [event.kind for event in read_all(tmp_path / "events.jsonl")]
    assert kinds.count("update.skipped") == 1


def test_fp16_that_overflows_for_ever_restores_running_statistics(tmp_path: Path) -> None:
    """What the refused step did to a buffer is undone, as where an update is skipped."""
    model = network()
    choice = StepOptions(precision="fp16", nan_policy=Skip(limit=3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    engine = TorchEngine(model, optimizer, torch.device("cpu"), choice)
    engine._scaler = torch.amp.GradScaler("cpu", init_scale=1.0)
    mean = model.get_buffer("1.running_mean")
    inputs, targets = pairs().tensors
    before, places = mean.clone(), torch.arange(64).numpy()
    batch = Batch(images=inputs, targets=targets, samples=places, crops=places)
    engine.micro_step(
        batch,
        lambda logits, y, _: _BadGradient.apply(nn.functional.cross_entropy(logits, y)),  # type: ignore[no-untyped-call, no-any-return]
    )
    assert not torch.equal(mean, before)
    with pytest.raises(NonFinite, match="in fp16"):
        engine.step()
    assert torch.equal(mean, before)
