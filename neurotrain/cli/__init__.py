"""The command line: one file per verb, everything imported inside it."""
