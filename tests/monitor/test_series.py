"""The bounded series keeps what matters of any number of samples."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from neurotrain.monitor.series import MAX_PACKED, Series

VALUES = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf)), min_size=1, max_size=400
)


def _filled(values: list[float]) -> Series:
    series = Series()
    for step, value in enumerate(values):
        series = series.add(float(step), value, step)
    return series


@given(VALUES)
def test_extremes_equal_those_of_all_samples(values: list[float]) -> None:
    """The smallest and the largest value are those of a list that forgets nothing."""
    finite = [value for value in values if math.isfinite(value)]
    series = _filled(values)
    if not finite:
        assert series.best("min") is None
        return
    assert series.best("min") == (min(finite), float(values.index(min(finite))))
    assert series.best("max") == (max(finite), float(values.index(max(finite))))


def test_memory_stays_bounded_and_a_spike_and_a_nan_survive_a_million_samples() -> None:
    """One spike and one NaN among a million samples are still there."""
    odd = {345_678: 9.0, 777_777: math.nan}
    steps = range(1_000_000)
    xs, ys = [float(step) for step in steps], [odd.get(step, 1.0) for step in steps]
    series = Series().extend(xs, ys, steps)
    assert len(series.buckets) < MAX_PACKED + 256
    assert series.best("max") == (9.0, 345_678.0)
    assert [b.bad_x for b in series.buckets if b.bad_x is not None] == [777_777.0]
    assert sum(bucket.num for bucket in series.buckets) == 1_000_000


@given(VALUES, st.integers(0, 400))
def test_until_forgets_what_was_recorded_later(values: list[float], step: int) -> None:
    """Cutting a short series equals never having added the later samples."""
    cut = _filled(values).until(step)
    kept = _filled(values[: step + 1])
    told = [(b.first_x, b.num, str(b.last)) for b in cut.buckets]
    assert told == [(b.first_x, b.num, str(b.last)) for b in kept.buckets]


def test_until_shows_nothing_later_even_where_samples_were_merged() -> None:
    """A merged bucket that straddles the cut keeps only its first sample."""
    series = _filled([float(step) for step in range(50_000)])
    assert series.stride > 1
    cut = series.until(10_001)
    assert cut.best("max") is not None
    assert max(bucket.high for bucket in cut.buckets) <= 10_001


def test_a_sample_at_the_same_place_replaces() -> None:
    """A value recorded twice counts once, an older one not at all."""
    series = Series().add(1.0, 5.0, 1).add(2.0, 6.0, 2).add(2.0, 7.0, 2).add(1.0, 9.0, 1)
    assert [bucket.last for bucket in series.buckets] == [5.0, 7.0]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 700).map(float),
            st.sampled_from([0.0, 1.5, -2.0, 1e308, math.nan, math.inf, -math.inf]),
        ),
        max_size=900,
    ),
    st.lists(st.integers(0, 900), max_size=6),
    st.booleans(),
)
def test_samples_taken_together_or_one_by_one_make_the_same_series(
    samples: list[tuple[float, float]], cuts: list[int], is_sorted: bool
) -> None:
    """However the samples are cut into parts, places that repeat or go back included."""
    samples = sorted(samples, key=lambda each: each[0]) if is_sorted else samples
    one_by_one = together = Series()
    for step, (x, y) in enumerate(samples):
        one_by_one = one_by_one.add(x, y, step)
    bounds = [0, *sorted(min(cut, len(samples)) for cut in cuts), len(samples)]
    for start, end in pairwise(bounds):
        part = samples[start:end]
        xs, ys = [x for x, _ in part], [y for _, y in part]
        together = together.extend(xs, ys, range(start, end))
    assert repr(together) == repr(one_by_one)
