"""All steps together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from neurotrain.language.diagnostics import Report
from neurotrain.language.load import load

from .conftest import Outcome

Loading = Callable[..., Outcome]


def test_steps_come_in_their_order(loading: Loading) -> None:
    """Files merge first, then overrides apply, then variables are filled in."""
    outcome = loading(
        {
            "spec.yaml": "extends: base.yaml\nvars: {n: 2}\na: {y: '${vars.n}'}\n",
            "base.yaml": "vars: {n: 1, m: 5}\na: {x: '${vars.n}', z: '${vars.m}'}\n",
        },
        ["vars.m=7", "a.w=${env:W:8}"],
    )
    assert outcome.tree == {"a": {"x": 2, "z": 7, "y": 2, "w": 8}}
    assert not outcome.report.items


def test_faults_of_all_steps_are_told_together(loading: Loading) -> None:
    """k faults in k steps are k diagnostics."""
    outcome = loading(
        {
            "spec.yaml": "extends: [base.yaml, none.yaml]\na: 1\na: 2\nb: ${env:UNSET}\n",
            "base.yaml": "c: .nan\nd: !x 1\n",
        },
        ["e", "f=[1"],
    )
    assert sorted(outcome.codes) == [
        "duplicate-key",
        "malformed-override",
        "non-finite-number",
        "tag",
        "unknown-base",
        "unset-environment",
        "yaml-syntax",
    ]


def test_sources_hold_every_file_and_the_arguments(tmp_path: Path) -> None:
    """Whatever a place names can be rendered, also when nothing could be read."""
    file = tmp_path / "spec.yaml"
    file.write_text("a: [1\n")
    loaded = load(file, overrides=["a=1", "b=2"], environment={}, report=Report())
    assert loaded.root is None
    assert loaded.sources == {str(file): "a: [1\n", "--set": "a=1\nb=2"}
    assert loaded.files == (file,)


def test_same_files_give_the_same_tree(loading: Loading) -> None:
    """Loading twice gives equal trees and reports."""
    files = {
        "spec.yaml": "extends: base.yaml\na: .nan\nb: 1\n",
        "base.yaml": "b: 2\nc: ${vars.x}\n",
    }
    first, second = loading(files), loading(files)
    assert first.root == second.root
    assert first.text == second.text


def test_loading_imports_nothing_heavy() -> None:
    """The language needs the standard library and yaml only."""
    probe = (
        "import sys, neurotrain.language.load, neurotrain.language.render\n"
        "heavy = {'torch', 'numpy', 'msgspec', 'jsonschema', 'click', 'jinja2', 'textual'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
