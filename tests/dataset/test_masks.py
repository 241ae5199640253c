"""Label maps: which value stands for which class, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurotrain.dataset.headers import UnreadableImage
from neurotrain.dataset.masks import LabelCoding, load_labels, load_region

LABELS = np.array([[0, 1, 1], [1, 0, 0]])
TWO = LabelCoding(num_classes=2)
THREE = LabelCoding(num_classes=3)


def saved(tmp_path: Path, values: np.ndarray, name: str = "m.png") -> Path:
    file = tmp_path / name
    if name.endswith(".npy"):
        np.save(file, values)
    else:
        Image.fromarray(values).save(file)
    return file


def saved_palette(tmp_path: Path, indices: np.ndarray, palette: list[int], name: str) -> Path:
    image = Image.fromarray(indices.astype(np.uint8), "L")
    image.putpalette(palette)
    image.save(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    "values",
    [
        LABELS.astype(np.uint8),
        (LABELS * 255).astype(np.uint8),
        (LABELS * 255).astype(np.uint16),
        (LABELS * 65_535).astype(np.uint16),
        LABELS.astype(bool),
    ],
)
def test_two_classes_may_be_0_and_1_or_0_and_white(tmp_path: Path, values: np.ndarray) -> None:
    """Black and white masks need no setting."""
    np.testing.assert_array_equal(load_labels(saved(tmp_path, values), TWO), LABELS)


@pytest.mark.parametrize("values", [LABELS, LABELS * 255, LABELS.astype(bool), LABELS * 1.0])
def test_arrays_of_labels(tmp_path: Path, values: np.ndarray) -> None:
    """NPY masks may be integers, booleans or whole floats."""
    labels_HW = load_labels(saved(tmp_path, values, "m.npy"), TWO)
    np.testing.assert_array_equal(labels_HW, LABELS)
    assert labels_HW.dtype == np.int64


def test_label_values_are_in_class_order(tmp_path: Path) -> None:
    """The first value is class 0, whatever its size."""
    values = np.array([[200, 10, 80]], np.uint8)
    coding = LabelCoding(num_classes=3, label_values=(80, 200, 10))
    np.testing.assert_array_equal(load_labels(saved(tmp_path, values), coding), [[1, 2, 0]])


def test_a_threshold_takes_grey_borders(tmp_path: Path) -> None:
    """At or above it is foreground."""
    values = np.array([[0, 3, 127, 128, 250]], np.uint8)
    coding = LabelCoding(num_classes=2, threshold=128)
    np.testing.assert_array_equal(load_labels(saved(tmp_path, values), coding), [[0, 0, 0, 1, 1]])


def test_jpeg_masks_need_the_threshold_and_get_exact_with_it(tmp_path: Path) -> None:
    """Compression noise is told without the threshold and gone with it."""
    blocks = np.kron(LABELS, np.ones((12, 12))).astype(np.uint8)
    file = tmp_path / "m.jpg"
    Image.fromarray(blocks * 255).convert("RGB").save(file, quality=60)
    with pytest.raises(UnreadableImage, match="mask_threshold"):
        load_labels(file, TWO)
    coding = LabelCoding(num_classes=2, threshold=128)
    np.testing.assert_array_equal(load_labels(file, coding), blocks)


@pytest.mark.parametrize("name", ["m.png", "m.gif"])
def test_a_coloured_palette_counts_by_its_indices(tmp_path: Path, name: str) -> None:
    """As in VOC: black, red and green are 0, 1 and 2."""
    indices = np.array([[0, 1, 2, 1]])
    file = saved_palette(tmp_path, indices, [0, 0, 0, 128, 0, 0, 0, 128, 0], name)
    np.testing.assert_array_equal(load_labels(file, THREE), indices)


@pytest.mark.parametrize("name", ["m.png", "m.gif"])
def test_a_grey_palette_counts_by_its_luminance(tmp_path: Path, name: str) -> None:
    """A palette that begins with white does not swap the classes."""
    file = saved_palette(tmp_path, 1 - LABELS, [255, 255, 255, 0, 0, 0], name)
    np.testing.assert_array_equal(load_labels(file, TWO), LABELS)


def test_equal_channels_count_as_grey(tmp_path: Path) -> None:
    """A grey mask saved as RGB is still grey."""
    values = np.repeat((LABELS * 255).astype(np.uint8)[..., None], 3, axis=2)
    np.testing.assert_array_equal(load_labels(saved(tmp_path, values), TWO), LABELS)


def test_coloured_masks_are_refused(tmp_path: Path) -> None:
    """Red on black is not guessed, not even with a threshold."""
    values = np.zeros((2, 3, 3), np.uint8)
    values[..., 0] = LABELS * 255
    for coding in (TWO, LabelCoding(num_classes=2, threshold=128)):
        with pytest.raises(UnreadableImage, match="coloured"):
            load_labels(saved(tmp_path, values), coding)


def test_illegal_values_are_counted(tmp_path: Path) -> None:
    """The fault says which values, how many pixels, and what to set."""
    values = np.array([[0, 1, 7, 7, 9]], np.uint8)
    with pytest.raises(UnreadableImage) as fault:
        load_labels(saved(tmp_path, values), THREE)
    assert "7 (2 pixels), 9 (1 pixel)" in fault.value.cause
    assert "label_values" in fault.value.cause


def test_white_among_labels_is_refused(tmp_path: Path) -> None:
    """0, 1 and 255 together are two classes and something else."""
    with pytest.raises(UnreadableImage, match=r"255 \(1 pixel\)"):
        load_labels(saved(tmp_path, np.array([[0, 1, 255]], np.uint8)), TWO)


def test_values_outside_label_values_are_refused(tmp_path: Path) -> None:
    """A value that label_values does not name is no class."""
    coding = LabelCoding(num_classes=2, label_values=(10, 20))
    with pytest.raises(UnreadableImage, match=r"\[10, 20\]: 0 \(1 pixel\)"):
        load_labels(saved(tmp_path, np.array([[10, 20, 0]], np.uint8)), coding)


def test_negative_labels_are_refused(tmp_path: Path) -> None:
    """-1 is no class."""
    with pytest.raises(UnreadableImage, match=r"-1 \(1 pixel\)"):
        load_labels(saved(tmp_path, np.array([[0, -1]]), "m.npy"), TWO)


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf])
def test_fractions_are_refused(tmp_path: Path, value: float) -> None:
    """A probability map is not a label map."""
    with pytest.raises(UnreadableImage, match="mask_threshold"):
        load_labels(saved(tmp_path, np.array([[0.0, value]]), "m.npy"), TWO)


def test_fractions_with_a_threshold(tmp_path: Path) -> None:
    """A probability map becomes labels by its threshold; NaN does not."""
    coding = LabelCoding(num_classes=2, threshold=0.5)
    file = saved(tmp_path, np.array([[0.2, 0.7]]), "m.npy")
    np.testing.assert_array_equal(load_labels(file, coding), [[0, 1]])
    with pytest.raises(UnreadableImage, match="not finite"):
        load_labels(saved(tmp_path, np.array([[np.nan]]), "m.npy"), coding)


@pytest.mark.parametrize("white", [1, 100, 255])
def test_regions_are_at_least_half_the_largest_value(tmp_path: Path, white: int) -> None:
    """Any white will do, and noise near black stays outside."""
    values = (LABELS * white).astype(np.uint8)
    values[0, 0] = white // 10
    np.testing.assert_array_equal(load_region(saved(tmp_path, values)), LABELS.astype(bool))


def test_an_empty_region_is_refused(tmp_path: Path) -> None:
    """A black region would score nothing."""
    with pytest.raises(UnreadableImage, match="empty"):
        load_region(saved(tmp_path, np.zeros((2, 3), np.uint8)))
