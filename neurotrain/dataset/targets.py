"""The targets of a regression: columns of numbers, and the scale on which they are learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from neurotrain.component.base import Options, PositiveFloat
from neurotrain.dataset.base import SampleInfo, Survey

if TYPE_CHECKING:
    import torch


class Target(Options, frozen=True, kw_only=True):
    """A number that is learned as (number - mean) / deviation."""

    name: Annotated[str, Meta(description="Its column")]
    mean: Annotated[
        float, Meta(description="Mean of the training part; 0 where it is learned as it is")
    ] = 0.0
    deviation: Annotated[
        PositiveFloat,
        Meta(
            description="Standard deviation of the training part, with n in the denominator; 1 "
            "where it is learned as it is"
        ),
    ] = 1.0


def chosen(survey: Survey, wanted: tuple[str, ...]) -> Survey:
    """The survey with the values of these targets alone, in this order; all must be there.

    One that found no table stays as it is.
    """
    if not wanted or not survey.targets or survey.targets == wanted:
        return survey
    columns = [survey.targets.index(name) for name in wanted]
    samples = tuple(
        replace(sample, values=tuple(sample.values[column] for column in columns))
        for sample in survey.samples
    )
    return replace(survey, samples=samples, targets=wanted)


def learned_targets(
    names: tuple[str, ...], samples: Sequence[SampleInfo], *, standardize: bool
) -> tuple[Target, ...]:
    """The targets with mean and deviation of the training samples where they are standardised.

    Raises:
        ValueError: all samples have one value; the text is the target's name.
    """
    if not standardize:
        return tuple(Target(name=name) for name in names)
    return tuple(
        _standardized(name, [sample.values[column] for sample in samples])
        for column, name in enumerate(names)
    )


def standardized(values_BT: torch.Tensor, targets: tuple[Target, ...]) -> torch.Tensor:
    """Values in the units of the table as float32 on the scale on which they are learned."""
    mean, deviation = _scale(values_BT, targets)
    return ((values_BT.double() - mean) / deviation).float()


def in_units(outputs_BT: torch.Tensor, targets: tuple[Target, ...]) -> torch.Tensor:
    """A model's outputs in the units of the table, float64."""
    mean, deviation = _scale(outputs_BT, targets)
    return outputs_BT.double() * deviation + mean


def _scale(like: torch.Tensor, targets: tuple[Target, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    pairs = [(target.mean, target.deviation) for target in targets]
    mean, deviation = torch.tensor(pairs, dtype=torch.float64, device=like.device).unbind(1)
    return mean, deviation


def _standardized(name: str, values: list[float]) -> Target:
    mean = math.fsum(values) / len(values) if min(values) < max(values) else values[0]
    variance = math.fsum((value - mean) ** 2 for value in values) / len(values)
    if variance == 0:
        raise ValueError(name)
    return Target(name=name, mean=mean, deviation=math.sqrt(variance))
