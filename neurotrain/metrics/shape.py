"""Metrics of the shape of masks, sample by sample.

A class that is in neither mask of a sample has no value there. Where only one of the two is empty,
the value is the worst: the diagonal of the image for a distance, 0 for a share. So a mean over
samples stays finite and a missed object counts.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from neurotrain.component.base import Component, NonNegative, PositiveFloat
from neurotrain.metrics.base import MapMetric
from neurotrain.metrics.masks import MaskPair

_Spacing = Annotated[
    tuple[PositiveFloat, PositiveFloat],
    Meta(description="Height and width of a pixel; distances have its unit, by default pixels"),
]


class Hausdorff95(Component, MapMetric, tag="hausdorff95", frozen=True, kw_only=True):
    """The distance that 95 % of an outline keep to the other outline; the larger of both ways.

    The mean over samples; the image's diagonal where one mask is empty. Huttenlocher, Klanderman
    and Rucklidge, IEEE PAMI 1993.
    """

    better: ClassVar[Literal["min", "max"]] = "min"
    spacing: _Spacing = (1.0, 1.0)

    def of_pair(self, pair: MaskPair) -> float:
        """The larger of the two 95th percentiles."""
        import numpy as np

        if pair.is_one_sided:
            return pair.diagonal(self.spacing)
        return max(float(np.percentile(found, 95)) for found in pair.surfaces(self.spacing))


class SurfaceDistance(Component, MapMetric, tag="surface_distance", frozen=True, kw_only=True):
    """The average distance between the outlines of prediction and truth, both ways together.

    The mean over samples; the image's diagonal where one mask is empty. Heimann et al., "Comparison
    and evaluation of methods for liver segmentation", IEEE TMI 2009.
    """

    better: ClassVar[Literal["min", "max"]] = "min"
    spacing: _Spacing = (1.0, 1.0)

    def of_pair(self, pair: MaskPair) -> float:
        """The mean over the pixels of both outlines."""
        import numpy as np

        if pair.is_one_sided:
            return pair.diagonal(self.spacing)
        return float(np.concatenate(pair.surfaces(self.spacing)).mean())


class SurfaceDice(Component, MapMetric, tag="surface_dice", frozen=True, kw_only=True):
    """The share of both outlines that lies within a tolerance of the other one.

    The mean over samples; 0 where one mask is empty. Nikolov et al., "Clinically applicable
    segmentation of head and neck anatomy", JMIR 2021.
    """

    tolerance: Annotated[
        NonNegative, Meta(description="Distance that still counts as right, in units of `spacing`")
    ] = 1.0
    spacing: _Spacing = (1.0, 1.0)

    def of_pair(self, pair: MaskPair) -> float:
        """Outline pixels within the tolerance over all outline pixels."""
        import numpy as np

        if pair.is_one_sided:
            return 0.0
        return float((np.concatenate(pair.surfaces(self.spacing)) <= self.tolerance).mean())


class ClDice(Component, MapMetric, tag="cldice", frozen=True, kw_only=True):
    """How much of each centre line lies inside the other mask: the harmonic mean of both shares.

    For vessels and other networks, where it sees gaps that Dice does not. The mean over samples; 0
    where one mask is empty. Shit et al., "clDice", CVPR 2021.
    """

    def of_pair(self, pair: MaskPair) -> float:
        """2 P S / (P + S) of topology precision and sensitivity."""
        from neurotrain.metrics.skeleton import skeleton

        if pair.is_one_sided:
            return 0.0
        precision = float(pair.truth[skeleton(pair.prediction)].mean())
        sensitivity = float(pair.prediction[skeleton(pair.truth)].mean())
        total = precision + sensitivity
        return 2 * precision * sensitivity / total if total else 0.0
