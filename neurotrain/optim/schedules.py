"""Learning-rate schedules as pure functions of the step.

`plateau` alone also depends on a recorded value; what it remembers is kept by the engine.
"""

from __future__ import annotations

import fractions
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from neurotrain.component.base import (
    Component,
    Family,
    Fraction,
    NonNegative,
    Positive,
    PositiveFloat,
    Share,
)
from neurotrain.component.durations import (
    Duration,
    EpochDuration,
    PositiveDuration,
    StepDuration,
)

_NEVER: Final = sys.maxsize

FinalShare = Annotated[Share, Meta(description="The rate at the end as a share of the peak")]
Warmup = Annotated[
    StepDuration,
    Meta(description="Time over which the rate rises linearly to its peak: epochs or steps"),
]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How long a training is, in optimizer steps."""

    num_steps: int
    steps_per_epoch: int
    """Those of the first epoch."""
    stretches: tuple[tuple[int, int], ...] = ()
    """Where epochs differ in length: the epochs before each stretch, and the steps of an epoch in
    it; the first begins at 0."""

    @classmethod
    def of(cls, stretches: Sequence[tuple[int, int]], num_epochs: int) -> Horizon:
        """The horizon of so many epochs, in stretches of equal ones."""
        open_ended = cls(0, stretches[0][1], tuple(stretches) if len(stretches) > 1 else ())
        return replace(open_ended, num_steps=open_ended.steps_after(num_epochs))

    def steps_after(self, num_epochs: int) -> int:
        """The steps of the first epochs of the training."""
        return sum(
            max(0, min(end, num_epochs) - first) * steps for first, end, steps in self._stretches()
        )

    def steps_of(self, duration: str) -> int:
        """A duration from the beginning of the training, such as `2 epochs`, in steps."""
        parsed = Duration.parse(duration)
        return self.steps_after(parsed.count) if parsed.unit == "epoch" else parsed.count

    def epochs_between(self, start: int, stop: int) -> fractions.Fraction:
        """The epochs from one step to another, whole and in part."""
        return self._epochs_after(stop) - self._epochs_after(start)

    def _epochs_after(self, step: int) -> fractions.Fraction:
        for first, end, steps in self._stretches():
            if step < (end - first) * steps:
                return first + fractions.Fraction(step, steps)
            step -= (end - first) * steps
        raise AssertionError("the last stretch has no end")

    def _stretches(self) -> Iterator[tuple[int, int, int]]:
        """Epochs before it, epochs before the next, steps of an epoch in it."""
        stretches = self.stretches or ((0, self.steps_per_epoch),)
        for (first, steps), (end, _) in pairwise((*stretches, (_NEVER, 0))):
            yield first, end, steps


class Scheduler(Family):
    """How the learning rate changes over the steps."""

    __slots__ = ()
    family: ClassVar[str] = "scheduler"
    needs_horizon: ClassVar[bool] = True
    """Whether the rate of a step depends on how long the training is."""
    warmup: str

    def factor(self, step: int, horizon: Horizon) -> float:
        """What the learning rate is multiplied with for the update after `step` updates."""
        warmup = horizon.steps_of(self.warmup)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return self.after_warmup(step - warmup, max(1, horizon.num_steps - warmup), horizon)

    def times(self) -> tuple[tuple[str, str], ...]:
        """The durations after which something happens for the first time, with their keys."""
        return ()

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The factor `step` updates after the warm-up, of `num_steps` that remain then."""
        raise AssertionError(f"{type(self).__name__} has no factor")


class Constant(Component, Scheduler, tag="constant", frozen=True, kw_only=True):
    """The learning rate stays at its peak."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """Always one."""
        return 1.0


class Cosine(Component, Scheduler, tag="cosine", frozen=True, kw_only=True):
    """Half a cosine from the peak down to a share of it. Loshchilov and Hutter, ICLR 2017."""

    warmup: Warmup = "0 epochs"
    final: FinalShare = 0.0

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The cosine at this step, updated at every step."""
        return _cosine(1.0, self.final, min(step, num_steps) / num_steps)


class Step(Component, Scheduler, tag="step", frozen=True, kw_only=True):
    """The learning rate is multiplied by a factor every so many epochs."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"
    every: Annotated[
        EpochDuration, Meta(description="Time between two reductions, such as 30 epochs")
    ]
    gamma: Annotated[Fraction, Meta(description="What the rate is multiplied with")] = 0.1

    def times(self) -> tuple[tuple[str, str], ...]:
        """The first reduction."""
        return (("every", self.every),)

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """One reduction for every full period; periods start after the warm-up."""
        done = _epochs_after_warmup(self, step, horizon)
        return float(self.gamma ** (done // Duration.parse(self.every).count))


class MultiStep(Component, Scheduler, tag="multistep", frozen=True, kw_only=True):
    """The learning rate is multiplied by a factor at certain times of the training."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"
    milestones: Annotated[
        tuple[PositiveDuration, ...],
        Meta(description="The times, from the beginning of the training", min_length=1),
    ]
    gamma: Annotated[Fraction, Meta(description="What the rate is multiplied with")] = 0.1

    def times(self) -> tuple[tuple[str, str], ...]:
        """Every milestone."""
        return tuple(("milestones", text) for text in self.milestones)

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """One reduction for every milestone that is reached."""
        done = step + horizon.steps_of(self.warmup)
        times = [horizon.steps_of(milestone) for milestone in self.milestones]
        return float(self.gamma ** sum(done >= time for time in times))


