"""From text to a tree whose every value knows its place, and faults told at those places."""
