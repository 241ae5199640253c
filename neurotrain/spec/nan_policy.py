"""What a training does about a loss or a gradient that is not finite."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import Meta

from neurotrain.component.base import Component, Family, Fraction, Positive


class NanPolicy(Family):
    """What is done about an update whose loss or gradient is not finite."""

    __slots__ = ()
    family: ClassVar[str] = "nan_policy"
    waits: ClassVar[bool] = True
    """Whether every update waits for the device to say that it is finite."""


class Stop(Component, NanPolicy, tag="stop", frozen=True, kw_only=True):
    """End the run with exit code 3; nothing is waited for, and no weight takes harm."""

    waits: ClassVar[bool] = False


class Skip(Component, NanPolicy, tag="skip", frozen=True, kw_only=True):
    """Leave the update out, and what its batches did to running statistics."""

    limit: Annotated[
        Positive, Meta(description="Updates that may be left out in the whole training")
    ] = 10


class RollBack(Component, NanPolicy, tag="roll_back", frozen=True, kw_only=True):
    """Go back to the beginning of the epoch and go on from there at a lower learning rate."""

    limit: Annotated[
        Positive, Meta(description="How often that may be done in the whole training")
    ] = 3
    gamma: Annotated[Fraction, Meta(description="What each multiplies the learning rate with")] = (
        0.5
    )


BUILT_IN: Final = (Stop, Skip, RollBack)
