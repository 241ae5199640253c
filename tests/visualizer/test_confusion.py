"""The confusion matrix is readable for few and for many classes."""

import numpy as np
import pytest
from PIL import Image

from neurotrain.visualizer.confusion import count_text, draw_confusion, share_text
from neurotrain.visualizer.labels import shown, shown_apart


def pixels(path):
    """The picture's pixels."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("num_classes", [1, 2, 3, 7, 12, 13, 40, 200])
def test_any_number_of_classes(tmp_path, num_classes):
    """The picture is nearly square, of bearable size, and dark on the diagonal alone."""
    counts = (np.eye(num_classes, dtype=int) * 50).tolist()
    names = [f"class {number}" for number in range(num_classes)]
    found = pixels(draw_confusion(counts, names, tmp_path / "matrix.png"))
    height, width, _ = found.shape
    assert 600 <= width <= 2400
    assert 0.8 < width / height < 1.3
    dark = (abs(found - np.array([8, 48, 107])) <= 3).all(axis=2).sum()
    assert dark > 0


def test_rows_are_normalised(tmp_path):
    """A class of ten samples and one of a million have the same colours."""
    rare = draw_confusion([[9, 1], [1, 9]], ["a", "b"], tmp_path / "rare.png")
    mixed = draw_confusion([[900_000, 100_000], [1, 9]], ["a", "b"], tmp_path / "mixed.png")
    colours = [
        {tuple(colour) for colour, count in zip(*np.unique(
            pixels(path).reshape(-1, 3), axis=0, return_counts=True), strict=True) if count > 5000}
        for path in (rare, mixed)
    ]  # fmt: skip
    assert colours[0] == colours[1]
    assert len(colours[0]) == 3


def test_a_class_that_never_occurs_is_grey(tmp_path):
    """Its row is no row of zeros percent."""
    found = pixels(draw_confusion([[4, 0], [0, 0]], ["a", "b"], tmp_path / "matrix.png"))
    assert (found == 0xE4).all(axis=2).sum() > 10_000


def test_hostile_names_are_drawn(tmp_path):
    """Formulas, line breaks, very long and foreign names neither fail nor swallow the cells."""
    names = ["$\\frac{", "a\nb\x00", "x" * 500, "血管"]
    found = pixels(draw_confusion((np.eye(4, dtype=int) * 9).tolist(), names, tmp_path / "m.png"))
    dark = (abs(found - np.array([8, 48, 107])) <= 3).all(axis=2)
    columns = np.flatnonzero(dark.any(axis=0))
    assert columns.max() - columns.min() > found.shape[1] // 3


def test_same_counts_same_bytes(tmp_path):
    """The file holds nothing but the picture."""
    files = [draw_confusion([[1, 2], [3, 4]], ["a", "b"], tmp_path / name) for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("count", "total", "text"),
    [(0, 10, "0.0 %"), (1, 100_000, "<0.1 %"), (99_999, 100_000, ">99.9 %"), (10, 10, "100.0 %"),
     (1, 3, "33.3 %"), (0, 0, "–")],
)  # fmt: skip
def test_shares_are_not_rounded_away(count, total, text):
    """Little is not nothing, and nearly all is not all."""
    assert share_text(count, total) == text


@pytest.mark.parametrize(
    ("count", "room", "text"),
    [(999, 5, "999"), (12_345, 6, "12,345"), (12_345, 5, "12.3k"), (3_456_789, 7, "3.46M"),
     (7 * 10**9, 7, "7G")],
)  # fmt: skip
def test_counts_fit_their_cells(count, room, text):
    """Counts with more characters than there is room are told in thousands or millions."""
    assert count_text(count, room) == text


def test_long_names_keep_both_ends():
    """What tells names apart is often at their end."""
    assert shown("abcdefghij", 7) == "abc…hij"
    assert shown("abc", 3) == "abc"


def test_shortened_names_stay_different():
    """Names that shortening makes equal are numbered."""
    names = shown_apart([f"long {middle} name" for middle in ("first", "other")], 9)
    assert len(set(names)) == 2
    assert all(len(name) <= 9 for name in names)
