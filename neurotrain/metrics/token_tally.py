"""What a pass over text leaves for its metrics: a row of sums for each sample.

Rows of parts of a pass are joined, and added without rounding, so that neither the order nor the
number of processes changes a bit of a value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from neurotrain.metrics.base import TokenCounts, TokenMetric

if TYPE_CHECKING:
    import torch


class TokenTally:
    """Gathers the samples of a pass over text."""

    def __init__(self) -> None:
        self._rows: list[torch.Tensor] = []

    def add(self, logits_BVT: torch.Tensor, targets_BT: torch.Tensor) -> None:
        """Take in a batch; what is on a device is read when asked."""
        import torch
        from torch.nn.functional import cross_entropy

        terms_BT = cross_entropy(logits_BVT.float(), targets_BT, reduction="none")
        right_BT = logits_BVT.argmax(1) == targets_BT
        num_B = torch.full((len(targets_BT),), targets_BT.shape[1], device=targets_BT.device)
        sums = (terms_BT.double().sum(1), right_BT.sum(1).double(), num_B.double())
        self._rows.append(torch.stack(sums, dim=1))

    def state(self) -> torch.Tensor:
        """A row a sample, float64 (N, 3) on the CPU: cross-entropy, right ones, tokens."""
        import torch

        rows = [row.cpu() for row in self._rows]
        return torch.cat([torch.zeros(0, 3, dtype=torch.float64), *rows])


def value_of(metric: TokenMetric, rows_N3: torch.Tensor) -> float:
    """The value over rows of tallies; NaN where there is none, or no finite likelihood."""
    columns = rows_N3.T.tolist()
    if not columns[0] or not all(map(math.isfinite, columns[0])):
        return math.nan
    entropy, right, tokens = (math.fsum(column) for column in columns)
    counts = TokenCounts(cross_entropy=entropy, num_right=int(right), num_tokens=int(tokens))
    return metric.of_counts(counts)
