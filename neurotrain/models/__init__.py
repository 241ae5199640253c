"""Networks. `get_model` builds one by name, as a spec does."""

from neurotrain.models.built_in import BUILT_IN, get_model

__all__ = ["BUILT_IN", "get_model"]
