"""What a pass over the data of a regression leaves for its metrics: all values.

They are a few numbers a sample. Parts of a pass are merged by joining them, and sums are without
rounding, so neither the order of the parts nor their number changes a bit of a value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurotrain.metrics.base import ValueMetric, mean_of_defined

if TYPE_CHECKING:
    import torch


class ValueTally:
    """Gathers the values of `num_targets` targets."""

    def __init__(self, num_targets: int) -> None:
        self.num_targets = num_targets
        self._truth: list[torch.Tensor] = []
        self._predicted: list[torch.Tensor] = []

    def add(self, predicted_BT: torch.Tensor, truth_BT: torch.Tensor) -> None:
        """Take in a batch in the units of the targets; what is on a device is read when asked."""
        self._predicted.append(predicted_BT.double())
        self._truth.append(truth_BT.double())

    def state(self) -> dict[str, torch.Tensor]:
        """All values, float64 (N, T) on the CPU: `merge` takes them in, from any process."""
        import torch

        nothing = torch.zeros(0, self.num_targets, dtype=torch.float64)
        parts = {"predicted": self._predicted, "truth": self._truth}
        return {name: torch.cat([nothing, *(x.cpu() for x in xs)]) for name, xs in parts.items()}

    def merge(self, state: Mapping[str, torch.Tensor]) -> None:
        """Join what another tally of the same targets has gathered."""
        self.add(state["predicted"], state["truth"])

    def per_target(self, metric: ValueMetric) -> torch.Tensor:
        """A float64 value a target, NaN where it is not defined."""
        import torch

        state = self.state()
        columns = zip(state["truth"].T.tolist(), state["predicted"].T.tolist(), strict=True)
        values = [
            metric.of_values(truth, predicted) if truth and _finite(predicted) else math.nan
            for truth, predicted in columns
        ]
        return torch.tensor(values, dtype=torch.float64)

    def overall(self, metric: ValueMetric) -> float:
        """The mean over the targets for which it is defined."""
        return mean_of_defined(self.per_target(metric))


def _finite(values: list[float]) -> bool:
    return all(map(math.isfinite, values))
