"""Faults in the listing of paired images: each names its files and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neurotrain.dataset.paired_images import PairedImages

if TYPE_CHECKING:
    from conftest import PairFolder


def test_a_missing_root_names_the_nearest(folder: PairFolder) -> None:
    """The part that exists and a similar name are told."""
    folder.same_stems(start="training/")
    component = PairedImages(root=f"{folder.root}/trainng/x", images="*.png", masks="*.gif")
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("missing-files", "root")
    assert f"{folder.root} exists, but has no 'trainng'" in fault.message
    assert "'training'" in fault.hint


def test_a_root_that_is_a_file(folder: PairFolder) -> None:
    """A file is no root."""
    folder.write({"a.png": folder.picture()})
    component = PairedImages(root=f"{folder.root}/a.png", images="*.png", masks="*.gif")
    assert "is a file" in folder.only_fault(component).message


@pytest.mark.parametrize(
    ("pattern", "told", "better"),
    [
        ("images/*.jpg", "holds 3 .png", "images/*.png"),
        ("imags/*.png", "no folder 'imags'", "images/*.png"),
        ("*.png", "holds 2 folders (images, labels)", "images/*.png"),
        ("images/b*.png", "holds 3 .png", "images/*.png"),
    ],
)
def test_a_pattern_without_matches(
    folder: PairFolder, pattern: str, told: str, better: str
) -> None:
    """What is there instead is told, and a pattern that would match."""
    folder.same_stems()
    component = folder.component(images=pattern, masks="labels/*.png")
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("missing-files", "images")
    assert told in fault.message
    assert better in fault.hint


def test_an_absolute_pattern(folder: PairFolder) -> None:
    """Patterns are relative to root; the fault says so."""
    folder.same_stems()
    component = folder.component(images=f"{folder.root}/*.png", masks="labels/*.png")
    assert "relative to root" in folder.only_fault(component).hint


def test_dead_links_are_told(folder: PairFolder) -> None:
    """Data that was not fetched is not passed over in silence."""
    component = folder.same_stems()
    (folder.root / "images/9.png").symlink_to("absent")
    fault = folder.only_fault(component)
    assert "images/9.png" in fault.message
    assert "git-annex" in fault.hint


def test_patterns_that_match_the_same_files(folder: PairFolder) -> None:
    """Images cannot be told from masks; one pattern written twice is told at the second."""
    folder.write({"1.png": folder.picture(), "2.png": folder.picture()})
    fault = folder.only_fault(folder.component(images="*.png", masks="*.png"))
    assert (fault.field, "the same pattern" in fault.message) == ("masks", True)
    fault = folder.only_fault(folder.component(images="*.png", masks="?.png"))
    assert (fault.field, "matched by masks" in fault.message) == ("images", True)


def test_images_without_masks_are_named(folder: PairFolder) -> None:
    """At most five names, and how many more; the samples that have a mask remain."""
    component = folder.same_stems(9)
    for index in range(8):
        (folder.root / f"labels/{index}.png").unlink()
    found = folder.survey(component)
    (fault,) = found.faults
    assert (fault.code, fault.field) == ("unpaired-images", "masks")
    assert "8 images of 9 without a mask" in fault.message
    assert "images/4.png and 3 more" in fault.message
    assert "images/5.png" not in fault.message
    assert [info.id for info in found.samples] == ["images/8.png"]


def test_masks_without_images_are_named(folder: PairFolder) -> None:
    """So are masks that no image claims."""
    component = folder.same_stems()
    (folder.root / "images/1.png").unlink()
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("unpaired-images", "masks")
    assert "labels/1.png" in fault.message


def test_a_missing_region_is_named(folder: PairFolder) -> None:
    """The fault is about roi, and the sample without a region is left out."""
    for number in (21, 22, 23):
        folder.write({f"i/{number}_training.tif": folder.picture()})
        folder.write({f"m/{number}_manual1.gif": folder.mask()})
        folder.write({f"r/{number}_training_mask.gif": folder.mask()})
    component = folder.component(images="i/*.tif", masks="m/*.gif", roi="r/*.gif")
    (folder.root / "r/22_training_mask.gif").unlink()
    found = folder.survey(component)
    (fault,) = found.faults
    assert (fault.code, fault.field) == ("unpaired-images", "roi")
    assert "i/22_training.tif" in fault.message
    assert len(found.samples) == 2


def test_two_observers_are_ambiguous(folder: PairFolder) -> None:
    """The files of a group that cannot be told apart are named."""
    for name in ("01L", "01R", "02L"):
        folder.write({f"Image_{name}.jpg": folder.picture()})
        folder.write({f"Image_{name}_1stHO.png": folder.mask()})
        folder.write({f"Image_{name}_2ndHO.png": folder.mask()})
    component = folder.component(images="*.jpg", masks="*.png")
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("ambiguous-pairs", "masks")
    assert "Image_01L.jpg = Image_01L_1stHO.png = Image_01L_2ndHO.png" in fault.message
    assert "{id}" in fault.hint


def test_a_placeholder_in_one_pattern_only(folder: PairFolder) -> None:
    """`{id}` belongs into every pattern."""
    folder.same_stems()
    component = folder.component(images="images/{id}.png", masks="labels/*.png")
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("ambiguous-pairs", "masks")


def test_pair_by_beside_a_placeholder(folder: PairFolder) -> None:
    """A setting without effect is told, not ignored."""
    folder.same_stems()
    component = folder.component(
        images="images/{id}.png", masks="labels/{id}.png", pair_by="number"
    )
    assert folder.only_fault(component).field == "pair_by"


def test_unreadable_headers_are_named(folder: PairFolder) -> None:
    """Files that are no images, with the cause."""
    component = folder.same_stems()
    folder.write({"images/1.png": b"not an image", "labels/2.png": b""})
    images, masks = folder.survey(component).faults
    assert (images.code, images.field) == ("unreadable-image", "images")
    assert "images/1.png (not a PNG" in images.message
    assert (masks.field, "labels/2.png (the file is empty)" in masks.message) == ("masks", True)


def test_masks_of_another_size_are_named(folder: PairFolder) -> None:
    """With both sizes."""
    component = folder.same_stems()
    folder.write({"labels/1.png": folder.mask((8, 8))})
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("size-mismatch", "masks")
    assert "labels/1.png 8x8 for images/1.png 12x16" in fault.message


def test_mixed_channels_are_named(folder: PairFolder) -> None:
    """Grey among colour is told, and how to make them equal."""
    component = folder.same_stems()
    folder.write({"images/1.png": folder.picture(channels=1)})
    fault = folder.only_fault(component)
    assert (fault.code, fault.field) == ("mixed-channels", "channels")
    assert "1 image with 1 channel: images/1.png" in fault.message
    rgb = folder.component(images="images/*.png", masks="labels/*.png", channels="rgb")
    assert not folder.survey(rgb).faults


@pytest.mark.parametrize(
    ("settings", "num_classes", "field"),
    [
        ({"label_values": (0, 1, 2)}, 2, "label_values"),
        ({"label_values": (0, 0)}, 2, "label_values"),
        ({"mask_threshold": 128.0}, 3, "mask_threshold"),
        ({"mask_threshold": 128.0, "label_values": (0, 1)}, 2, "mask_threshold"),
    ],
)
def test_label_settings_that_contradict_the_task(
    folder: PairFolder, settings: dict[str, object], num_classes: int, field: str
) -> None:
    """Told from the settings alone."""
    folder.same_stems()
    component = folder.component(
        images="images/*.png",
        masks="labels/*.png",
        **settings,
    )
    fault = folder.only_fault(component, num_classes)
    assert (fault.code, fault.field) == ("label-values", field)


def test_independent_faults_are_all_told(folder: PairFolder) -> None:
    """A wrong size, a wrong channel and a missing mask give three faults."""
    component = folder.same_stems(4)
    folder.write({"labels/0.png": folder.mask((5, 5)), "images/1.png": folder.picture(channels=1)})
    (folder.root / "labels/3.png").unlink()
    codes = {fault.code for fault in folder.survey(component).faults}
    assert codes == {"size-mismatch", "mixed-channels", "unpaired-images"}
