"""The metrics that NeuroTrain brings, and functions of them from a plain list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from neurotrain.component.base import Component
from neurotrain.component.catalogue import Catalogue
from neurotrain.metrics.base import Metric, name_of
from neurotrain.metrics.curve import AUROC, AveragePrecision
from neurotrain.metrics.functional import values
from neurotrain.metrics.language import Perplexity, TokenAccuracy
from neurotrain.metrics.overlap import (
    F1,
    Accuracy,
    BalancedAccuracy,
    CohenKappa,
    Dice,
    IoU,
    Matthews,
    Precision,
    Recall,
    Specificity,
)
from neurotrain.metrics.shape import ClDice, Hausdorff95, SurfaceDice, SurfaceDistance
from neurotrain.metrics.values import MAE, R2, RMSE

if TYPE_CHECKING:
    import torch

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(Dice, IoU, Accuracy, BalancedAccuracy),
    *(Precision, Recall, Specificity, F1),
    *(CohenKappa, Matthews, AUROC, AveragePrecision),
    *(Hausdorff95, SurfaceDistance, SurfaceDice, ClDice),
    *(MAE, RMSE, R2),
    *(Perplexity, TokenAccuracy),
)
MetricFunction: TypeAlias = "Callable[..., torch.Tensor]"
"""(predictions, targets, inputs="logits", num_classes=None) to one float64 a class or target."""


def get_metric_fns(
    config: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]],
) -> dict[str, MetricFunction]:
    """The metrics of a spec's `metrics` block as functions like `dice`, by name, in that order.

    Raises:
        ValueError: a name is wrong, with the nearest right one, or stands twice.
    """
    catalogue = Catalogue.of(BUILT_IN)
    entries = [config] if isinstance(config, (str, Mapping)) else config
    metrics = [catalogue.decode(entry, Metric) for entry in entries]
    functions = {name_of(metric): partial(values, metric) for metric in metrics}
    if len(functions) < len(metrics):
        raise ValueError(f"a metric is named twice: {', '.join(map(name_of, metrics))}")
    return dict(functions)
