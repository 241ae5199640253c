"""A model whose package is not installed is told before the run, with the command to install it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

CASE: Final = Path(__file__).parent / "cases/bases/text.yaml"
HIDDEN: Final = """\
import importlib.util as util

found = util.find_spec
util.find_spec = lambda name, *rest: None if name == "transformers" else found(name, *rest)
from neurotrain.cli.main import main

main()
"""


def test_a_missing_package_is_told() -> None:
    """In a process that cannot find transformers, at the model's type."""
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, "check", str(CASE), "--format", "json"],
        capture_output=True, text=True, env={**os.environ}, check=False,
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (found["code"], found["path"]) == ("missing-package", "model.type")
    assert "pip install 'neurotrain[transformers]'" in found["hint"]
