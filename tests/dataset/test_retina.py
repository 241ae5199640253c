"""Synthetic retinas: deterministic, exact, and neither trivial nor out of reach."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from neurotrain.component.paths import Resolver
from neurotrain.dataset.phantom import DEFAULT_SEED, RetinaPhantom
from neurotrain.dataset.retina import Phantom, draw_retina
from neurotrain.dataset.vessel_paint import paint_vessels
from neurotrain.dataset.vessel_tree import Segments, grow_vessels, place_landmarks

SIZE = 144


@cache
def series(seed: int, num: int = 6) -> tuple[Phantom, ...]:
    return tuple(draw_retina(seed, index, SIZE) for index in range(num))


def pixels(pictures: tuple[Phantom, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Colours and labels of all pixels in the fields of view."""
    colours = np.concatenate([one.image_HWC[one.field_HW] for one in pictures])
    labels = np.concatenate([one.vessels_HW[one.field_HW] for one in pictures])
    return colours.astype(np.float64) / 255.0, labels


def test_the_same_numbers_give_the_same_picture() -> None:
    """A picture is a pure function of seed, index and size."""
    first, again = draw_retina(7, 3, 96), draw_retina(7, 3, 96)
    np.testing.assert_array_equal(first.image_HWC, again.image_HWC)
    np.testing.assert_array_equal(first.vessels_HW, again.vessels_HW)


@pytest.mark.parametrize(("seed", "index"), [(7, 4), (8, 3)])
def test_other_numbers_give_another_picture(seed: int, index: int) -> None:
    """Neither seeds nor indices share vessels."""
    one, other = draw_retina(7, 3, 96), draw_retina(seed, index, 96)
    assert f1_score(one.vessels_HW.ravel(), other.vessels_HW.ravel()) < 0.5


def test_the_anatomy_does_not_depend_on_the_size() -> None:
    """A picture twice as large shows the same vessels."""
    small, large = draw_retina(7, 3, 128), draw_retina(7, 3, 256)
    halved = large.vessels_HW.reshape(128, 2, 128, 2).max(axis=(1, 3))
    assert f1_score(small.vessels_HW.ravel(), halved.ravel()) > 0.8


def test_the_field_of_view_is_a_disc() -> None:
    """Its area is that of a circle of 96 % of the side; outside it is dark."""
    picture = series(1)[0]
    area = np.pi * (0.48 * SIZE) ** 2
    assert abs(picture.field_HW.sum() - area) < 0.01 * area
    assert picture.image_HWC[~picture.field_HW].mean() < 20
    assert not (picture.vessels_HW & ~picture.field_HW).any()


def test_vessels_cover_a_realistic_share() -> None:
    """In DRIVE an eighth of the field of view is vessel."""
    for picture in series(1):
        assert 0.06 < picture.vessels_HW.sum() / picture.field_HW.sum() < 0.22


def test_vessels_hang_together() -> None:
    """Nearly all vessel pixels belong to one connected tree."""
    for picture in series(1):
        parts, _ = label(picture.vessels_HW, structure=np.ones((3, 3)))
        largest = np.bincount(parts.ravel())[1:].max()
        assert largest > 0.9 * picture.vessels_HW.sum()


def test_vessels_vary_in_calibre() -> None:
    """The thickest are at least three times as wide as the thinnest."""
    rng = np.random.default_rng(0)
    radii_N = grow_vessels(place_landmarks(rng), rng).radii_N
    assert radii_N.max() > 3 * radii_N.min()


def test_the_mask_is_exact() -> None:
    """It is true just where a pixel's centre lies within a segment's radius."""
    segments = Segments(
        starts_N2=np.array([[-0.5, -0.3], [0.2, 0.6]]),
        ends_N2=np.array([[0.4, 0.1], [0.2, -0.7]]),
        radii_N=np.array([0.08, 0.03]),
        is_vein_N=np.array([True, False]),
    )
    size, radius_px = 61, 29.0
    axis = (np.arange(size) - (size - 1) / 2) / radius_px
    x_HW, y_HW = np.meshgrid(axis, axis)
    expected = np.zeros((size, size), bool)
    for start, end, radius in zip(
        segments.starts_N2, segments.ends_N2, segments.radii_N, strict=True
    ):
        share = np.linspace(0, 1, 2001)[:, None, None]
        line_x, line_y = start[0] + share * (end - start)[0], start[1] + share * (end - start)[1]
        nearest = np.hypot(x_HW - line_x, y_HW - line_y).min(axis=0)
        expected |= nearest <= radius
    painted = paint_vessels(segments, size, radius_px)
    assert (painted.mask_HW != expected).mean() < 0.001


def test_no_global_threshold_finds_the_vessels() -> None:
    """Not even the best one for the test pictures, on any colour, dark or bright."""
    colours, labels = pixels(series(2))
    scores = [
        f1_score(labels, sign * channel < cut)
        for channel in colours.T
        for sign in (1, -1)
        for cut in np.quantile(sign * channel, np.linspace(0.02, 0.6, 15))
    ]
    assert max(scores) < 0.55


def test_no_linear_rule_of_the_colour_finds_the_vessels() -> None:
    """A logistic regression on the raw pixel stays below 0.6 at its best cut."""
    colours, labels = pixels(series(1))
    model = LogisticRegression(class_weight="balanced").fit(colours[::3], labels[::3])
    colours, labels = pixels(series(2))
    scores = model.predict_proba(colours)[:, 1]
    cuts = np.quantile(scores, np.linspace(0.6, 0.98, 20))
    assert max(f1_score(labels, scores >= cut) for cut in cuts) < 0.6


def test_vessels_are_darker_than_what_is_beside_them() -> None:
    """The truth is there to be learnt: green falls inside vessels against their surroundings."""
    from scipy.ndimage import binary_dilation

    for picture in series(1):
        beside_HW = binary_dilation(picture.vessels_HW, iterations=3) & ~binary_dilation(
            picture.vessels_HW
        )
        green_HW = picture.image_HWC[..., 1].astype(float)
        inside = green_HW[picture.vessels_HW & picture.field_HW].mean()
        assert inside < 0.93 * green_HW[beside_HW & picture.field_HW].mean()


def test_the_survey_names_it_synthetic() -> None:
    """Ids, sizes and the word synthetic, without a picture being drawn."""
    resolver = Resolver(base=Path("/"), environment={})
    found = RetinaPhantom(num_images=3, size=96).survey(resolver, max_headers=None, num_classes=2)
    assert [info.id for info in found.samples] == ["phantom-0000", "phantom-0001", "phantom-0002"]
    assert (found.samples[0].size, found.samples[0].channels) == ((96, 96), 3)
    assert found.synthetic


def test_samples_are_the_pictures() -> None:
    """The component loads what the generator draws, whichever samples are opened."""
    resolver = Resolver(base=Path("/"), environment={})
    component = RetinaPhantom(num_images=5, size=96)
    found = component.survey(resolver, max_headers=None, num_classes=2)
    sample = component.open(resolver, found.samples[3:], 2).load(0)
    picture = draw_retina(DEFAULT_SEED, 3, 96)
    np.testing.assert_allclose(
        np.moveaxis(sample.image_CHW, 0, 2) * 255, picture.image_HWC, rtol=1e-6
    )
    np.testing.assert_array_equal(sample.target, picture.vessels_HW)
    assert sample.roi_HW is not None
    np.testing.assert_array_equal(sample.roi_HW, picture.field_HW)
