"""Predictions against truth, and samples with their numbers, as pictures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurotrain.visualizer.canvas import title_of
from neurotrain.visualizer.scatter import draw_scatter
from neurotrain.visualizer.value_samples import draw_values

BLUE = np.array([0, 114, 178])


def pixels(path: Path) -> np.ndarray:
    """The picture's pixels."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("num", [1, 2, 5, 17])
def test_any_number_of_targets(num: int, tmp_path: Path) -> None:
    """A panel each, up to sixteen, of bearable size; points are blue."""
    samples = [[(float(row), row + 0.5)] * num for row in range(30)]
    names = [f"target {place}" for place in range(num)]
    found = pixels(draw_scatter(samples, names, tmp_path / "scatter.png"))
    height, width, _ = found.shape
    assert 500 <= width <= 2400
    assert 500 <= height <= 2400
    assert (found[..., 2] - found[..., 0] > 60).any()


@pytest.mark.parametrize(
    "samples", [[], [[(3.0, 3.0)]], [[(0.0, 0.0)]], [[(1.0, math.nan)], [(2.0, math.inf)]]]
)
def test_few_points_or_none(samples: list[list[tuple[float, float]]], tmp_path: Path) -> None:
    """One point, none, or none that is finite still give a picture."""
    assert pixels(draw_scatter(samples, ["$age$"], tmp_path / "scatter.png")).size > 0


def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    """The file tells neither time nor place."""
    samples = [[(1.0, 2.0)], [(2.0, 1.5)]]
    one = draw_scatter(samples, ["age"], tmp_path / "one.png").read_bytes()
    assert draw_scatter(samples, ["age"], tmp_path / "other.png").read_bytes() == one


@pytest.mark.parametrize(("channels", "num"), [(1, 1), (3, 2), (4, 30)])
def test_a_sample_has_a_picture_with_its_title(channels: int, num: int, tmp_path: Path) -> None:
    """Whatever the channels and the number of targets."""
    path = draw_values(
        tmp_path / "one.png", image_CHW=np.zeros((channels, 20, 30), np.float32),
        values=[(1.0, math.nan)] * num, targets=["a very long name " * 9] * num, title="p/1.png",
    )  # fmt: skip
    assert title_of(path) == "p/1.png"
