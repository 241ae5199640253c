"""Metrics, as components of a spec and as plain functions."""

from neurotrain.metrics.built_in import BUILT_IN, get_metric_fns
from neurotrain.metrics.functional import accuracy, dice, iou_seg

__all__ = ["BUILT_IN", "accuracy", "dice", "get_metric_fns", "iou_seg"]
