"""Pictures of samples show what is true, for any image and any labels."""

import numpy as np
import pytest
from PIL import Image

from neurotrain.visualizer.canvas import title_of
from neurotrain.visualizer.pixels import class_colours, dimmed, outcomes, painted, picture_of
from neurotrain.visualizer.samples import RIGHT, WRONG, draw_classification, draw_segmentation

FALSE_POSITIVE, FALSE_NEGATIVE, MIXED_UP = (255, 176, 0), (64, 150, 255), (226, 120, 190)


def pixels(path):
    """The picture's pixels."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def count(path, colour):
    """How many pixels have exactly that colour."""
    return int((pixels(path) == np.array(colour)).all(axis=2).sum())


def segment(path, truth, prediction, *, image=None, roi=None, classes=("rest", "thing"), title="s"):
    """Draw label maps over a grey ramp."""
    ramp = np.arange(truth.size, dtype=np.float32).reshape(1, *truth.shape)
    return draw_segmentation(
        path, image_CHW=ramp if image is None else image, truth_HW=truth,
        prediction_HW=prediction, roi_HW=roi, classes=classes, title=title,
    )  # fmt: skip


def quarters():
    """A truth and a prediction of which a quarter each is TP, FN, FP and TN."""
    truth, prediction = np.zeros((64, 64), int), np.zeros((64, 64), int)
    truth[:32] = 1
    prediction[:, :32] = 1
    return truth, prediction


@pytest.mark.parametrize("num_channels", [1, 2, 3, 4, 13])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int16, np.uint16])
def test_any_channels_and_types(tmp_path, num_channels, dtype):
    """Every image becomes a picture with the contrast it has."""
    image = np.random.default_rng(0).integers(0, 200, (num_channels, 40, 30)).astype(dtype)
    truth, prediction = (half[:40, :30] for half in quarters())
    path = segment(tmp_path / "s.png", truth, prediction, image=image)
    assert len(np.unique(pixels(path).reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-4, 0.0), (6e4, -3e4), (3.0, 1e3)])
def test_any_value_range(scale, offset):
    """The same picture comes of any scale and offset of its values."""
    values = np.random.default_rng(1).random((3, 32, 32))
    picture = picture_of(values * scale + offset).astype(int)
    assert abs(picture - picture_of(values).astype(int)).max() <= 1
    assert picture.min() == 0
    assert picture.max() == 255


def test_outliers_do_not_take_the_contrast():
    """One hot pixel leaves the rest visible."""
    values = np.random.default_rng(1).random((1, 64, 64))
    values[0, 0, 0] = 1e9
    assert picture_of(values).std() > 50


@pytest.mark.parametrize("value", [0.0, 7.5, np.nan, np.inf])
def test_images_without_contrast(value):
    """A constant image is one grey, one without numbers is black, and neither fails."""
    picture = picture_of(np.full((1, 8, 8), value, dtype=np.float32))
    assert np.unique(picture).tolist() == [128 if np.isfinite(value) else 0]


def test_contrast_is_taken_inside_the_region():
    """What lies outside the region of interest does not darken it."""
    values = np.linspace(0.0, 1.0, 64 * 64).reshape(1, 64, 64)
    values[:, :, 32:] += 100.0
    region = np.arange(64)[None, :].repeat(64, 0) < 32
    inside = picture_of(values, region)[region]
    assert inside.min() == 0
    assert inside.max() == 255


def test_difference_has_a_colour_for_each_outcome(tmp_path):
    """A quarter of the panel each is a false positive and a false negative."""
    path = segment(tmp_path / "s.png", *quarters())
    quarter = 256 * 256 // 4
    assert quarter <= count(path, FALSE_POSITIVE) < quarter + 1000
    assert quarter <= count(path, FALSE_NEGATIVE) < quarter + 1000
    assert count(path, MIXED_UP) == 0


def test_perfect_prediction_has_no_errors(tmp_path):
    """Only the legend shows the colours of errors."""
    truth, _ = quarters()
    path = segment(tmp_path / "s.png", truth, truth)
    assert count(path, FALSE_POSITIVE) < 1000
    assert count(path, FALSE_NEGATIVE) < 1000


def test_outside_the_region_nothing_counts(tmp_path):
    """Errors outside are not drawn and not counted, and the panels are dimmed there."""
    truth, prediction = quarters()
    region = np.zeros((64, 64), dtype=np.uint8)
    region[:16, :16] = 1
    kinds = outcomes(truth, prediction, 2, region.astype(bool))
    assert [kind.num_pixels for kind in kinds] == [256, 0, 0]
    path = segment(tmp_path / "s.png", truth, prediction, roi=region)
    assert count(path, FALSE_POSITIVE) < 1000
    white = np.full((64, 64, 3), 255, dtype=np.uint8)
    faded = dimmed(white, region.astype(bool))
    assert faded[0, 0].tolist() == [255, 255, 255]
    assert faded[40, 40].max() < 140


def test_outcomes_agree_with_a_count_by_hand():
    """Counts of three classes, with an ignored label, as a loop counts them."""
    rng = np.random.default_rng(5)
    truth, prediction = rng.integers(-1, 3, (20, 20)), rng.integers(0, 3, (20, 20))
    by_hand = {"true positive": 0, "false positive": 0, "false negative": 0, "wrong class": 0}
    for true, said in zip(truth.flat, prediction.flat, strict=True):
        if true >= 1 and said >= 1:
            by_hand["true positive" if true == said else "wrong class"] += 1
        elif true == 0 and said >= 1:
            by_hand["false positive"] += 1
        elif true >= 1 and said == 0:
            by_hand["false negative"] += 1
    kinds = outcomes(truth, prediction, 3, None)
    assert {kind.name: kind.num_pixels for kind in kinds} == by_hand


@pytest.mark.parametrize("num_classes", [2, 3, 8, 9, 40])
def test_classes_have_colours_of_their_own(num_classes):
    """No two classes look the same."""
    assert len(set(class_colours(num_classes))) == num_classes


def test_labels_outside_the_classes_are_grey():
    """An ignored label is no class."""
    assert painted(np.array([[-1, 255, 0]]), 2)[0, :2].tolist() == [[128] * 3, [128] * 3]


def test_many_classes_and_hostile_names(tmp_path):
    """Forty classes with tags, line breaks and endless names fit below the panels."""
    labels = np.arange(64 * 64).reshape(64, 64) % 40
    names = [f"<b>&\n$x^{{ {number} " + "long " * 60 for number in range(40)]
    title = "=cmd|'/c calc'!A0 <script> \ud800 " + "x" * 900
    path = segment(tmp_path / "s.png", labels, labels[::-1], classes=names, title=title)
    height, width, _ = pixels(path).shape
    assert width < 2000
    assert height < 2000


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (5, 3), (300, 301), (1500, 900)])
def test_any_size(tmp_path, size):
    """Tiny, thin and large samples give pictures of a bearable size."""
    labels = np.zeros(size, dtype=np.uint8)
    height, width, _ = pixels(segment(tmp_path / "s.png", labels, labels)).shape
    assert 900 < width < 3000
    assert height < 1500


def test_small_images_keep_sharp_pixels(tmp_path):
    """A picture of 8 by 8 pixels is enlarged without inventing values."""
    truth = np.indices((8, 8)).sum(0) % 2
    path = segment(tmp_path / "s.png", truth, truth, image=np.zeros((1, 8, 8)))
    panel = pixels(path)[80:200, 290:520]
    assert set(map(tuple, panel.reshape(-1, 3).tolist())) <= {*class_colours(2), (201, 206, 214)}


def test_the_title_can_be_read_back(tmp_path):
    """A picture tells which sample it shows, foreign letters included."""
    truth, prediction = quarters()
    assert title_of(segment(tmp_path / "s.png", truth, prediction, title="ü/01.tif")) == "ü/01.tif"


def classify(path, truth, prediction, confidences, classes=None):
    """Draw a small image with its answer."""
    return draw_classification(
        path, image_CHW=np.random.default_rng(0).random((1, 8, 8)), truth=truth,
        prediction=prediction, confidences=confidences,
        classes=classes or [str(number) for number in range(len(confidences))], title="digit",
    )  # fmt: skip


def test_right_and_wrong_differ_in_more_than_colour(tmp_path):
    """The verdict differs in its signs: the greyscale of its label alone does."""
    shares = [0.7, 0.2, 0.1]
    right = pixels(classify(tmp_path / "r.png", 0, 0, shares))
    wrong = pixels(classify(tmp_path / "w.png", 1, 0, shares))
    signs = [(part[20:50, 317:420] > 200).all(axis=2) for part in (right, wrong)]
    assert signs[0].any()
    assert (signs[0] != signs[1]).any()


def test_wrong_answers_show_both_colours(tmp_path):
    """Truth and prediction have bars of their own colours."""
    path = classify(tmp_path / "w.png", 1, 0, [0.7, 0.2, 0.1])
    assert count(path, WRONG) > 500
    assert count(path, RIGHT) > 500
    assert count(classify(tmp_path / "r.png", 0, 0, [0.7, 0.2, 0.1]), WRONG) == 0


def test_the_truth_is_shown_where_it_is_not_among_the_five_best(tmp_path):
    """A sixth bar stands for it."""
    shares = np.linspace(1.0, 0.0, 12)
    five = pixels(classify(tmp_path / "a.png", 0, 0, shares))
    six = pixels(classify(tmp_path / "b.png", 11, 0, shares))
    assert six.shape[0] >= five.shape[0]
    assert count(tmp_path / "b.png", WRONG) > 500


def test_longer_bars_for_higher_confidence(tmp_path):
    """The bar is as long as the confidence."""
    lengths = [
        count(classify(tmp_path / f"{share}.png", 0, 0, [share, 0.0]), RIGHT)
        for share in (0.25, 0.5, 1.0)
    ]
    verdict = 2 * lengths[0] - lengths[1]
    assert (lengths[2] - verdict) == pytest.approx(4 * (lengths[0] - verdict), rel=0.05)


@pytest.mark.parametrize("shares", [[np.nan, np.nan], [np.inf, -1.0], [1.0]])
def test_odd_confidences(tmp_path, shares):
    """Not a number, infinite, or a single class: still a picture."""
    path = classify(tmp_path / "c.png", 0, 0, shares)
    assert len(np.unique(pixels(path).reshape(-1, 3), axis=0)) > 10


def test_same_sample_same_bytes(tmp_path):
    """The file names no time."""
    files = [classify(tmp_path / name, 0, 1, [0.4, 0.6]) for name in ("a.png", "b.png")]
    assert files[0].read_bytes() == files[1].read_bytes()
