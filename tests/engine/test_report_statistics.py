"""The statistics of a report agree with SciPy and hold up against odd values."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from neurotrain.engine.report_statistics import (
    bootstrap_interval,
    num_resamples,
    summaries,
    summary,
    worst_first,
)
from neurotrain.recorder import results
from neurotrain.recorder.results import SampleScore


def result_of(samples, *, task="segmentation", main_metric="dice"):
    """A test with these samples."""
    return results.TestResult(
        run="r", spec="s.yaml", task=task, classes=("a", "b"), synthetic=False, weights="w",
        scored_inside_roi=False, main_metric=main_metric, overall={}, per_class={},
        confusion=((1, 0), (0, 1)), samples=tuple(samples), seconds=1.0,
    )  # fmt: skip


def sample(name, value, loss=0.0, metric="dice"):
    """A sample with one metric."""
    return SampleScore(id=name, loss=loss, metrics={metric: value})


@pytest.mark.parametrize("num_values", [5, 20, 137])
@pytest.mark.parametrize("shape", ["normal", "skewed", "binary"])
def test_interval_agrees_with_scipy(num_values, shape):
    """Both ends lie within a few percent of the width of SciPy's percentile bootstrap."""
    rng = np.random.default_rng(num_values)
    values = {
        "normal": rng.normal(0.8, 0.05, num_values),
        "skewed": rng.exponential(1.0, num_values),
        "binary": (np.arange(num_values) % 4 > 0).astype(float),
    }[shape]
    expected = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=40_000, rng=1
    ).confidence_interval
    width = expected.high - expected.low
    assert bootstrap_interval(values) == pytest.approx(tuple(expected), abs=0.06 * width)


def test_interval_is_the_same_at_every_call():
    """The seed is fixed, and NumPy's own state has no part in it."""
    values = np.random.default_rng(0).normal(size=30)
    first = bootstrap_interval(values)
    np.random.default_rng().normal(size=3)
    assert bootstrap_interval(values) == first


def test_interval_of_a_constant_is_a_point():
    """Nothing varies."""
    assert bootstrap_interval(np.full(9, 0.5)) == (0.5, 0.5)


def test_interval_covers_the_mean_nineteen_times_in_twenty():
    """The share of intervals with the true mean in them is near 95 %, a little less at n = 40."""
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        low, high = bootstrap_interval(rng.normal(0.0, 1.0, 40))
        held += low <= 0.0 <= high
    assert 0.89 <= held / 200 <= 0.985


def test_many_values_are_resampled_less_often():
    """The work is bounded, and never fewer than a thousand resamples."""
    assert num_resamples(20) == 10_000
    assert num_resamples(20_000) == 1_000
    assert num_resamples(10**7) == 1_000


def test_summary_agrees_with_numpy():
    """Mean, deviation with n - 1, and median."""
    values = np.random.default_rng(3).random(15).tolist()
    found = summary("dice", values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.sd == pytest.approx(np.std(values, ddof=1))
    assert found.median == pytest.approx(np.median(values))
    assert found.low < found.mean < found.high


def test_undefined_values_are_counted_and_left_out():
    """NaN and infinite values do not spoil the mean."""
    found = summary("dice", [0.2, math.nan, 0.4, math.inf])
    assert found.mean == pytest.approx(0.3)
    assert (found.num, found.num_left_out) == (2, 2)


def test_one_sample_has_a_mean_and_no_interval():
    """A single value says nothing about spread."""
    found = summary("dice", [0.7])
    assert (found.mean, found.median, found.num) == (0.7, 0.7, 1)
    assert math.isnan(found.sd)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_nothing_defined_is_no_crash():
    """All values undefined."""
    found = summary("dice", [math.nan, math.nan])
    assert math.isnan(found.mean)
    assert (found.num, found.num_left_out) == (0, 2)


def test_no_samples_no_summaries():
    """An empty test has no statistics."""
    assert summaries(result_of([])) == ()


def test_worst_first_by_the_main_metric():
    """Low overlap is worst; undefined overlap comes last; the loss decides among equals."""
    samples = [
        sample("undefined", math.nan, 9.0), sample("good", 0.9), sample("bad", 0.1),
        sample("mild", 0.5, 0.1), sample("harsh", 0.5, 0.7),
    ]  # fmt: skip
    order = worst_first(result_of(samples))
    assert [samples[at].id for at in order] == ["bad", "harsh", "mild", "good", "undefined"]


def test_worst_first_where_smaller_is_better():
    """A large distance is worse than a small one."""
    samples = [sample("near", 1.0, metric="hausdorff95"), sample("far", 50.0, metric="hausdorff95")]
    result = result_of(samples, main_metric="hausdorff95")
    assert worst_first(replace(result, falling=frozenset({"hausdorff95"}))) == [1, 0]


def test_worst_first_by_loss_without_the_main_metric():
    """A metric that single samples do not have leaves the loss; one that is NaN is worst."""
    samples = [
        sample("low", 0.5, 0.1), sample("high", 0.5, 2.0), sample("nan", 0.5, math.nan),
    ]  # fmt: skip
    assert worst_first(result_of(samples, main_metric="auroc")) == [2, 1, 0]


def test_misclassified_samples_come_first():
    """However confident the right ones are not."""
    samples = [
        SampleScore(id="right", loss=3.0, metrics={}, truth="a", prediction="a"),
        SampleScore(id="wrong", loss=0.8, metrics={}, truth="a", prediction="b"),
        SampleScore(id="worse", loss=5.0, metrics={}, truth="b", prediction="a"),
    ]
    result = result_of(samples, task="classification", main_metric="accuracy")
    assert worst_first(result) == [2, 1, 0]
    assert [(one.name, one.mean) for one in summaries(result)] == [
        ("correct", pytest.approx(1 / 3)), ("loss", pytest.approx(8.8 / 3)),
    ]  # fmt: skip
