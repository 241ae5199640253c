"""What a metric component offers, by what it is a function of.

A metric reads a confusion matrix, a class's ranking of scores, one sample's masks, the numbers of a
target, or the likelihoods of tokens. A pass over the data gathers each of these once, and only what
its metrics read; see `tally`, `value_tally` and `token_tally`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from neurotrain.component.base import Family, tag_of

if TYPE_CHECKING:
    import torch

    from neurotrain.metrics.curve import Curve
    from neurotrain.metrics.masks import MaskPair


class Metric(Family):
    """What tells how good predictions are."""

    __slots__ = ()
    family: ClassVar[str] = "metric"
    tasks: ClassVar[tuple[str, ...]] = ("segmentation", "classification")
    better: ClassVar[Literal["min", "max"]] = "max"


class MatrixMetric(Metric):
    """A metric of the confusion matrix of all pixels or samples."""

    __slots__ = ()

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """A float64 value a class, NaN where it is not defined.

        A class that occurs neither in truth nor in predictions has no value. Nor has a share of
        nothing, such as the recall of a class that the truth lacks.

        `counts_KK[truth, prediction]` are int64 counts of pixels or samples.
        """
        raise AssertionError(f"{type(self).__name__} has no values")

    def overall(self, counts_KK: torch.Tensor, *, foreground_only: bool) -> float:
        """The mean over the classes where it is defined, class 0 left out where asked."""
        return mean_of_defined(self.per_class(counts_KK)[1 if foreground_only else 0 :])


class CurveMetric(Metric):
    """A metric of how each class's scores rank its own pixels or samples above all others."""

    __slots__ = ()

    def of_curve(self, curve: Curve) -> float:
        """The value of one class against the rest, NaN where it is not defined."""
        raise AssertionError(f"{type(self).__name__} has no values")


class MapMetric(Metric):
    """A metric of the masks of each sample by itself; values are means over the samples.

    The background has no value: it has no shape of its own.
    """

    __slots__ = ()
    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)

    def of_pair(self, pair: MaskPair) -> float:
        """The value of one class in one sample; at least one of the two masks has a pixel."""
        raise AssertionError(f"{type(self).__name__} has no values")


class ValueMetric(Metric):
    """A metric of the true and predicted numbers of one target; the whole is the targets' mean."""

    __slots__ = ()
    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    def of_values(self, truth: Sequence[float], predicted: Sequence[float]) -> float:
        """The value of one target over all samples, at least one; NaN where it is not defined."""
        raise AssertionError(f"{type(self).__name__} has no values")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """Sums over the tokens of a text, of which there is at least one."""

    cross_entropy: float
    """Of the true tokens, in nats."""
    num_right: int
    """True tokens that the model finds likeliest."""
    num_tokens: int


class TokenMetric(Metric):
    """A metric of how likely a model finds the tokens of a text."""

    __slots__ = ()
    tasks: ClassVar[tuple[str, ...]] = ("causal_lm",)

    def of_counts(self, counts: TokenCounts) -> float:
        """The value over all tokens."""
        raise AssertionError(f"{type(self).__name__} has no values")


def name_of(metric: Metric) -> str:
    """The name under which its values are recorded."""
    return tag_of(metric)


def mean_of_defined(values: torch.Tensor) -> float:
    """The mean over what is not NaN; NaN where all is."""
    defined = values[~values.isnan()]
    return float(defined.mean()) if len(defined) else float("nan")
