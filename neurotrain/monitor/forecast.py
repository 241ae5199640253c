"""How long a run still takes, from what its epochs took, and how fast its steps are.

Pure and without a clock: the answer changes only when an event comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from statistics import median, quantiles
from typing import Final

from neurotrain.monitor.series import Series
from neurotrain.monitor.view import Position, Stage, View

_MIN_FOR_SPREAD: Final = 4
_MIN_STEPS: Final = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds left, and by how much they may be wrong where that is known."""

    seconds: float
    spread_s: float | None = None
    left_out: tuple[str, ...] = ()
    """Stages that are still to come and whose time nothing tells."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a step: the median of the latest, and what 19 of 20 stay below."""

    median_s: float
    p95_s: float


def run_left(view: View) -> Forecast | None:
    """Until the run's last stage is over, should nothing stop the training before; None unknown."""
    later = [stage for stage in view.stages if stage.state in ("waiting", "running")]
    num_trainers = sum(stage.trains for stage in later)
    trains = num_trainers > 0 or not view.stages
    training = trainings_left(view, num_trainers) if trains else Forecast(0.0)
    if training is None:
        return None
    seconds, left_out = training.seconds, list[str]()
    for stage in later:
        if stage.trains:
            continue
        took = stage_left(stage) if stage.state == "running" else _stage_time(stage, view)
        seconds += took or 0.0
        left_out += [stage.name] if took is None else []
    if not later or (not trains and len(left_out) == len(later)):
        return None
    return Forecast(seconds, training.spread_s, tuple(left_out))


def trainings_left(view: View, num: int) -> Forecast | None:
    """Until that many trainings are over, the first as far as it is; None without data."""
    now = training_left(view)
    if sum(stage.trains for stage in view.stages) < 2:
        return now
    whole = _whole_training(view)
    now = whole if now is None else now
    if whole is None or now is None:
        return None
    spreads = [now.spread_s, *[whole.spread_s] * (num - 1)]
    known = [spread for spread in spreads if spread is not None]
    return Forecast(now.seconds + (num - 1) * whole.seconds, sum(known) if known else None)


def _whole_training(view: View) -> Forecast | None:
    """A training from its first epoch to its last."""
    if view.facts.epochs is None:
        return None
    return time_until(replace(view, position=Position()), view.facts.epochs)


def training_left(view: View) -> Forecast | None:
    """Until the last epoch is over, should nothing stop it before; None without data."""
    return None if view.facts.epochs is None else time_until(view, view.facts.epochs)


def time_until(view: View, epochs: int) -> Forecast | None:
    """Until that many epochs are over; None without data, or where they are."""
    if not view.epoch_times or view.position.num_finished >= epochs:
        return None
    every, seconds, spread_s = view.facts.validate_every, 0.0, 0.0
    is_spread_known = True
    for first, last in _stretches(view, epochs):
        plain = _seconds(view, first, validated=False)
        validated = _seconds(view, first, validated=True)
        typical = median(validated or plain), median(plain or validated)
        num, num_validated = last - first + 1, last // every - (first - 1) // every
        seconds += num_validated * typical[0] + (num - num_validated) * typical[1]
        if first == view.position.num_finished + 1:
            seconds -= _epoch_fraction(view) * typical[0 if first % every == 0 else 1]
        spread = _spread(validated or plain, num)
        is_spread_known = is_spread_known and spread is not None
        spread_s += spread or 0.0
    return Forecast(max(0.0, seconds), spread_s if is_spread_known else None)


def _stretches(view: View, epochs: int) -> Iterator[tuple[int, int]]:
    """The first and the last of equally long epochs, from the next up to a last one."""
    first = view.position.num_finished + 1
    for phase in view.facts.phases:
        if first < phase.first <= epochs:
            yield first, phase.first - 1
            first = phase.first
    yield first, epochs


def stage_left(stage: Stage) -> float | None:
    """Seconds until a stage that reports its progress is over."""
    if stage.started_at is None or stage.progress_at is None or not stage.done or not stage.total:
        return None
    took = max(0.0, stage.progress_at - stage.started_at)
    return took / stage.done * max(0, stage.total - stage.done)


def epoch_left(view: View) -> float | None:
    """Seconds until the epoch that runs is over."""
    position = view.position
    every = view.facts.validate_every
    validated = position.epoch % every == 0
    known = _seconds(view, position.epoch, validated=validated)
    known = known or _seconds(view, position.epoch, validated=not validated)
    if not known or position.num_finished >= position.epoch:
        return None
    return median(known) * (1 - _epoch_fraction(view))


def step_pace(view: View) -> Pace | None:
    """How long the latest steps took, pauses such as validations aside; None with too few."""
    clock = view.by_step.get("time", Series()).recent
    took = [
        (after.last - before.last) / (after.last_step - before.last_step)
        for before, after in pairwise(clock)
        if after.last_step > before.last_step and after.last >= before.last
    ]
    if len(took) < _MIN_STEPS:
        return None
    typical = median(took)
    steady = [each for each in took if each <= 10 * typical] or took
    p95 = quantiles(steady, n=20)[-1] if len(steady) > 1 else typical
    return Pace(typical, max(typical, min(p95, max(steady))))


def _stage_time(stage: Stage, view: View) -> float | None:
    """A test takes what a validation takes for each sample; of others nothing is known."""
    sizes = dict(view.facts.num_samples)
    if stage.name == "cross_validator" and view.validation_s:
        return median(view.validation_s) * sum(each.trains for each in view.stages)
    if not stage.tests or not view.validation_s or not sizes.get("valid"):
        return None
    return median(view.validation_s) * sizes.get("test", 0) / sizes["valid"]


def _seconds(view: View, epoch: int, *, validated: bool) -> list[float]:
    """What epochs took; with a curriculum what they would have taken with this one's steps."""
    known = [took for took in view.epoch_times if took.validated == validated]
    wanted = view.facts.phase(epoch)
    if wanted is None:
        return [took.seconds for took in known]
    pause = median(view.validation_s) if validated and view.validation_s else 0.0
    return [
        min(pause, took.seconds)
        + max(0.0, took.seconds - pause) * wanted.steps_per_epoch / then.steps_per_epoch
        for took in known
        for then in [view.facts.phase(took.epoch) or wanted]
    ]


def _epoch_fraction(view: View) -> float:
    position = view.position
    if position.num_finished >= position.epoch or not position.batch or not position.num_batches:
        return 0.0
    return min(1.0, position.batch / position.num_batches)


def _spread(seconds: list[float], num_left: int) -> float | None:
    """Half the middle half of what the rest may take.

    The mean of the next epochs is as uncertain as the mean of the epochs so far, and their sum
    scatters besides; both shrink with the root of a number.
    """
    if len(seconds) < _MIN_FOR_SPREAD:
        return None
    low, _, high = quantiles(seconds, n=4)
    half = (high - low) / 2
    return half * sqrt(num_left + num_left**2 / len(seconds))