class Exponential(Component, Scheduler, tag="exponential", frozen=True, kw_only=True):
    """The learning rate falls by the same factor in every epoch, a little at every step."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"
    gamma: Annotated[Fraction, Meta(description="What an epoch multiplies the rate with")]

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The factor to the power of the epochs done."""
        return float(self.gamma ** float(_epochs_after_warmup(self, step, horizon)))


class Polynomial(Component, Scheduler, tag="polynomial", frozen=True, kw_only=True):
    """The rate falls as a power of the steps that are left."""

    warmup: Warmup = "0 epochs"
    power: Annotated[PositiveFloat, Meta(description="The power; 0.9 is usual in segmentation")] = (
        0.9
    )
    final: FinalShare = 0.0

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The power of the share of steps that are left."""
        left = 1 - min(step, num_steps) / num_steps
        return float(self.final + (1 - self.final) * left**self.power)


class Linear(Component, Scheduler, tag="linear", frozen=True, kw_only=True):
    """The rate falls in a straight line to a share of the peak."""

    warmup: Warmup = "0 epochs"
    final: FinalShare = 0.0

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The line at this step."""
        return 1 + (self.final - 1) * min(step, num_steps) / num_steps


class OneCycle(Component, Scheduler, tag="one_cycle", frozen=True, kw_only=True):
    """The rate rises to the peak and falls far below its start; momentum stays.

    Smith and Topin, "Super-convergence", 2018.
    """

    warmup: Warmup = "0 epochs"
    rising: Annotated[Fraction, Meta(description="Share of the training in which it rises")] = 0.3
    start: Annotated[Fraction, Meta(description="The first rate as a share of the peak")] = 0.04
    final: Annotated[Share, Meta(description="The last rate as a share of the peak")] = 4e-6
    shape: Annotated[
        Literal["cosine", "linear"], Meta(description="How it moves between the three rates")
    ] = "cosine"

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The rate between start and peak, or peak and end."""
        top, end = self.rising * num_steps - 1, num_steps - 1
        move = _cosine if self.shape == "cosine" else _line
        if step <= top and top > 0:
            return move(self.start, 1.0, step / top)
        return move(1.0, self.final, min(1.0, (step - top) / (end - top)))


class CosineRestarts(Component, Scheduler, tag="cosine_restarts", frozen=True, kw_only=True):
    """Half a cosine that starts again and again at the peak. Loshchilov and Hutter, ICLR 2017."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"
    period: Annotated[PositiveDuration, Meta(description="Length of the first half cosine")]
    stretch: Annotated[
        Positive, Meta(description="How many times longer each is than the one before")
    ] = 1
    final: Annotated[Share, Meta(description="The lowest rate as a share of the peak")] = 0.0

    def times(self) -> tuple[tuple[str, str], ...]:
        """The first restart."""
        return (("period", self.period),)

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The cosine of the running period."""
        period = Duration.parse(self.period)
        done, length = fractions.Fraction(step), period.count
        if period.unit == "epoch":
            done = _epochs_after_warmup(self, step, horizon)
        if self.stretch == 1:
            done %= length
        else:
            while done >= length:
                done, length = done - length, length * self.stretch
        return _cosine(1.0, self.final, float(done / length))


class Plateau(Component, Scheduler, tag="plateau", frozen=True, kw_only=True):
    """The rate is multiplied by a factor when a recorded value no longer improves."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"
    monitor: (
        Annotated[
            str, Meta(description="The recorded value; by default the one that chooses the best")
        ]
        | None
    ) = None
    gamma: Annotated[Fraction, Meta(description="What the rate is multiplied with")] = 0.1
    patience: Annotated[
        int, Meta(description="Values without improvement that are borne", ge=0, le=10_000)
    ] = 10
    threshold: Annotated[
        NonNegative, Meta(description="Smallest improvement, as a share of the best value")
    ] = 1e-4
    cooldown: Annotated[
        int, Meta(description="Values after a reduction that are not counted", ge=0, le=10_000)
    ] = 0
    final: Annotated[Share, Meta(description="The lowest rate as a share of the peak")] = 0.0

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """One: the reductions are the engine's."""
        return 1.0


def _epochs_after_warmup(scheduler: Scheduler, step: int, horizon: Horizon) -> fractions.Fraction:
    """The epochs from the end of the warm-up to `step` updates after it."""
    warmup = horizon.steps_of(scheduler.warmup)
    return horizon.epochs_between(warmup, warmup + step)


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


def _line(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
