"""Networks. `get_model` builds one by name, as a spec does; `load_pretrained` fills it."""

from neurotrain.models.built_in import BUILT_IN, DISCRIMINATORS, get_model
from neurotrain.models.loading import load_pretrained
from neurotrain.models.pretrained import Pretrained

__all__ = ["BUILT_IN", "DISCRIMINATORS", "Pretrained", "get_model", "load_pretrained"]
