"""From a spec to a plan: passes that report every fault at its place and all at once."""
