"""Pairing of names: real layouts pair, and what cannot be told is never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurotrain.dataset.listing import FoundFile
from neurotrain.dataset.pairing import PairBy, Pairing, pair_files

LAYOUTS: dict[str, tuple[list[str], list[str], str]] = {
    "DRIVE masks": (
        [f"images/{n}_training.tif" for n in range(21, 41)],
        [f"1st_manual/{n}_manual1.gif" for n in range(21, 41)],
        "number",
    ),
    "DRIVE regions": (
        [f"images/{n:02}_test.tif" for n in range(1, 21)],
        [f"mask/{n:02}_test_mask.gif" for n in range(1, 21)],
        "extended stem",
    ),
    "CHASE_DB1": (
        [f"Image_{n:02}{eye}.jpg" for n in range(1, 15) for eye in "LR"],
        [f"Image_{n:02}{eye}_1stHO.png" for n in range(1, 15) for eye in "LR"],
        "extended stem",
    ),
    "STARE": (
        ["im0001.ppm", "im0002.ppm", "im0255.ppm"],
        ["im0001.ah.ppm", "im0002.ah.ppm", "im0255.ah.ppm"],
        "extended stem",
    ),
    "HRF": (
        [f"images/{n:02}_{kind}.jpg" for n in range(1, 6) for kind in ("dr", "g", "h")],
        [f"manual1/{n:02}_{kind}.tif" for n in range(1, 6) for kind in ("dr", "g", "h")],
        "stem",
    ),
    "ISIC": (
        ["ISIC_0000000.jpg", "ISIC_0000001.jpg"],
        ["ISIC_0000000_segmentation.png", "ISIC_0000001_segmentation.png"],
        "extended stem",
    ),
    "Kvasir": (
        ["images/cju0a.jpg", "images/cju1b.jpg"],
        ["masks/cju0a.jpg", "masks/cju1b.jpg"],
        "stem",
    ),
    "prefix": (["img/a.png", "img/b.png"], ["seg/mask_a.png", "seg/mask_b.png"], "extended stem"),
    "longer images": (["a_rgb.png", "b_rgb.png"], ["a.png", "b.png"], "extended stem"),
    "zero padding": (["img_7.png", "img_10.png"], ["seg_007.png", "seg_010.png"], "number"),
    "several numbers": (
        ["p1_s1_img.png", "p1_s2_img.png", "p2_s1_img.png"],
        ["p1_s1_seg.png", "p1_s2_seg.png", "p2_s1_seg.png"],
        "number",
    ),
    "one pair by number": (["21_training.tif"], ["21_manual1.gif"], "number"),
    "total in the name": (["1.png", "2.png"], ["1_of_2.png", "2_of_2.png"], "extended stem"),
}


def found(names: list[str], folders: tuple[str, ...] = ()) -> tuple[FoundFile, ...]:
    return tuple(FoundFile(name, 1, folders, None) for name in sorted(names))


def in_folders(names: list[str]) -> tuple[FoundFile, ...]:
    """Files of a pattern whose first folder is a wildcard."""
    return tuple(FoundFile(name, 1, (name.split("/")[0],), None) for name in sorted(names))


def paired(images: list[str], others: list[str], pair_by: PairBy = "auto") -> Pairing:
    return pair_files(found(images), found(others), pair_by)


def partners(pairing: Pairing) -> dict[str, str]:
    return {name: partner.name for name, partner in pairing.partners.items()}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_real_layouts_pair_completely(layout: str) -> None:
    """Every image gets the mask that was listed beside it, by the strictest rule that fits."""
    images, masks, rule = LAYOUTS[layout]
    pairing = paired(images, masks)
    assert partners(pairing) == dict(zip(images, masks, strict=True))
    assert (pairing.rule, pairing.is_complete) == (rule, True)


def test_a_missing_mask_leaves_its_image_alone() -> None:
    """The others are still paired, and the image without a mask is named."""
    pairing = paired(["1_a.png", "2_a.png", "3_a.png"], ["1_m.png", "3_m.png"])
    assert partners(pairing) == {"1_a.png": "1_m.png", "3_a.png": "3_m.png"}
    assert pairing.alone == ("2_a.png",)


def test_a_surplus_mask_is_unused() -> None:
    """A mask without an image is named."""
    pairing = paired(["a.png"], ["a_m.png", "b_m.png"])
    assert pairing.unused == ("b_m.png",)


def test_two_observers_are_ambiguous() -> None:
    """Two masks that fit an image equally well are told, and neither is taken."""
    images = ["Image_01L.jpg", "Image_01R.jpg"]
    masks = [f"Image_01{eye}_{observer}.png" for eye in "LR" for observer in ("1stHO", "2ndHO")]
    pairing = paired(images, masks)
    assert not pairing.partners
    assert pairing.ambiguous[0] == (
        "Image_01L.jpg",
        "Image_01L_1stHO.png",
        "Image_01L_2ndHO.png",
    )


def test_two_images_of_one_number_are_ambiguous() -> None:
    """Left and right of the same number are not paired by number."""
    pairing = paired(["1L.png", "1R.png"], ["1_first.png", "1_second.png"])
    assert not pairing.partners


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        (["21_training.tif"], ["35_manual21.gif"]),
        (["scan1_patient7.png"], ["mask1_patient8.png"]),
        (["img_2019_1.png", "img_2019_2.png"], ["seg_2020_1.png", "seg_2020_2.png"]),
        (["img1.png", "img2.png"], ["case5_slice1.png", "case6_slice2.png"]),
        (["photo.png"], ["mask.png"]),
        (["1.png", "2.png"], ["case5_1.png", "case6_2.png"]),
        (["p1_s1.png", "p1_s2.png"], ["p2_s1.png", "p2_s2.png"]),
    ],
)
def test_contradicting_names_are_not_paired(images: list[str], masks: list[str]) -> None:
    """Names whose numbers disagree, or that share none, are left alone."""
    assert not paired(images, masks).partners


def test_a_looser_rule_does_not_undo_a_stricter_one() -> None:
    """A mask of equal stem stays with its image although numbers would pair more files."""
    pairing = paired(["a1.png", "b2.png", "c3.png"], ["b2.png", "x2.png", "x3.png"])
    assert partners(pairing).get("b2.png") in (None, "b2.png")


def test_equal_stems_in_different_folders_pair_within_their_folder() -> None:
    """`a/img/1` belongs to `a/seg/1`, not to `b/seg/1`."""
    images = in_folders(["a/img/1.png", "b/img/1.png"])
    masks = in_folders(["a/seg/1.png", "b/seg/1.png"])
    assert partners(pair_files(images, masks, "auto")) == {
        "a/img/1.png": "a/seg/1.png",
        "b/img/1.png": "b/seg/1.png",
    }


def test_one_file_of_constant_name_in_each_folder_pairs_by_folder() -> None:
    """`p1/image` belongs to `p1/mask`."""
    images = in_folders(["p1/image.png", "p2/image.png"])
    masks = in_folders(["p1/mask.png", "p2/mask.png"])
    pairing = pair_files(images, masks, "auto")
    assert (pairing.rule, pairing.is_complete) == ("folder", True)


def test_other_names_in_the_same_folder_do_not_pair_by_folder() -> None:
    """Alone together in a folder is not enough where names differ from folder to folder."""
    images = in_folders(["p1/5.png", "p2/7.png"])
    masks = in_folders(["p1/m6.png", "p2/m8.png"])
    assert not pair_files(images, masks, "auto").partners


def test_pair_by_stem_does_not_use_numbers() -> None:
    """DRIVE's masks cannot be paired by stem."""
    images, masks, _ = LAYOUTS["DRIVE masks"]
    assert not paired(images, masks, "stem").partners


