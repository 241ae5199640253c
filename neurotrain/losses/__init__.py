"""Losses. Each takes logits, targets and a region of interest and gives one number."""

from neurotrain.losses.built_in import BUILT_IN, get_criterion
from neurotrain.losses.multi_task import MultiTaskLoss

__all__ = ["BUILT_IN", "MultiTaskLoss", "get_criterion"]
