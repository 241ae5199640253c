"""NeuroTrain: YAML experiment specs, checked, planned and run."""

__version__ = "0.1.0"
