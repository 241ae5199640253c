"""What is done to predictions after the model."""

from neurotrain.postprocess.built_in import BUILT_IN
from neurotrain.postprocess.functional import morphology_ops, threshold

__all__ = ["BUILT_IN", "morphology_ops", "threshold"]
