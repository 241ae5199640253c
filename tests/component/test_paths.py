"""Paths and durations as specs write them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from neurotrain.component.durations import Duration, EpochDuration, StepDuration
from neurotrain.component.paths import Resolver

BASE = Path("/specs/retina")


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("images", {}, "/specs/retina/images"),
        ("../data/./DRIVE", {}, "/specs/data/DRIVE"),
        ("/mnt/data", {}, "/mnt/data"),
        ("${env:ROOT:../data}/x", {}, "/specs/data/x"),
        ("${env:ROOT:../data}/x", {"ROOT": "/mnt"}, "/mnt/x"),
        ("${env:ROOT}/${env:PART:train}", {"ROOT": "/mnt", "PART": "test"}, "/mnt/test"),
        ("sub/${env:PART:train}", {"PART": "test"}, "/specs/retina/sub/test"),
        ("${env:ROOT:}", {}, "/specs/retina"),
    ],
)
def test_paths_start_at_the_spec(text: str, environment: dict[str, str], expected: str) -> None:
    """Relative paths start at the spec's folder, also those of a default; variables are filled."""
    assert Resolver(base=BASE, environment=environment).path(text) == Path(expected)


def test_a_relative_variable_starts_at_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the shell sets is relative to where the shell is."""
    monkeypatch.chdir(tmp_path)
    resolver = Resolver(base=BASE, environment={"ROOT": "data"})
    assert resolver.path("${env:ROOT:../data}/x") == tmp_path / "data/x"


def test_an_unset_variable_is_named() -> None:
    """A variable that is not set and has no default is an error that names it."""
    with pytest.raises(KeyError, match="ROOT"):
        Resolver(base=BASE, environment={}).path("${env:ROOT}/x")


def test_the_home_folder_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is the home folder."""
    monkeypatch.setenv("HOME", "/home/someone")
    assert Resolver(base=BASE, environment={}).path("~/data") == Path("/home/someone/data")


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("1 epoch", Duration(1, "epoch")),
        ("10 epochs", Duration(10, "epoch")),
        ("500 steps", Duration(500, "step")),
        ("0 steps", Duration(0, "step")),
        ("2 epochs\n", Duration(2, "epoch")),
    ],
)
def test_durations_carry_their_unit(text: str, duration: Duration) -> None:
    """A duration is read with its unit; a line's end does not matter."""
    assert Duration.parse(text) == duration


@pytest.mark.parametrize(
    ("kind", "legal", "illegal"),
    [
        (EpochDuration, ["1 epoch", "20 epochs"], ["0 epochs", "3 steps", "3", "1.5 epochs"]),
        (StepDuration, ["0 epochs", "500 steps"], ["-1 steps", "1 hour", "1  epoch", " 1 epoch"]),
    ],
)
def test_the_schema_knows_the_form(kind: Any, legal: list[str], illegal: list[str]) -> None:
    """The pattern lets through what can be read, and nothing else."""
    pattern = get_args(kind)[1].pattern
    assert all(re.search(pattern, text) for text in legal)
    assert not any(re.search(pattern, text) for text in illegal)
