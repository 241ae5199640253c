"""Plots and pictures of a run. Knows nothing of specs or plans, and never needs a display."""

from neurotrain.visualizer.plot import Plot

__all__ = ["Plot"]
