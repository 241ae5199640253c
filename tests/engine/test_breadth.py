"""Metrics of every kind, a loss of centre lines and class weights in runs from specs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import Project

VESSELS = """
version: 1
name: vessels
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: retina_phantom, num_images: 8, size: 64}
  valid: {fraction: 0.25}
  test: {fraction: 0.25}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: attention_unet, channels: [8, 16]}
loss: [dice, {type: focal, class_weights: [0.5, 2.0]}, {type: cldice, weight: 0.2}]
metrics:
  - hausdorff95
  - {type: surface_dice, tolerance: 2.0}
  - {type: surface_distance, spacing: [0.5, 0.5]}
  - cldice
  - auroc
  - average_precision
  - matthews
train:
  epochs: 2
  batch: {global: 2}
  early_stopping: {monitor: valid/hausdorff95, patience: 1}
engine: {type: torch, device: cpu, threads: 1}
"""
NAMES = (
    "hausdorff95", "surface_dice", "surface_distance", "cldice", "auroc", "average_precision",
    "matthews",
)  # fmt: skip


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test folder of a run with all of them."""
    project = Project(tmp_path_factory.mktemp("vessels"))
    project.write(VESSELS)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    return project.folder / "runs/vessels/test"


def test_every_kind_of_metric_is_reported(tested: Path) -> None:
    """Overall and for each class; the background has no shape."""
    found = json.loads((tested / "metrics.json").read_text())
    assert set(found["overall"]) == {*NAMES, "loss"}
    assert all(value is not None for value in found["overall"].values())
    assert found["per_class"]["background"]["hausdorff95"] is None
    assert found["per_class"]["vessel"]["hausdorff95"] == found["overall"]["hausdorff95"]
    assert found["per_class"]["background"]["auroc"] == pytest.approx(
        found["overall"]["auroc"], abs=1e-3
    )


def test_samples_have_values_and_the_largest_distance_is_the_worst(tested: Path) -> None:
    """`per_sample.csv` is sorted by the first metric, in its own direction."""
    with (tested / "per_sample.csv").open() as file:
        rows = list(csv.DictReader(file))
    distances = [float(row["hausdorff95"]) for row in rows]
    assert len(rows) == 2
    assert distances == sorted(distances, reverse=True)
    assert all(float(row[name]) == float(row[name]) for row in rows for name in NAMES)


def test_a_distance_over_a_pass_is_the_mean_of_the_samples(tested: Path) -> None:
    """And the report says so."""
    with (tested / "per_sample.csv").open() as file:
        distances = [float(row["hausdorff95"]) for row in csv.DictReader(file)]
    overall = json.loads((tested / "metrics.json").read_text())["overall"]["hausdorff95"]
    assert overall == pytest.approx(sum(distances) / len(distances))
    assert "diagonal of the image" in " ".join((tested / "report.txt").read_text().split())


def test_a_monitored_distance_falls(project: Project) -> None:
    """Its direction is the metric's own."""
    facts = project.plan(VESSELS).facts
    assert (facts.monitor, facts.monitor_mode) == ("valid/hausdorff95", "min")
    assert project.builder(VESSELS).setup().mode_of("valid/hausdorff95") == "min"
    assert project.builder(VESSELS).setup().mode_of("valid/auroc") == "max"
