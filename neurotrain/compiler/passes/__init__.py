"""The passes: one file, one function, one folder of cases each."""
