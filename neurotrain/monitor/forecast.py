"""How long a run still takes, from what its epochs took.

Pure and without a clock: the answer changes only when an event comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from neurotrain.monitor.view import Stage, View

_MIN_FOR_SPREAD: Final = 4


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds left, and by how much they may be wrong where that is known."""

    seconds: float
    spread_s: float | None = None


def training_left(view: View) -> Forecast | None:
    """Until the last epoch is over, should nothing stop it before; None without data."""
    return None if view.facts.epochs is None else time_until(view, view.facts.epochs)


def time_until(view: View, epochs: int) -> Forecast | None:
    """Until that many epochs are over; None without data, or where they are."""
    if not view.epoch_times or view.position.num_finished >= epochs:
        return None
    every = view.facts.validate_every
    left = range(view.position.num_finished + 1, epochs + 1)
    num_validated = sum(1 for epoch in left if epoch % every == 0) if len(left) < 10**6 else 0
    plain, validated = _seconds(view, validated=False), _seconds(view, validated=True)
    typical = median(validated or plain), median(plain or validated)
    whole = num_validated * typical[0] + (len(left) - num_validated) * typical[1]
    done = _epoch_fraction(view) * typical[0 if left[0] % every == 0 else 1]
    return Forecast(max(0.0, whole - done), _spread(validated or plain, len(left)))


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
    known = _seconds(view, validated=validated) or _seconds(view, validated=not validated)
    if not known or position.num_finished >= position.epoch:
        return None
    return median(known) * (1 - _epoch_fraction(view))


def _seconds(view: View, *, validated: bool) -> list[float]:
    return [took.seconds for took in view.epoch_times if took.validated == validated]


def _epoch_fraction(view: View) -> float:
    position = view.position
    if position.num_finished >= position.epoch or not position.batch or not position.num_batches:
        return 0.0
    return min(1.0, position.batch / position.num_batches)


def _spread(seconds: list[float], num_left: int) -> float | None:
    if len(seconds) < _MIN_FOR_SPREAD:
        return None
    low, _, high = quantiles(seconds, n=4)
    return (high - low) / 2 * num_left
