"""The README shows the tree and the commands as they are."""

from __future__ import annotations

import re
from pathlib import Path

from neurotrain.cli.main import VERBS


def test_the_tree_names_every_package(root: Path) -> None:
    """Each package of neurotrain/ has its line, and no line is of a package that is gone."""
    readme = (root / "README.md").read_text()
    shown = set(re.findall(r"^  ([a-z]+)/ ", readme, re.MULTILINE))
    packages = {file.parent.name for file in (root / "neurotrain").glob("*/__init__.py")}
    assert shown == packages


def test_every_command_exists(root: Path) -> None:
    """Verbs and make targets that the README uses are there."""
    readme = (root / "README.md").read_text()
    used = set(re.findall(r"^neurotrain ([a-z]+)", readme, re.MULTILINE))
    assert used <= set(VERBS)
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", readme, re.MULTILINE)) <= targets


def test_no_placeholder_is_left(root: Path) -> None:
    """Every figure is filled in."""
    assert not re.findall(r"@[A-Z]+@", (root / "README.md").read_text())
