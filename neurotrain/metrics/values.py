"""Metrics of numbers: each is a function of the true and the predicted values of one target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

from neurotrain.component.base import Component
from neurotrain.metrics.base import ValueMetric


class MAE(Component, ValueMetric, tag="mae", frozen=True, kw_only=True):
    """The mean absolute difference of prediction and truth, in the target's units."""

    better: ClassVar[Literal["min", "max"]] = "min"

    def of_values(self, truth: Sequence[float], predicted: Sequence[float]) -> float:
        """The sum of the differences without rounding, over their number."""
        pairs = zip(truth, predicted, strict=True)
        return math.fsum(abs(value - true) for true, value in pairs) / len(truth)


class RMSE(Component, ValueMetric, tag="rmse", frozen=True, kw_only=True):
    """The root of the mean squared difference, in the target's units; large errors weigh more."""

    better: ClassVar[Literal["min", "max"]] = "min"

    def of_values(self, truth: Sequence[float], predicted: Sequence[float]) -> float:
        """The sum of the squares without rounding, over their number, and its root."""
        return math.sqrt(_squares(truth, predicted) / len(truth))


class R2(Component, ValueMetric, tag="r2", frozen=True, kw_only=True):
    """The share of the truth's variance that is explained; 1 is perfect, 0 as good as the mean.

    Undefined where all true values are equal, as for one sample. Draper and Smith, "Applied
    regression analysis", 1998.
    """

    def of_values(self, truth: Sequence[float], predicted: Sequence[float]) -> float:
        """One minus the squared differences over those from the true values' own mean."""
        if min(truth) == max(truth):
            return math.nan
        mean = math.fsum(truth) / len(truth)
        return 1 - _squares(truth, predicted) / math.fsum((true - mean) ** 2 for true in truth)


def _squares(truth: Sequence[float], predicted: Sequence[float]) -> float:
    pairs = zip(truth, predicted, strict=True)
    return math.fsum((value - true) ** 2 for true, value in pairs)
