"""What a metric component offers: values from a confusion matrix.

All metrics of this family are functions of one matrix of counts, so a pass over the data fills the
matrix once, on the device, and any number of metrics read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from neurotrain.component.base import Family, tag_of

if TYPE_CHECKING:
    import torch


class Metric(Family):
    """What tells how good predictions are."""

    __slots__ = ()
    family: ClassVar[str] = "metric"
    tasks: ClassVar[tuple[str, ...]] = ("segmentation", "classification")
    better: ClassVar[Literal["min", "max"]] = "max"

    def per_class(self, counts_KK: torch.Tensor) -> torch.Tensor:
        """A float64 value a class, NaN where it is not defined.

        A class that occurs neither in truth nor in predictions has no value. Nor has a share of
        nothing, such as the recall of a class that the truth lacks.

        `counts_KK[truth, prediction]` are int64 counts of pixels or samples.
        """
        raise AssertionError(f"{type(self).__name__} has no values")

    def overall(self, counts_KK: torch.Tensor, *, foreground_only: bool) -> float:
        """The mean over the classes where it is defined, class 0 left out where asked."""
        values = self.per_class(counts_KK)[1 if foreground_only else 0 :]
        defined = values[~values.isnan()]
        return float(defined.mean()) if len(defined) else float("nan")


def name_of(metric: Metric) -> str:
    """The name under which its values are recorded."""
    return tag_of(metric)
