"""Draws: a pure function of (seed, epoch, sample, crop, stream), and statistically sound.

The seeds are fixed, so a p-value is the same in every run; the bounds leave room for any seed.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from neurotrain.transforms.draws import ORDER_STREAM, SPLIT_STREAM, Draws, mix, permutation

SPLITMIX_SEED = 1234567
SPLITMIX = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)
"""The published first outputs of SplitMix64 for that seed."""
SMALLEST_P = 1e-4


def drawn(
    samples: NDArray[np.int64] | int = 64, *, seed: int = 7, epoch: int = 1, crop: int = 0
) -> Draws:
    """The draws of these samples, or of the first so many."""
    indices = np.arange(samples) if isinstance(samples, int) else samples
    return Draws.of(seed, epoch, indices, np.full_like(indices, crop))


def test_keys_count_through_splitmix() -> None:
    """The numbers of a key are the outputs of SplitMix64 seeded with it, 53 bits of each."""
    numbers = Draws(np.array([SPLITMIX_SEED], np.uint64)).uniform(len(SPLITMIX))
    assert numbers[0].tolist() == [(bits >> 11) / 2**53 for bits in SPLITMIX]


@pytest.mark.parametrize("index", range(len(SPLITMIX)))
def test_mix_is_splitmix(index: int) -> None:
    """Mixing in pure Python gives the same integers as the generator on arrays."""
    assert mix(index + 1, SPLITMIX_SEED - 1) == SPLITMIX[index]


def test_mix_equals_array_mixing() -> None:
    """The pure Python mix and the one on arrays agree on random 64-bit integers."""
    states = np.random.default_rng(0).integers(0, 2**64, 500, dtype=np.uint64)
    numbers = Draws(states).uniform(1)[:, 0]
    expected = [mix(1, int(state) - 1) >> 11 for state in states]
    assert (numbers * 2**53).astype(np.uint64).tolist() == expected


def test_mix_does_not_collide() -> None:
    """Small seeds, epochs and streams give different keys."""
    seconds = [*range(50), ORDER_STREAM, SPLIT_STREAM]
    keys = {mix(seed, second) for seed in range(50) for second in seconds}
    assert len(keys) == 50 * len(seconds)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**63 - 1])
def test_any_legal_seed_draws(seed: int) -> None:
    """The smallest and the largest seed draw without overflow and differ from another."""
    assert not np.array_equal(drawn(seed=seed).uniform(3), drawn(seed=seed ^ 1).uniform(3))


def test_uniform_is_below_one() -> None:
    """Numbers lie in [0, 1)."""
    numbers = drawn(1000).uniform(1000)
    assert numbers.min() >= 0
    assert numbers.max() < 1


@pytest.mark.parametrize("seed", [0, 42, 2**63 - 1])
def test_uniform_is_uniform(seed: int) -> None:
    """A Kolmogorov-Smirnov test does not tell the numbers from uniform ones."""
    numbers = drawn(300, seed=seed).uniform(300).ravel()
    assert stats.kstest(numbers, "uniform").pvalue > SMALLEST_P


@pytest.mark.parametrize("column", range(4))
def test_each_column_is_uniform_over_samples(column: int) -> None:
    """Over the samples of an epoch, each single draw fills its range evenly."""
    numbers = drawn(20_000).uniform(4)[:, column]
    counts = np.histogram(numbers, bins=64, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > SMALLEST_P


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (drawn(20_000), drawn(np.arange(1, 20_001))),
        (drawn(20_000), drawn(20_000, epoch=2)),
        (drawn(20_000), drawn(20_000, seed=8)),
        (drawn(20_000), drawn(20_000, crop=1)),
        (drawn(20_000).at(0), drawn(20_000).at(1)),
        (drawn(20_000), drawn(20_000).at(0)),
        (drawn(20_000).at(0).at(1), drawn(20_000).at(1).at(0)),
    ],
    ids=["sample", "epoch", "seed", "crop", "stream", "no-stream", "nested-stream"],
)
def test_neighbours_are_independent(one: Draws, other: Draws) -> None:
    """Draws whose key differs in one part share nothing: a chi-square test on their pairs."""
    table = np.histogram2d(one.uniform(1)[:, 0], other.uniform(1)[:, 0], bins=8)[0]
    assert stats.chi2_contingency(table).pvalue > SMALLEST_P


def test_columns_are_independent() -> None:
    """The numbers of one sample are independent of each other."""
    numbers = drawn(20_000).uniform(2)
    table = np.histogram2d(numbers[:, 0], numbers[:, 1], bins=8)[0]
    assert stats.chi2_contingency(table).pvalue > SMALLEST_P


def test_crop_is_no_sample() -> None:
    """Crop 1 of sample 0 draws otherwise than crop 0 of sample 1."""
    crop = Draws.of(7, 1, np.array([0]), np.array([1])).uniform(4)
    sample = Draws.of(7, 1, np.array([1]), np.array([0])).uniform(4)
    assert not np.array_equal(crop, sample)


def test_keys_are_unique() -> None:
    """No two of a million (sample, crop) pairs share a key."""
    samples, crops = np.divmod(np.arange(1_000_000), 100)
    assert len(np.unique(Draws.of(0, 0, samples, crops).keys)) == 1_000_000


@pytest.mark.parametrize("seed", [0, 42])
def test_normal_is_normal(seed: int) -> None:
    """A Kolmogorov-Smirnov test does not tell the numbers from standard normal ones."""
    numbers = drawn(200, seed=seed).normal(500).ravel()
    assert stats.kstest(numbers, "norm").pvalue > SMALLEST_P


def test_normal_halves_are_independent() -> None:
    """The two numbers that Box-Muller makes of one pair are uncorrelated, their squares too."""
    numbers = drawn(20_000).normal(2)
    assert stats.pearsonr(numbers[:, 0], numbers[:, 1]).pvalue > SMALLEST_P
    assert stats.pearsonr(numbers[:, 0] ** 2, numbers[:, 1] ** 2).pvalue > SMALLEST_P


def test_normal_is_always_finite() -> None:
    """Among forty million numbers none is infinite, as a number that rounds to 1 would make one."""
    assert all(np.isfinite(drawn(64, epoch=epoch).normal(63_000)).all() for epoch in range(10))


@pytest.mark.parametrize("last", [0, 2**64 - 1])
def test_normal_is_finite_at_the_ends(last: int) -> None:
    """The smallest and the largest uniform number give a finite normal one."""
    golden, mask = 0x9E3779B97F4A7C15, 2**64 - 1
    state = last ^ (last >> 31) ^ (last >> 62)
    state = (state * pow(0x94D049BB133111EB, -1, 2**64)) & mask
    state ^= (state >> 27) ^ (state >> 54)
    state = (state * pow(0xBF58476D1CE4E5B9, -1, 2**64)) & mask
    state ^= (state >> 30) ^ (state >> 60)
    draws = Draws(np.array([(state - golden) & mask], np.uint64))
    assert draws.uniform(1)[0, 0] == (last >> 11) / 2**53
    assert np.isfinite(draws.normal(2)).all()


@pytest.mark.parametrize("num", [1, 2, 3, 7])
def test_normal_has_the_asked_shape(num: int) -> None:
    """Odd counts work as even ones do."""
    assert drawn(5).normal(num).shape == (5, num)


def test_draws_do_not_depend_on_the_batch() -> None:
    """A sample draws the same in any order, alone or with others, once or twice."""
    whole = drawn(10).uniform(5)
    order = np.array([3, 9, 3, 0])
    assert np.array_equal(drawn(order).uniform(5), whole[order])
    assert np.array_equal(drawn(np.array([4])).uniform(5), whole[4:5])


def test_draws_do_not_depend_on_their_number() -> None:
    """More numbers begin with the same ones."""
    assert np.array_equal(drawn(3).uniform(9)[:, :4], drawn(3).uniform(4))


@pytest.mark.parametrize("num", [0, 1, 2, 1000])
def test_permutation_holds_each_once(num: int) -> None:
    """A permutation holds every index exactly once."""
    assert sorted(permutation(3, 1, num).tolist()) == list(range(num))


def test_permutations_of_epochs_and_seeds_differ() -> None:
    """No two epochs and no two seeds have the same order."""
    orders = {tuple(permutation(s, e, 50).tolist()) for s in range(10) for e in range(10)}
    assert len(orders) == 100


def test_permutation_repeats() -> None:
    """The same seed and epoch give the same order."""
    assert np.array_equal(permutation(5, 6, 100), permutation(5, 6, 100))


def test_permutations_are_even() -> None:
    """Over epochs each index comes first equally often."""
    first = [int(permutation(1, epoch, 8)[0]) for epoch in range(4000)]
    assert stats.chisquare(np.bincount(first, minlength=8)).pvalue > SMALLEST_P
