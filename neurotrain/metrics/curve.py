"""A class's scores in order, and the metrics of that order.

For single samples every score is kept and the order is exact. Pixels are too many: their scores
are counted in 129,025 bins, 2 MiB a class, that are narrow near 0 and near 1: each at most 0.1 % of
the probability, or of its complement, wide. Scores in one bin count as equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from neurotrain.component.base import Component
from neurotrain.metrics.base import CurveMetric

if TYPE_CHECKING:
    import torch

_SHIFT: Final = 13
"""Bits of a float32 that a bin leaves out; 10 of its 23 bits of fraction stay."""
_LOWEST: Final = 0x1F800000 >> _SHIFT
"""The leading bits of 2 ** -64; smaller probabilities count as equal."""
_HALF: Final = (0x3F000000 >> _SHIFT) - _LOWEST
"""The bin of probability 0.5."""
NUM_BINS: Final = 2 * _HALF + 1


@dataclass(frozen=True, slots=True)
class Curve:
    """One class against the rest at every threshold, from the highest score to the lowest."""

    hits: torch.Tensor
    """float64 (T,): pixels or samples of the class that score at least the threshold."""
    alarms: torch.Tensor
    """float64 (T,): others that do."""


class AUROC(Component, CurveMetric, tag="auroc", frozen=True, kw_only=True):
    """The area under the ROC curve of each class against the rest.

    The chance that a pixel or sample of the class scores higher than another; ties count half. Of
    all samples in a classification; of binned scores of all pixels in a segmentation. Hanley and
    McNeil, Radiology 1982.
    """

    def of_curve(self, curve: Curve) -> float:
        """The area by trapezoids; not defined without both kinds."""
        import torch

        num_hits, num_alarms = float(curve.hits[-1]), float(curve.alarms[-1])
        if num_hits == 0 or num_alarms == 0:
            return float("nan")
        start = torch.zeros(1, dtype=torch.float64)
        hits, alarms = torch.cat([start, curve.hits]), torch.cat([start, curve.alarms])
        area = torch.trapezoid(hits, alarms)
        return float(area) / (num_hits * num_alarms)


class AveragePrecision(Component, CurveMetric, tag="average_precision", frozen=True, kw_only=True):
    """The precision at every threshold, averaged with the rise in recall as weight.

    Of all samples in a classification; of binned scores of all pixels in a segmentation. Without
    interpolation, as in Zhu, "Recall, precision and average precision", 2004.
    """

    def of_curve(self, curve: Curve) -> float:
        """The mean of the precisions; not defined for a class that the truth lacks."""
        import torch

        num_hits = float(curve.hits[-1])
        if num_hits == 0:
            return float("nan")
        rises = torch.diff(curve.hits, prepend=torch.zeros(1, dtype=torch.float64))
        precisions = curve.hits / (curve.hits + curve.alarms).clamp_min(1)
        return float((rises * precisions).sum()) / num_hits


def exact_curve(scores: torch.Tensor, is_class: torch.Tensor) -> Curve:
    """The curve of scores (N,) and whether each is of the class, bool (N,); N is at least 1."""
    import torch

    ordered, places = scores.sort(descending=True)
    own = is_class[places].double()
    is_last = torch.ones(len(own), dtype=torch.bool)
    is_last[:-1] = ordered[1:] != ordered[:-1]
    return Curve(own.cumsum(0)[is_last], (1 - own).cumsum(0)[is_last])


def binned_curve(histogram: torch.Tensor) -> Curve:
    """The curve of a histogram, int64 (2, bins): others, then those of the class."""
    others, own = histogram.cpu().flip(1).cumsum(1).double()
    return Curve(own, others)


def bins_of(probabilities: torch.Tensor) -> torch.Tensor:
    """The bin of each probability, int64; larger probabilities have no smaller bin.

    The leading bits of p below one half, mirrored above: both ends are resolved alike.
    """
    import torch

    likely = probabilities.float().nan_to_num(0.0).clamp(0, 1)
    is_low = likely < 0.5
    small = torch.where(is_low, likely, 1 - likely)
    bits = small.contiguous().view(torch.int32).long() >> _SHIFT
    place = (bits - _LOWEST).clamp_min(0)
    return torch.where(is_low, place, 2 * _HALF - place)
