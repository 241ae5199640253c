"""What a pass over data leaves for its metrics: counts, scores and each sample's own values.

Only what the metrics read is gathered, each thing once. Parts of a pass are merged by adding counts
and joining rows; sums over samples are exact, so the order in which parts come, and on how many
processes they were, does not change a bit of a value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurotrain.metrics.base import (
    CurveMetric,
    MapMetric,
    MatrixMetric,
    Metric,
    mean_of_defined,
)

if TYPE_CHECKING:
    import torch

    from neurotrain.metrics.curve import Curve


class Tally:
    """Gathers samples of a segmentation (`is_map`) or a classification of `num_classes`."""

    def __init__(self, metrics: tuple[Metric, ...], num_classes: int, *, is_map: bool) -> None:
        import torch

        self.num_classes, self.is_map = num_classes, is_map
        self.counts = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        """The confusion matrix, rows truth, on the device of what was added."""
        self._metrics = metrics
        self._ranks = any(isinstance(metric, CurveMetric) for metric in metrics)
        self._of_maps = tuple(metric for metric in metrics if isinstance(metric, MapMetric))
        self._histogram: torch.Tensor | None = None
        self._scores: list[torch.Tensor] = []
        self._truth: list[torch.Tensor] = []
        self._rows: list[torch.Tensor] = []

    def add(
        self,
        labels: torch.Tensor,
        probabilities: torch.Tensor | None,
        targets: torch.Tensor,
        roi: torch.Tensor | None = None,
    ) -> None:
        """Take in a batch: int64 (B, ...), float (B, K, ...), int64 (B, ...) and bool (B, ...).

        Probabilities may be missing where no metric ranks them.
        """
        from neurotrain.metrics.functional import count

        counts = count(labels, targets, self.num_classes, roi)
        self.counts = self.counts.to(counts.device) + counts
        if self._ranks:
            assert probabilities is not None
            if self.is_map:
                self._add_histogram(probabilities, targets, roi)
            else:
                self._scores.append(probabilities.float().cpu())
                self._truth.append(targets.cpu())
        if self._of_maps:
            parts = (labels, targets) if roi is None else (labels, targets, roi)
            self._rows += [self._row(*rows) for rows in zip(*parts, strict=True)]

    def state(self) -> dict[str, torch.Tensor]:
        """All that was gathered, on the CPU: `merge` takes it in, from any process."""
        import torch

        found = {"counts": self.counts.cpu()}
        if self._histogram is not None:
            found["histogram"] = self._histogram.cpu()
        if self._scores:
            found |= {"scores": torch.cat(self._scores), "truth": torch.cat(self._truth)}
        if self._rows:
            found["rows"] = torch.stack(self._rows)
        return found

    def merge(self, state: Mapping[str, torch.Tensor]) -> None:
        """Add what another tally of the same metrics and classes has gathered."""
        self.counts = self.counts + state["counts"].to(self.counts.device)
        if "histogram" in state:
            own = self._histogram
            other = state["histogram"]
            self._histogram = other.clone() if own is None else own + other.to(own.device)
        if "scores" in state:
            self._scores.append(state["scores"])
            self._truth.append(state["truth"])
        self._rows += list(state.get("rows", ()))

    def per_class(self, metric: Metric) -> torch.Tensor:
        """A float64 value a class, NaN where it is not defined."""
        import torch

        if isinstance(metric, MatrixMetric):
            return metric.per_class(self.counts.cpu())
        if isinstance(metric, CurveMetric):
            curves = [self._curve(label) for label in range(self.num_classes)]
            values = [math.nan if curve is None else metric.of_curve(curve) for curve in curves]
        else:
            assert isinstance(metric, MapMetric)
            column = self._of_maps.index(metric)
            rows = [row[column].tolist() for row in self._rows]
            each = range(self.num_classes)
            values = [_exact_mean([row[label] for row in rows]) for label in each]
        return torch.tensor(values, dtype=torch.float64)

    def overall(self, metric: Metric) -> float:
        """The value of all classes; the background of a segmentation is left out by most."""
        if isinstance(metric, MatrixMetric):
            return metric.overall(self.counts.cpu(), foreground_only=self.is_map)
        return mean_of_defined(self.per_class(metric)[1 if self.is_map else 0 :])

    def _add_histogram(
        self, probabilities: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
    ) -> None:
        import torch

        from neurotrain.metrics.curve import NUM_BINS, bins_of

        if self._histogram is None:
            shape = (self.num_classes, 2, NUM_BINS)
            self._histogram = torch.zeros(shape, dtype=torch.int64, device=probabilities.device)
        for label, histogram in enumerate(self._histogram):
            cells = bins_of(probabilities[:, label]) + NUM_BINS * (targets == label)
            cells = cells.flatten() if roi is None else cells[roi]
            histogram.view(-1).scatter_add_(0, cells, torch.ones_like(cells))

    def _curve(self, label: int) -> Curve | None:
        """The curve of a class; None where nothing was scored."""
        import torch

        from neurotrain.metrics.curve import binned_curve, exact_curve

        if self._histogram is not None:
            return binned_curve(self._histogram[label])
        if not self._scores:
            return None
        return exact_curve(torch.cat(self._scores)[:, label], torch.cat(self._truth) == label)

    def _row(
        self, labels: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None = None
    ) -> torch.Tensor:
        """One sample's values, float64 (metrics, K)."""
        import torch

        from neurotrain.metrics.masks import pairs_of

        inside = None if roi is None else roi.cpu().numpy()
        pairs = pairs_of(labels.cpu().numpy(), targets.cpu().numpy(), inside, self.num_classes)
        values = [
            [math.nan, *(math.nan if pair is None else metric.of_pair(pair) for pair in pairs)]
            for metric in self._of_maps
        ]
        return torch.tensor(values, dtype=torch.float64)


def _exact_mean(values: list[float]) -> float:
    """The mean over what is not NaN, of a sum without rounding."""
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan
