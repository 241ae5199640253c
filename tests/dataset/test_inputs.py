"""Prediction inputs: what patterns, files and folders stand for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from neurotrain.component.paths import Resolver
from neurotrain.dataset.files import InputsNotFound, list_inputs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for name in ("b.png", "a.png", "images/1.tif", "images/2.tif"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    return tmp_path


def resolver(root: Path) -> Resolver:
    return Resolver(base=root, environment={})


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("*.png", ["a.png", "b.png"]),
        ("images/*.tif", ["images/1.tif", "images/2.tif"]),
        ("**/*.tif", ["images/1.tif", "images/2.tif"]),
        ("images", ["images/1.tif", "images/2.tif"]),
        ("b.png", ["b.png"]),
        (["b.png", "*.png"], ["b.png", "a.png"]),
        ([Path("b.png")], ["b.png"]),
        ("${env:NONE:images}/1.tif", ["images/1.tif"]),
    ],
)
def test_inputs(root: Path, inputs: str | list[str | Path], expected: list[str]) -> None:
    """In order, each file once, relative to the spec."""
    assert list_inputs(resolver(root), inputs) == tuple(root / name for name in expected)


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ("c.png", "c.png' does not exist"),
        ("absent/*.png", "no folder"),
        ("images/*.png", r"did you mean 'images/\*.tif'|holds 2 .tif"),
        ("${env:NONE}/*.png", "NONE is not set"),
        ([], "no input"),
        ("*.{png,tif}", "braces"),
    ],
)
def test_inputs_that_name_nothing(root: Path, inputs: str | list[str | Path], told: str) -> None:
    """The text says what is missing and what is there."""
    with pytest.raises(InputsNotFound, match=told):
        list_inputs(resolver(root), inputs)


def test_a_file_whose_name_looks_like_a_pattern(root: Path) -> None:
    """An existing file is taken by its name."""
    Image.new("L", (4, 4)).save(root / "scan[1].png")
    assert list_inputs(resolver(root), "scan[1].png") == (root / "scan[1].png",)
