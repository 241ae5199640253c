"""Samples that cannot be read end the run, or are left out as the spec allows, and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.conftest import Project
from tests.engine.test_run import SEGMENTATION, write_images

SPEC = SEGMENTATION.replace(
    "test: {fraction: 0.2}",
    'test: {type: paired_images, root: other, images: "images/*", masks: "masks/*"}',
)


@pytest.fixture
def damaged(project: Project) -> Project:
    """One test image whose header is whole and whose pixels are cut off."""
    for name, seed in (("data", 0), ("other", 1)):
        write_images(project.folder / name, num=10, seed=seed)
    image = project.folder / "other/images/02.png"
    image.write_bytes(image.read_bytes()[:-30])
    project.write(SPEC)
    return project


def test_by_default_it_ends_before_anything_is_trained(damaged: Project) -> None:
    """With 65 and the file's name."""
    refused = damaged.call("run", "spec.yaml", "--plain")
    assert refused.returncode == 65
    assert "images/02.png: it is truncated" in refused.stderr
    assert not list((damaged.folder / "runs/own/train").glob("**/*.pth"))


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_left_out_samples_are_in_no_value_and_in_every_report(damaged: Project, cache: str) -> None:
    """The score is over the others, and whoever reads it sees that."""
    done = damaged.call(
        "run", "spec.yaml", "--plain", "--set", "data.loader.skip_corrupt=1",
        "--set", f"data.loader.cache={cache}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("test data: left out: images/02.png: it is truncated") == 1
    folder: Path = damaged.folder / "runs/own/test"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["num_samples"] == 9
    assert [text.partition(":")[0] for text in metrics["left_out"]] == ["images/02.png"]
    names = [line.split(",")[0] for line in (folder / "per_sample.csv").read_text().splitlines()]
    assert sorted(names[1:]) == [f"images/{n:02d}.png" for n in range(10) if n != 2]
    assert "1 unreadable: images/02.png" in (folder / "report.txt").read_text()
    assert "1 unreadable: images/02.png" in (folder / "report.html").read_text()
    assert len(list((folder / "predictions").glob("*.png"))) == 8