def test_pair_by_number_does_not_use_stems() -> None:
    """Files without numbers are not paired by number, even where their stems are equal."""
    assert not paired(["images/a.png"], ["masks/a.png"], "number").partners


def test_placeholders_replace_the_rules() -> None:
    """Equal `{id}` pairs, whatever else the names say."""
    images = (FoundFile("x9.png", 1, (), "9"), FoundFile("x8.png", 1, (), "8"))
    masks = (FoundFile("8/y9.png", 1, (), "8"), FoundFile("9/y8.png", 1, (), "9"))
    pairing = pair_files(images, masks, "auto")
    assert partners(pairing) == {"x9.png": "9/y8.png", "x8.png": "8/y9.png"}


def test_no_others_leaves_every_image_alone() -> None:
    """An empty listing pairs nothing."""
    assert paired(["a.png"], []).alone == ("a.png",)


def test_pairing_does_not_depend_on_the_order_of_files() -> None:
    """Reversed listings give the same pairs."""
    for images, masks, _ in LAYOUTS.values():
        forward = pair_files(found(images), found(masks), "auto")
        backward = pair_files(found(images)[::-1], found(masks)[::-1], "auto")
        assert partners(forward) == partners(backward)


@st.composite
def named_listings(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """Two or more images and masks by name with what each is of; some of either are missing."""
    form = draw(st.sampled_from(["{:d}", "{:03d}", "p{:d}", "{:d}L", "s{:d}_x"]))
    identities = [form.format(number) for number in draw(st.sets(st.integers(0, 30), min_size=2))]
    decoration = st.sampled_from(
        ["{}", "{}_mask", "{}_manual1", "im_{}", "scan2_{}", "{}_1", "{}.ah"]
    )
    image_form, mask_form = draw(decoration), draw(decoration)
    kept = st.sets(st.sampled_from(identities), min_size=2)
    images = {f"i/{image_form.format(name)}.png": name for name in draw(kept)}
    masks = {f"m/{mask_form.format(name)}.png": name for name in draw(kept)}
    return images, masks


@settings(max_examples=300, deadline=None)
@given(named_listings())
def test_whatever_pairs_is_of_the_same_eye(
    listings: tuple[dict[str, str], dict[str, str]],
) -> None:
    """However files are decorated and whichever are missing, no pair is wrong."""
    images, masks = listings
    pairing = paired(list(images), list(masks))
    for image, partner in pairing.partners.items():
        assert images[image] == masks[partner.name], pairing.rule
