"""Schedules against torch's own, and as pure functions of the step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim import lr_scheduler

from neurotrain.engine.schedule import PlateauState, StepSchedule
from neurotrain.optim.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    Horizon,
    Linear,
    MultiStep,
    OneCycle,
    Plateau,
    Polynomial,
    Scheduler,
    Step,
)

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


ALL: list[tuple[str, Scheduler, Torch]] = [
    (
        "multistep",
        MultiStep(milestones=("2 epochs", "30 steps", "5 epochs"), gamma=0.5),
        lambda o: lr_scheduler.MultiStepLR(o, [14, 30, 35], 0.5),
    ),
    (
        "exponential",
        Exponential(gamma=0.8),
        lambda o: lr_scheduler.ExponentialLR(o, 0.8 ** (1 / STEPS_PER_EPOCH)),
    ),
    (
        "polynomial",
        Polynomial(power=0.9),
        lambda o: lr_scheduler.PolynomialLR(o, NUM_STEPS, 0.9),
    ),
    (
        "polynomial of another power",
        Polynomial(power=2.0),
        lambda o: lr_scheduler.PolynomialLR(o, NUM_STEPS, 2.0),
    ),
    ("linear", Linear(final=0.1), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.1, NUM_STEPS)),
    (
        "one_cycle",
        OneCycle(),
        lambda o: lr_scheduler.OneCycleLR(o, PEAK, NUM_STEPS, cycle_momentum=False),
    ),
    (
        "one_cycle in lines",
        OneCycle(rising=0.4, start=0.1, final=0.01, shape="linear"),
        lambda o: lr_scheduler.OneCycleLR(
            o, PEAK, NUM_STEPS, pct_start=0.4, div_factor=10, final_div_factor=10,
            anneal_strategy="linear", cycle_momentum=False,
        ),
    ),
    (
        "cosine_restarts",
        CosineRestarts(period="2 epochs", final=0.1),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 14, 1, PEAK * 0.1),
    ),
    (
        "cosine_restarts that stretch",
        CosineRestarts(period="9 steps", stretch=2),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 9, 2),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("scheduler", "make"), [row[1:] for row in ALL], ids=[r[0] for r in ALL])
def test_every_rate_is_torchs(scheduler: Scheduler, make: Torch) -> None:
    """Step by step over the whole training."""
    assert ours(scheduler) == pytest.approx(torchs(make), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("scheduler", [row[1] for row in ALL], ids=[r[0] for r in ALL])
def test_a_warmup_comes_before_every_schedule(scheduler: Scheduler) -> None:
    """The rate rises to where the schedule begins, which then goes its way."""
    warm = type(scheduler)(**{f: getattr(scheduler, f) for f in scheduler.__struct_fields__}
                           | {"warmup": "6 steps"})  # type: ignore[attr-defined]  # fmt: skip
    rates = ours(warm)
    assert rates[:6] == pytest.approx([PEAK * (step + 1) / 7 for step in range(6)])
    if not isinstance(scheduler, MultiStep):
        first = PEAK * scheduler.after_warmup(0, NUM_STEPS - 6, HORIZON)
        assert rates[6] == pytest.approx(first)


VALUES = [0.9, 0.8, 0.81, 0.82, float("nan"), 0.79, 0.7, 0.7, 0.7, 0.7, 0.9, 0.9, 0.9, 0.1, 0.2,
          float("inf"), 0.2, 0.3, 0.4, 0.5, 0.6]  # fmt: skip


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(
    "options",
    [
        Plateau(patience=1, gamma=0.5),
        Plateau(patience=0, gamma=0.5, final=0.1),
        Plateau(patience=2, gamma=0.1, threshold=0.05, cooldown=2),
    ],
)
def test_plateau_is_torchs(options: Plateau, mode: str) -> None:
    """The rate after every recorded value, also when a resume comes between any two."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK)
    theirs = lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, factor=options.gamma, patience=options.patience,
        threshold=options.threshold, cooldown=options.cooldown, min_lr=PEAK * options.final, eps=0,
    )  # fmt: skip
    own = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK)
    schedule = StepSchedule(own, options, HORIZON, monitor="valid/x", mode=mode)  # type: ignore[arg-type]
    for value in VALUES:
        theirs.step(value)
        schedule.after_epoch({"valid/x": value})
        schedule.before_step(3)
        assert own.param_groups[0]["lr"] == pytest.approx(optimizer.param_groups[0]["lr"])
        saved, schedule = schedule.state_dict(), StepSchedule(
            torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK), options, HORIZON,
            monitor="valid/x", mode=mode,  # type: ignore[arg-type]
        )  # fmt: skip
        schedule.load_state_dict(saved)
        own = schedule._optimizer


