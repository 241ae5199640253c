"""Optimizers and learning-rate schedules."""

from neurotrain.optim.built_in import BUILT_IN, get_optimizer, get_scheduler

__all__ = ["BUILT_IN", "get_optimizer", "get_scheduler"]
