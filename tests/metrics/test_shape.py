"""Distances between outlines against MONAI, centre lines against what a centre line is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from monai.metrics import (
    compute_average_surface_distance,
    compute_hausdorff_distance,
    compute_surface_dice,
)
from scipy.ndimage import gaussian_filter, label

from neurotrain.metrics.base import MapMetric, name_of
from neurotrain.metrics.masks import MaskPair
from neurotrain.metrics.shape import ClDice, Hausdorff95, SurfaceDice, SurfaceDistance
from neurotrain.metrics.skeleton import skeleton
from neurotrain.metrics.tally import Tally

EIGHT = np.ones((3, 3))
ALL = (Hausdorff95(), SurfaceDistance(), SurfaceDice(), ClDice())
BLOBS = arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
with_metric = pytest.mark.parametrize("metric", ALL, ids=name_of)


def blobs(seed: int, num: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Label maps of three classes and predictions a little beside them, which touch the borders."""
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(2, num, 40, 31)), (0, 0, 3, 3)) * 12
    fields[1] = 0.8 * fields[0] + 0.4 * fields[1]
    truth, predicted = np.digitize(fields, [0.2, 1.0])
    return torch.from_numpy(predicted), torch.from_numpy(truth)


def one_hot(labels: torch.Tensor) -> torch.Tensor:
    """Channels for MONAI."""
    return torch.nn.functional.one_hot(labels, 3).movedim(-1, 1)


def rows(metric: MapMetric, predicted: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The value of each sample and foreground class."""
    found = []
    for each in zip(predicted, truth, strict=True):
        tally = Tally((metric,), 3, is_map=True)
        tally.add(each[0][None], None, each[1][None])
        found.append(tally.per_class(metric)[1:])
    return torch.stack(found)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0)])
def test_distances_are_monais(spacing: tuple[float, float]) -> None:
    """Hausdorff 95, the average both ways and surface Dice, of every sample and class."""
    predicted, truth = blobs(0)
    ours, theirs = one_hot(predicted), one_hot(truth)
    settings = {"include_background": False, "spacing": list(spacing)}
    expected = compute_hausdorff_distance(ours, theirs, percentile=95, **settings)
    found = rows(Hausdorff95(spacing=spacing), predicted, truth)
    torch.testing.assert_close(found.float(), expected.float())
    expected = compute_average_surface_distance(ours, theirs, symmetric=True, **settings)
    found = rows(SurfaceDistance(spacing=spacing), predicted, truth)
    torch.testing.assert_close(found.float(), expected.float())
    expected = compute_surface_dice(ours, theirs, [1.5, 1.5], **settings)
    found = rows(SurfaceDice(spacing=spacing, tolerance=1.5), predicted, truth)
    torch.testing.assert_close(found.float(), expected.float())


@with_metric
def test_a_pass_is_the_mean_over_samples_and_classes(metric: MapMetric) -> None:
    """A class's value is the mean of its samples, the overall value that of the classes."""
    predicted, truth = blobs(1)
    tally = Tally((metric,), 3, is_map=True)
    tally.add(predicted, None, truth)
    each = rows(metric, predicted, truth)
    assert bool(tally.per_class(metric)[0].isnan())
    torch.testing.assert_close(tally.per_class(metric)[1:], each.mean(0))
    assert tally.overall(metric) == pytest.approx(float(each.mean()))


@with_metric
def test_a_right_mask_is_perfect(metric: MapMetric) -> None:
    """A distance is 0, a share 1."""
    _, truth = blobs(2)
    perfect = 0 if metric.better == "min" else 1
    assert rows(metric, truth, truth).unique().tolist() == [perfect]


@with_metric
def test_a_class_in_neither_mask_has_no_value(metric: MapMetric) -> None:
    """Such a sample is left out of the mean."""
    nothing = torch.zeros(1, 8, 9, dtype=torch.int64)
    assert rows(metric, nothing, nothing).isnan().all()
    _, truth = blobs(3, num=1)
    tally = Tally((metric,), 3, is_map=True)
    tally.add(truth, None, truth)
    tally.add(nothing, None, nothing)
    assert tally.overall(metric) == (0 if metric.better == "min" else 1)


@with_metric
@pytest.mark.parametrize("missed", [True, False])
def test_one_empty_mask_has_the_worst_value(metric: MapMetric, missed: bool) -> None:
    """A missed or invented object counts: the diagonal as a distance, 0 as a share."""
    nothing, object_ = torch.zeros(1, 6, 8, dtype=torch.int64), torch.zeros(1, 6, 8).long()
    object_[0, 2:4, 3:6] = 1
    pair = (nothing, object_) if missed else (object_, nothing)
    worst = 10.0 if metric.better == "min" else 0.0
    assert float(rows(metric, *pair)[0, 0]) == worst


@with_metric
def test_outside_the_region_nothing_counts(metric: MapMetric) -> None:
    """With a region, all outside is as if it were of no class."""
    predicted, truth = blobs(4)
    roi = torch.zeros(truth.shape, dtype=torch.bool)
    roi[:, 5:30, 4:20] = True
    tally = Tally((metric,), 3, is_map=True)
    tally.add(predicted, None, truth, roi)
    expected = rows(metric, predicted * roi, truth * roi).mean(0)
    torch.testing.assert_close(tally.per_class(metric)[1:], expected)


def test_the_hausdorff_distance_is_larger_than_the_mean() -> None:
    """By hand: two columns three apart."""
    prediction, truth = np.zeros((5, 9), bool), np.zeros((5, 9), bool)
    prediction[:, 2], truth[:, 5] = True, True
    pair = MaskPair(prediction, truth)
    assert Hausdorff95().of_pair(pair) == SurfaceDistance().of_pair(pair) == 3
    assert SurfaceDice(tolerance=2.9).of_pair(pair) == 0
    assert SurfaceDice(tolerance=3.0).of_pair(pair) == 1


def test_cldice_sees_a_gap_that_dice_does_not() -> None:
    """A cut through a bar costs little area; a bar of half the length costs half its line."""
    bar = np.zeros((11, 60), bool)
    bar[3:8, 2:58] = True
    half = bar.copy()
    half[:, 30:] = False
    assert ClDice().of_pair(MaskPair(half, bar)) == pytest.approx(2 / 3, abs=0.05)


@settings(max_examples=300, deadline=None)
@given(BLOBS)
def test_a_centre_line_keeps_the_topology(mask: np.ndarray) -> None:
    """As many pieces and holes as the mask, inside it, and nothing left to thin."""
    line = skeleton(mask)
    assert not (line & ~mask).any()
    assert label(line, EIGHT)[1] == label(mask, EIGHT)[1]
    around = np.pad(mask, 1), np.pad(line, 1)
    assert label(~around[1])[1] == label(~around[0])[1]
    assert (skeleton(line) == line).all()


def test_a_thick_line_becomes_a_thin_one_in_its_middle() -> None:
    """A bar of nine rows leaves its middle row."""
    mask = np.zeros((15, 60), bool)
    mask[3:12, 5:55] = True
    line = skeleton(mask)
    assert line[7, 12:48].all()
    assert line[:, 12:48].sum() == 36


def test_a_disc_of_any_size_keeps_a_point() -> None:
    """What has no direction leaves a point or two."""
    assert 1 <= skeleton(np.ones((2, 2), bool)).sum() <= 2
    rows_, columns = np.mgrid[-9:10, -9:10]
    assert 1 <= skeleton(rows_**2 + columns**2 <= 64).sum() <= 2
