"""The run plan: every value decided, a graph of nodes, their digests. All that a run obeys."""
