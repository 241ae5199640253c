"""`python -m neurotrain` is the command `neurotrain`."""

from neurotrain.cli.main import main

main()
