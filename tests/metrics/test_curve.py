"""AUROC and average precision against scikit-learn: exact for samples, binned for pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from neurotrain.metrics.base import CurveMetric, name_of
from neurotrain.metrics.curve import AUROC, NUM_BINS, AveragePrecision, bins_of
from neurotrain.metrics.tally import Tally

METRICS = (AUROC(), AveragePrecision())
ORACLES = {"auroc": sklearn.roc_auc_score, "average_precision": sklearn.average_precision_score}
with_metric = pytest.mark.parametrize("metric", METRICS, ids=name_of)


def problem(num_classes: int, shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities that know something of the truth, some of them equal, and the truth."""
    generator = torch.Generator().manual_seed(num_classes)
    targets = torch.randint(0, num_classes, shape, generator=generator)
    logits = torch.randn(shape[0], num_classes, *shape[1:], generator=generator) * 3
    logits += torch.nn.functional.one_hot(targets, num_classes).movedim(-1, 1) * 2
    return (logits.softmax(1) * 50).round() / 50, targets


def told(probabilities: torch.Tensor, targets: torch.Tensor, *, is_map: bool) -> Tally:
    """A tally of both metrics after one batch."""
    tally = Tally(METRICS, probabilities.shape[1], is_map=is_map)
    tally.add(probabilities.argmax(1), probabilities, targets)
    return tally


@with_metric
@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_values_of_samples_are_sklearns(metric: CurveMetric, num_classes: int) -> None:
    """Every class against the rest, with equal scores among them, to the last digits."""
    probabilities, targets = problem(num_classes, (200,))
    values = told(probabilities, targets, is_map=False).per_class(metric)
    expected = [
        ORACLES[name_of(metric)](targets == label, probabilities[:, label])
        for label in range(num_classes)
    ]
    assert values.tolist() == pytest.approx(expected, abs=1e-12)


@with_metric
@pytest.mark.parametrize("confident", [1.0, 20.0])
def test_values_of_pixels_are_sklearns_up_to_a_bin(metric: CurveMetric, confident: float) -> None:
    """Binned scores lose next to nothing, also of a model whose scores are near 0 and 1."""
    generator = torch.Generator().manual_seed(1)
    targets = (torch.rand(4, 50, 50, generator=generator) < 0.1).long()
    noise = torch.randn(targets.shape, generator=generator)
    foreground = (confident * (noise + 1.5 * targets - 1)).sigmoid()
    probabilities = torch.stack([1 - foreground, foreground], dim=1)
    found = float(told(probabilities, targets, is_map=True).per_class(metric)[1])
    exact = ORACLES[name_of(metric)](targets.flatten(), foreground.flatten())
    assert found == pytest.approx(exact, abs=2e-4)


@with_metric
def test_only_the_region_counts(metric: CurveMetric) -> None:
    """With a region the value is that of its pixels alone."""
    probabilities, targets = problem(3, (2, 9, 11))
    roi = torch.rand(targets.shape, generator=torch.Generator().manual_seed(0)) < 0.5
    tally = Tally(METRICS, 3, is_map=True)
    tally.add(probabilities.argmax(1), probabilities, targets, roi)
    inside = probabilities.movedim(1, -1)[roi]
    expected = [
        ORACLES[name_of(metric)](targets[roi] == label, inside[:, label]) for label in range(3)
    ]
    assert tally.per_class(metric).tolist() == pytest.approx(expected, abs=1e-3)
    assert tally.overall(metric) == pytest.approx(np.mean(expected[1:]), abs=1e-3)


def test_the_overall_value_of_samples_is_the_macro_mean() -> None:
    """In a classification every class counts, as in scikit-learn's one against the rest."""
    logits = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(60) % 4
    found = told(logits.softmax(1), targets, is_map=False).overall(AUROC())
    expected = sklearn.roc_auc_score(targets, logits.softmax(1), multi_class="ovr")
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("is_map", [False, True])
def test_values_are_missing_where_they_mean_nothing(is_map: bool) -> None:
    """AUROC needs pixels of both kinds, average precision some of the class."""
    shape = (6, 2, 2) if is_map else (6,)
    probabilities, _ = problem(2, shape)
    tally = told(probabilities, torch.zeros(shape, dtype=torch.int64), is_map=is_map)
    assert tally.per_class(AUROC()).isnan().all()
    assert tally.per_class(AveragePrecision()).isnan().tolist() == [False, True]


@pytest.mark.parametrize("is_map", [False, True])
@with_metric
def test_nothing_has_no_value(metric: CurveMetric, is_map: bool) -> None:
    """A tally to which nothing was added has no values."""
    assert np.isnan(Tally(METRICS, 3, is_map=is_map).overall(metric))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=50))
def test_bins_keep_the_order(scores: list[float]) -> None:
    """A larger score is in no smaller bin, every bin exists, and mirrored scores mirror."""
    ordered = torch.tensor(scores, dtype=torch.float32).sort().values
    bins = bins_of(ordered)
    assert bool((bins.diff() >= 0).all())
    assert int(bins[0]) >= 0
    assert int(bins[-1]) < NUM_BINS


def test_bins_are_narrow_at_both_ends() -> None:
    """Scores that differ by three thousandths of their distance to 0 or 1 are told apart."""
    for small in (1e-3, 0.3):
        scores = torch.tensor([small, small * 1.003, 1 - small * 1.003, 1 - small])
        assert len(set(bins_of(scores).tolist())) == 4


def test_broken_scores_end_nothing() -> None:
    """A model that gives NaN gets a value, and its loss says the rest."""
    probabilities = torch.full((1, 2, 2, 2), float("nan"))
    tally = told(probabilities, torch.tensor([[[0, 1], [1, 1]]]), is_map=True)
    assert tally.overall(AUROC()) == 0.5
