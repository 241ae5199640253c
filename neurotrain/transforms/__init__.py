"""What is done to images before they reach the model, on whole batches."""

from neurotrain.transforms.built_in import BUILT_IN

__all__ = ["BUILT_IN"]
