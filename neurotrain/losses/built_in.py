"""The losses that NeuroTrain brings, and their sum from a plain dict or list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from neurotrain.component.base import Component
from neurotrain.component.catalogue import Catalogue
from neurotrain.losses.base import Loss
from neurotrain.losses.centreline import ClDiceLoss
from neurotrain.losses.likelihood import BinaryCrossEntropy, CrossEntropy, FocalLoss
from neurotrain.losses.overlap import DiceLoss, GeneralisedDiceLoss, TverskyLoss
from neurotrain.losses.total import TotalLoss
from neurotrain.losses.values import HuberLoss, MeanAbsoluteErrorLoss, MeanSquaredError

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(DiceLoss, GeneralisedDiceLoss, TverskyLoss, ClDiceLoss),
    *(BinaryCrossEntropy, CrossEntropy, FocalLoss),
    *(MeanSquaredError, MeanAbsoluteErrorLoss, HuberLoss),
)


def get_criterion(config: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]) -> TotalLoss:
    """The criterion of a spec's `loss` block: one loss, or several that are added up.

    Each is a name or a map: `["dice", {"type": "bce", "weight": 0.5}]`.

    Raises:
        ValueError: there is none, some are of classes and others of numbers, or a name, key or
            value is wrong; names the nearest right one.
    """
    catalogue = Catalogue.of(BUILT_IN)
    entries = [config] if isinstance(config, (str, Mapping)) else config
    losses = tuple(catalogue.decode(entry, Loss) for entry in entries)
    if not losses:
        raise ValueError("a criterion needs at least one loss")
    if len({"values" in loss.outputs for loss in losses}) > 1:
        raise ValueError("losses of classes and of numbers cannot be added up")
    return TotalLoss(losses)
