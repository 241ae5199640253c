"""Learning-rate schedules as pure functions of the step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, Family, Fraction, Share
from neurotrain.component.durations import Duration, EpochDuration, StepDuration

Warmup = Annotated[
    StepDuration,
    Meta(description="Time over which the rate rises linearly to its peak: epochs or steps"),
]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How long a training is, in optimizer steps."""

    num_steps: int
    steps_per_epoch: int


class Scheduler(Family):
    """How the learning rate changes over the steps."""

    __slots__ = ()
    family: ClassVar[str] = "scheduler"
    needs_horizon: ClassVar[bool] = True
    """Whether the rate of a step depends on how long the training is."""
    warmup: str

    def factor(self, step: int, horizon: Horizon) -> float:
        """What the learning rate is multiplied with for the update after `step` updates."""
        warmup = Duration.parse(self.warmup).in_steps(horizon.steps_per_epoch)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return self.after_warmup(step - warmup, max(1, horizon.num_steps - warmup), horizon)

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
    final: Annotated[Share, Meta(description="The rate at the end as a share of the peak")] = 0.0

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """The cosine at this step, updated at every step."""
        position = min(step, num_steps) / num_steps
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * position))


class Step(Component, Scheduler, tag="step", frozen=True, kw_only=True):
    """The learning rate is multiplied by a factor every so many epochs."""

    needs_horizon: ClassVar[bool] = False
    warmup: Warmup = "0 epochs"
    every: Annotated[
        EpochDuration, Meta(description="Time between two reductions, such as 30 epochs")
    ]
    gamma: Annotated[Fraction, Meta(description="What the rate is multiplied with")] = 0.1

    def after_warmup(self, step: int, num_steps: int, horizon: Horizon) -> float:
        """One reduction for every full period; periods start after the warm-up."""
        return float(
            self.gamma ** (step // (Duration.parse(self.every).in_steps(horizon.steps_per_epoch)))
        )
