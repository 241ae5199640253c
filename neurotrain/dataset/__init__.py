"""Where samples come from: their listing without torch, their loading, and batches."""

from neurotrain.dataset.built_in import BUILT_IN
from neurotrain.dataset.dataloaders import get_train_valid_test_dataloader

__all__ = ["BUILT_IN", "get_train_valid_test_dataloader"]
