"""The typed experiment spec, the built-in catalogue and the JSON Schemas made from them."""