def test_an_epoch_without_the_value_leaves_a_plateau_alone() -> None:
    """Validation may come every second epoch."""
    state = PlateauState()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK)
    schedule = StepSchedule(optimizer, Plateau(patience=0), HORIZON)
    schedule.after_epoch({"train/loss": 1.0})
    assert PlateauState(**schedule.state_dict()["plateau"]) == state


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


UNEVEN = Horizon.of([(0, 4), (3, 10), (5, 7)], num_epochs=10)
"""Three epochs of 4 steps, two of 10, five of 7."""


def test_epochs_of_several_lengths_sum_up() -> None:
    """The steps of a training, and of any of its first epochs, are those of an addition by hand."""
    lengths = [4] * 3 + [10] * 2 + [7] * 5
    assert UNEVEN.num_steps == sum(lengths)
    assert [UNEVEN.steps_after(n) for n in range(11)] == [sum(lengths[:n]) for n in range(11)]
    assert UNEVEN.steps_of("4 epochs") == 22
    assert UNEVEN.steps_of("9 steps") == 9
    assert UNEVEN.epochs_between(0, 27) == 4.5
    assert Horizon.of([(0, 7)], 10) == HORIZON


@pytest.mark.parametrize(
    ("scheduler", "changes"),
    [
        (Step(every="2 epochs", gamma=0.5), [8, 22, 39, 53]),
        (Step(every="3 epochs", gamma=0.5, warmup="1 epoch"), [22, 46]),
        (MultiStep(milestones=("4 epochs", "6 epochs"), gamma=0.5), [22, 39]),
        (CosineRestarts(period="3 epochs"), [12, 39, 60]),
    ],
)
def test_times_in_epochs_are_ends_of_uneven_epochs(
    scheduler: Scheduler, changes: list[int]
) -> None:
    """What happens after so many epochs happens at the first step of the next one."""
    warmup = UNEVEN.steps_of(scheduler.warmup)
    rates = [scheduler.factor(step, UNEVEN) for step in range(warmup, UNEVEN.num_steps)]
    jumps = [rates[i] / rates[i - 1] for i in range(1, len(rates))]
    if isinstance(scheduler, CosineRestarts):
        found = [i + 1 + warmup for i, jump in enumerate(jumps) if jump > 1]
    else:
        found = [i + 1 + warmup for i, jump in enumerate(jumps) if jump == 0.5]
    assert found == changes


def test_an_uneven_epoch_multiplies_an_exponential_rate_once() -> None:
    """Each epoch, however long, multiplies the rate by gamma."""
    rates = [Exponential(gamma=0.8).factor(UNEVEN.steps_after(n), UNEVEN) for n in range(10)]
    assert rates == pytest.approx([0.8**n for n in range(10)])


def test_a_cosine_over_uneven_epochs_ends_with_the_last_step() -> None:
    """The horizon is the sum of all epochs, and a warm-up of epochs that of the first ones."""
    cosine = Cosine(warmup="4 epochs")
    factors = [cosine.factor(step, UNEVEN) for step in range(UNEVEN.num_steps + 1)]
    assert factors.index(1.0) == 22
    assert factors[-1] == 0
    assert min(factors[:-1]) > 0
