"""A run whose monitored value is never a number: the last weights count, and that is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from neurotrain.recorder.events import read_all
from tests.engine.conftest import Project

SPEC = """
version: 1
name: nothing
task: {type: segmentation, classes: [background, object]}
data:
  train: {type: paired_images, root: data, images: "images/*", masks: "masks/*"}
  valid: {fraction: 0.25}
  test: {fraction: 0.25}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: unet, channels: [4, 8]}
loss: [bce]
metrics: [hausdorff95]
train: {epochs: 2, batch: {global: 1}, optimizer: {type: adamw, learning_rate: 0.3}}
engine: {type: torch, device: cpu, threads: 1}
"""


def write_empty(folder: Path) -> None:
    """Images of noise on which there is nothing to find."""
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for index in range(8):
        image = rng.integers(0, 255, (16, 16), np.uint8)
        Image.fromarray(image).save(folder / f"images/{index}.png")
        Image.fromarray(np.zeros_like(image)).save(folder / f"masks/{index}.png")


def test_the_last_weights_count_and_that_is_said(project: Project) -> None:
    """No image has the class, and none is predicted: there is no distance between outlines."""
    write_empty(project.folder / "data")
    project.write(SPEC)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    told = "'valid/hausdorff95' was never a number: the last weights count"
    assert told in done.stdout + done.stderr
    run = project.folder / "runs/nothing"
    warnings = [e.data["message"] for e in read_all(run / "events.jsonl") if "warn" in e.kind]
    assert told in warnings
    assert not (run / "train/checkpoints/best.pth").exists()
    assert "train/checkpoints/last.pth (epoch 2)" in (run / "test/report.txt").read_text()
