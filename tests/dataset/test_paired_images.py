"""Paired images from real layouts: what their survey tells and what they load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import CorruptSample
from neurotrain.dataset.paired_images import PairedImages

if TYPE_CHECKING:
    from conftest import PairFolder

SIZE = (12, 16)
RESOLVER = Resolver(base=Path("/"), environment={})


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The naming of a public data set; `*` stands for the stem in file names."""

    stems: tuple[str, str, str]
    image: str
    mask: str
    region: str = ""
    patterns: dict[str, str]
    settings: dict[str, float] = field(default_factory=dict)


LAYOUTS = {
    "DRIVE": Layout(
        stems=("21", "22", "30"),
        image="images/*_training.tif",
        mask="1st_manual/*_manual1.gif",
        region="mask/*_training_mask.gif",
        patterns={"images": "images/*.tif", "masks": "1st_manual/*.gif", "roi": "mask/*.gif"},
    ),
    "CHASE_DB1": Layout(
        stems=("01L", "01R", "02L"),
        image="Image_*.jpg",
        mask="Image_*_1stHO.png",
        patterns={"images": "*.jpg", "masks": "*_1stHO.png"},
    ),
    "STARE": Layout(
        stems=("im0001", "im0002", "im0255"),
        image="*.ppm",
        mask="*.ah.ppm",
        patterns={"images": "*.ppm", "masks": "*.ah.ppm"},
    ),
    "HRF": Layout(
        stems=("01_dr", "01_h", "02_h"),
        image="images/*.JPG",
        mask="manual1/*.tif",
        region="mask/*_mask.tif",
        patterns={"images": "images/*.jpg", "masks": "manual1/*", "roi": "mask/*.tif"},
    ),
    "ISIC": Layout(
        stems=("ISIC_0000000", "ISIC_0000001", "ISIC_0000003"),
        image="data/*.jpg",
        mask="truth/*_segmentation.png",
        patterns={"images": "data/*", "masks": "truth/*.png"},
    ),
    "Kvasir": Layout(
        stems=("cju0a", "cju1b", "cju2c"),
        image="images/*.jpg",
        mask="masks/*.jpg",
        patterns={"images": "images/*.jpg", "masks": "masks/*.jpg"},
        settings={"mask_threshold": 128.0},
    ),
    "folders": Layout(
        stems=("p1", "p2", "p3"),
        image="*/img/1.png",
        mask="*/seg/1.png",
        patterns={"images": "**/img/*.png", "masks": "**/seg/*.png"},
    ),
    "placeholder": Layout(
        stems=("x", "y", "z"),
        image="a_*_b.png",
        mask="*/truth.png",
        patterns={"images": "a_{id}_b.png", "masks": "{id}/truth.png"},
    ),
}


def layout(folder: PairFolder, kind: str) -> PairedImages:
    """A small copy of a public data set's files, among files that are no data."""
    names = LAYOUTS[kind]
    for stem in names.stems:
        folder.write({names.image.replace("*", stem): folder.picture()})
        folder.write({names.mask.replace("*", stem): folder.mask()})
        if names.region:
            folder.write({names.region.replace("*", stem): folder.mask()})
    parent = names.image.rpartition("/")[0].replace("*", "p1") or "."
    folder.write({f"{parent}/{leftover}": b"x" for leftover in ("Thumbs.db", "README.txt")})
    return folder.component(**names.patterns, **names.settings)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_public_layouts_are_surveyed_without_faults(folder: PairFolder, kind: str) -> None:
    """Three samples, sorted, with their sizes, channels and bytes on disk."""
    component = layout(folder, kind)
    found = folder.survey(component)
    assert found.faults == ()
    assert [len(info.files) for info in found.samples] == [3 if component.roi else 2] * 3
    assert [info.size for info in found.samples] == [SIZE] * 3
    assert [info.channels for info in found.samples] == [3] * 3
    assert [info.id for info in found.samples] == sorted(info.id for info in found.samples)
    for info in found.samples:
        sizes = tuple((folder.root / name).stat().st_size for name in info.files)
        assert info.file_bytes == sizes


@pytest.mark.parametrize("kind", LAYOUTS)
def test_public_layouts_load(folder: PairFolder, kind: str) -> None:
    """Image, labels and region have the size of the files and the labels 0 and 1."""
    component = layout(folder, kind)
    sample = folder.loaded(component, 2)
    assert sample.image_CHW.shape == (3, *SIZE)
    np.testing.assert_array_equal(sample.target, np.asarray(folder.mask()) > 0)
    assert (sample.roi_HW is not None) == (component.roi is not None)


