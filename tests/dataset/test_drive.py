"""The DRIVE data itself, where it is at hand."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from neurotrain.component.paths import Resolver
from neurotrain.dataset.duplicates import placed, same_bytes
from neurotrain.dataset.label_survey import survey_labels
from neurotrain.dataset.paired_images import PairedImages
from neurotrain.dataset.reader import FileReader

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT = Path(os.environ.get("DRIVE_ROOT", CHECKOUT.parent / "shared" / "data" / "DRIVE"))
RESOLVER = Resolver(base=CHECKOUT, environment={})

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=f"no DRIVE data in {ROOT}")


def component(part: str) -> PairedImages:
    return PairedImages(
        root=str(ROOT / part), images="images/*.tif", masks="1st_manual/*.gif", roi="mask/*.gif"
    )


@pytest.mark.parametrize(("part", "first"), [("training", 21), ("test", 1)])
def test_all_twenty_images_are_paired(part: str, first: int) -> None:
    """Image, first observer's mask and field of view have the same number."""
    found = component(part).survey(RESOLVER, max_headers=None, num_classes=2)
    assert found.faults == ()
    assert [info.size for info in found.samples] == [(584, 565)] * 20
    for number, info in enumerate(found.samples, first):
        assert info.files == (
            f"images/{number:02}_{part}.tif",
            f"1st_manual/{number:02}_manual1.gif",
            f"mask/{number:02}_{part}_mask.gif",
        )


@pytest.mark.parametrize("part", ["training", "test"])
def test_every_mask_has_vessels_and_background(part: str) -> None:
    """The masks of 0 and 255 hold both classes and nothing else."""
    found = component(part).survey(RESOLVER, max_headers=0, num_classes=2)
    coding = component(part).label_coding(2)
    labels = survey_labels(Path(found.folder), found.samples, coding, FileReader())
    assert labels.faults == ()
    assert set(labels.labels.values()) == {(0, 1)}


def test_no_image_is_there_twice() -> None:
    """No two of the 40 files hold the same bytes, as SHA-256 of each says too."""
    images = []
    for part in ("training", "test"):
        found = component(part).survey(RESOLVER, max_headers=0, num_classes=2)
        images += placed(part, found, found.samples)
    digests = {hashlib.sha256(Path(image.path).read_bytes()).digest() for image in images}
    assert len(digests) == len(images) == 40
    assert same_bytes(images, FileReader()) == []


def test_a_sample_loads() -> None:
    """An eighth of the field of view is vessel, and nearly none outside."""
    drive = component("training")
    found = drive.survey(RESOLVER, max_headers=0, num_classes=2)
    sample = drive.open(RESOLVER, found.samples, 2).load(0)
    assert sample.roi_HW is not None
    assert sample.image_CHW.shape == (3, 584, 565)
    assert 0.08 < sample.target[sample.roi_HW].mean() < 0.18
    assert np.mean(sample.target[~sample.roi_HW]) < 0.001
