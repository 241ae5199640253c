"""Metrics, as components of a spec and as plain functions."""

from neurotrain.metrics.built_in import BUILT_IN, get_metric_fns
from neurotrain.metrics.functions import (
    accuracy,
    auroc,
    cldice,
    dice,
    f1,
    hausdorff95,
    iou_seg,
    mae,
    precision,
    r2,
    recall,
    rmse,
    specificity,
)

__all__ = [
    "BUILT_IN",
    "accuracy",
    "auroc",
    "cldice",
    "dice",
    "f1",
    "get_metric_fns",
    "hausdorff95",
    "iou_seg",
    "mae",
    "precision",
    "r2",
    "recall",
    "rmse",
    "specificity",
]