def test_the_id_is_the_name_relative_to_the_root(folder: PairFolder) -> None:
    """So it is the same on every machine."""
    assert folder.survey(folder.same_stems()).samples[0].id == "images/0.png"


def test_headers_are_read_from_evenly_spread_samples(folder: PairFolder) -> None:
    """Of ten samples and five headers every second one is read."""
    found = folder.survey(folder.same_stems(10), max_headers=5)
    assert [info.size is not None for info in found.samples] == [True, False] * 5
    assert found.num_headers_read == 5


def test_channels_say_what_images_become(folder: PairFolder) -> None:
    """`grey` gives one channel in the survey and in the sample."""
    folder.same_stems()
    component = folder.component(images="images/*.png", masks="labels/*.png", channels="grey")
    assert folder.survey(component).samples[0].channels == 1
    assert folder.loaded(component).image_CHW.shape[0] == 1


def test_a_root_from_the_environment(folder: PairFolder) -> None:
    """`${env:NAME}` is resolved; an unset one is a fault that names it."""
    folder.same_stems()
    component = PairedImages(root="${env:DATA}", images="images/*.png", masks="labels/*.png")
    resolver = Resolver(base=Path("/"), environment={"DATA": str(folder.root)})
    assert not component.survey(resolver, max_headers=0, num_classes=2).faults
    assert "DATA" in folder.only_fault(component).message


def test_a_file_that_vanished_is_a_corrupt_sample(folder: PairFolder) -> None:
    """The text names the file."""
    component = folder.same_stems()
    samples = component.open(RESOLVER, folder.survey(component).samples, 2)
    (folder.root / "labels/0.png").unlink()
    with pytest.raises(CorruptSample, match=r"labels/0.png: the file does not exist"):
        samples.load(0)


def test_a_truncated_image_is_a_corrupt_sample(folder: PairFolder) -> None:
    """Its header passes the survey, its pixels do not load."""
    component = folder.same_stems()
    file = folder.root / "images/0.png"
    file.write_bytes(file.read_bytes()[:200])
    assert not folder.survey(component).faults
    with pytest.raises(CorruptSample, match=r"images/0.png: it is truncated"):
        folder.loaded(component)


def test_labels_outside_the_classes_are_a_corrupt_sample(folder: PairFolder) -> None:
    """With values, counts and remedy."""
    component = folder.same_stems()
    folder.write({"labels/0.png": folder.mask(white=7)})
    with pytest.raises(CorruptSample, match=r"labels/0.png: .* 7 \(30 pixels\).*label_values"):
        folder.loaded(component, num_classes=3)


def test_a_size_that_the_survey_did_not_see_is_a_corrupt_sample(folder: PairFolder) -> None:
    """Both files and sizes are named."""
    component = folder.same_stems()
    folder.write({"labels/0.png": folder.mask((8, 8))})
    with pytest.raises(CorruptSample, match=r"labels/0.png: it is 8x8 .* images/0.png is 12x16"):
        folder.loaded(component)


def test_channels_that_the_survey_did_not_see_are_a_corrupt_sample(folder: PairFolder) -> None:
    """A grey image among colour does not reach a batch."""
    component = folder.same_stems()
    folder.write({"images/2.png": folder.picture(channels=1)})
    found = folder.survey(component, max_headers=1)
    with pytest.raises(CorruptSample, match=r"images/2.png: it has 1 channel"):
        component.open(RESOLVER, found.samples, 2).load(2)


def test_a_turned_photograph_fits_its_upright_mask(folder: PairFolder) -> None:
    """A mask belongs to the image as viewers show it; one of the stored size is told."""
    exif = Image.Exif()
    exif[274] = 6
    (folder.root / "i").mkdir()
    folder.picture().save(folder.root / "i/1.jpg", exif=exif)
    component = folder.component(images="i/*.jpg", masks="m/*.png")
    folder.write({"m/1.png": folder.mask(SIZE[::-1])})
    assert not folder.survey(component).faults
    assert folder.loaded(component).image_CHW.shape == (3, *SIZE[::-1])
    folder.write({"m/1.png": folder.mask(SIZE)})
    fault = folder.only_fault(component)
    assert (fault.code, "EXIF" in fault.hint) == ("size-mismatch", True)
