"""Regions of interest that a transform makes vanish: nothing of such a sample counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.engine.conftest import Project

SPEC = """
version: 1
name: lines
task: {type: segmentation, classes: [background, object]}
data:
  train:
    {type: paired_images, root: data, images: "images/*", masks: "masks/*", roi: "roi/*"}
  valid: {fraction: 0.25}
  transforms:
    train: [normalize, {type: resize, size: [8, 8]}]
    eval: [normalize, {type: resize, size: [8, 8]}]
model: {type: unet, channels: [4, 8]}
loss: [bce]
train: {epochs: 1, batch: {global: 2}}
engine: {type: torch, device: cpu, threads: 1}
"""


def write_pairs(folder: Path) -> None:
    """Eight images of noise; the region of the first four is a line that is left out by resizing.

    Of 64 columns the nearest of each of 8 is column 0, 8, 16, …
    """
    rng = np.random.default_rng(0)
    for name in ("images", "masks", "roi"):
        (folder / name).mkdir(parents=True)
    for index in range(8):
        image = rng.integers(0, 255, (64, 64), np.uint8)
        roi = np.zeros_like(image)
        roi[:, 13 if index < 4 else slice(8, 30)] = 255
        for name, pixels in (("images", image), ("masks", 255 * (image > 128)), ("roi", roi)):
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{index}.png")


def test_samples_that_lose_their_region_are_told(project: Project) -> None:
    """Of each part, with how many there are."""
    write_pairs(project.folder / "data")
    builder = project.builder(SPEC)
    told = builder.preload(lambda done, total: None)
    lost = sum(int(message.split(" in ")[1].split(" of ")[0]) for message in told)
    assert lost == 4
    assert all("the region of interest is empty after the transforms" in each for each in told)


def test_regions_that_stay_are_not(project: Project) -> None:
    """A larger size keeps every line."""
    write_pairs(project.folder / "data")
    builder = project.builder(SPEC.replace("[8, 8]", "[64, 64]"))
    assert builder.preload(lambda done, total: None) == []
