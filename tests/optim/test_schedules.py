"""Schedules against torch's own, and as pure functions of the step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim import lr_scheduler

from neurotrain.optim.schedules import Constant, Cosine, Horizon, Scheduler, Step

STEPS_PER_EPOCH = 7
NUM_STEPS = 10 * STEPS_PER_EPOCH
HORIZON = Horizon(num_steps=NUM_STEPS, steps_per_epoch=STEPS_PER_EPOCH)
PEAK = 0.3
Torch = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def ours(scheduler: Scheduler, num: int = NUM_STEPS) -> list[float]:
    """The rate of every update."""
    return [PEAK * scheduler.factor(step, HORIZON) for step in range(num)]


def torchs(make: Torch, num: int = NUM_STEPS) -> list[float]:
    """The rate of every update with a torch scheduler that is stepped after each."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK)
    scheduler, rates = make(optimizer), []
    for _ in range(num):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("final", [0.0, 0.1, 1.0])
def test_cosine_is_torchs(final: float) -> None:
    """The rate is that of CosineAnnealingLR down to the final share."""
    expected = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, NUM_STEPS, PEAK * final))
    assert ours(Cosine(final=final)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("every", [1, 3])
def test_step_is_torchs(every: int) -> None:
    """The rate is that of StepLR with whole epochs."""
    expected = torchs(lambda o: lr_scheduler.StepLR(o, every * STEPS_PER_EPOCH, 0.5))
    unit = "epoch" if every == 1 else "epochs"
    assert ours(Step(every=f"{every} {unit}", gamma=0.5)) == pytest.approx(expected)


def test_constant_is_torchs() -> None:
    """The rate stays."""
    assert ours(Constant()) == pytest.approx(torchs(lambda o: lr_scheduler.ConstantLR(o, 1)))


@pytest.mark.parametrize(("warmup", "num"), [("2 epochs", 14), ("1 epoch", 7), ("5 steps", 5)])
def test_warmup_is_linear(warmup: str, num: int) -> None:
    """The rate rises as LinearLR's, from the first of equal steps to the peak."""
    expected = torchs(
        lambda o: lr_scheduler.LinearLR(o, start_factor=1 / (num + 1), total_iters=num)
    )
    assert ours(Constant(warmup=warmup)) == pytest.approx(expected)


@pytest.mark.parametrize("num", [1, 5, 14])
def test_warmup_then_cosine_is_torchs_sequence(num: int) -> None:
    """After the warm-up the cosine runs over the steps that remain."""

    def make(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        rising = lr_scheduler.LinearLR(optimizer, 1 / (num + 1), total_iters=num)
        falling = lr_scheduler.CosineAnnealingLR(optimizer, NUM_STEPS - num)
        return lr_scheduler.SequentialLR(optimizer, [rising, falling], [num])

    assert ours(Cosine(warmup=f"{num} steps")) == pytest.approx(torchs(make), abs=1e-9)


@pytest.mark.parametrize(
    "scheduler", [Constant(warmup="3 steps"), Cosine(warmup="1 epoch"), Step(every="2 epochs")]
)
def test_a_factor_is_a_share_of_the_peak(scheduler: Scheduler) -> None:
    """No step has a rate of zero or above the peak, and the peak is reached."""
    factors = [scheduler.factor(step, HORIZON) for step in range(NUM_STEPS)]
    assert min(factors) > 0
    assert max(factors) == 1


def test_beyond_the_end_the_cosine_stays_down() -> None:
    """Steps past the horizon keep the final rate instead of rising again."""
    tail = [Cosine(final=0.2).factor(NUM_STEPS + extra, HORIZON) for extra in range(50)]
    assert tail == pytest.approx([0.2] * 50)


def test_a_warmup_longer_than_the_training_only_rises() -> None:
    """Such a training never reaches the peak, and no step fails."""
    factors = [Cosine(warmup="20 epochs").factor(step, HORIZON) for step in range(NUM_STEPS)]
    assert factors == sorted(factors)
    assert factors[-1] < 1


def test_a_warmup_of_nothing_is_none() -> None:
    """Zero epochs and zero steps start at the peak."""
    assert [Constant(warmup=text).factor(0, HORIZON) for text in ("0 epochs", "0 steps")] == [1, 1]
