"""Splits: a function of seed and ids, disjoint, complete, stratified, never without training."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.split import digest, split

Infos = tuple[SampleInfo, ...]


def samples(num: int, labels: int = 0) -> Infos:
    """So many samples, with labels in turn where there are any."""
    return tuple(
        SampleInfo(id=f"images/{index:04d}.png", label=index % labels if labels else None)
        for index in range(num)
    )


def ids(part: Infos) -> list[str]:
    """The ids of a part."""
    return [sample.id for sample in part]


@settings(max_examples=150, deadline=None)
@given(
    num=st.integers(0, 60),
    labels=st.integers(0, 7),
    valid=st.floats(0.01, 0.99),
    test=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**63 - 1),
)
def test_parts_are_disjoint_and_complete(
    num: int, labels: int, valid: float, test: float, seed: int
) -> None:
    """Every sample is in exactly one part, in listing order, and training keeps some."""
    whole = samples(num, labels)
    parts = split(whole, {"valid": valid, "test": test}, seed)
    assert sorted(sample_id for part in parts.values() for sample_id in ids(part)) == ids(whole)
    assert all(ids(part) == sorted(ids(part)) for part in parts.values())
    assert parts["train"] or not whole


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 100),
)
def test_training_keeps_every_class(sizes: list[int], fraction: float, seed: int) -> None:
    """With at least one class of two samples, holding a part out takes no class away."""
    sizes = [*sizes, 2]
    whole = tuple(
        SampleInfo(id=f"{label}/{index}", label=label)
        for label, size in enumerate(sizes)
        for index in range(size)
    )
    train = split(whole, {"valid": fraction}, seed)["train"]
    assert {sample.label for sample in train} == set(range(len(sizes)))


@pytest.mark.parametrize("labels", [0, 3])
def test_the_order_of_the_listing_does_not_matter(labels: int) -> None:
    """The same samples are held out whatever order a file system lists them in."""
    whole = samples(40, labels)
    one = split(whole, {"valid": 0.2, "test": 0.3}, 5)
    other = split(whole[::-1], {"valid": 0.2, "test": 0.3}, 5)
    assert {name: ids(part) for name, part in one.items()} == {
        name: sorted(ids(part)) for name, part in other.items()
    }


def test_the_same_seed_splits_the_same() -> None:
    """A split is deterministic: this one is pinned."""
    parts = split(samples(12), {"valid": 0.25}, 42)
    assert [sample_id[7:11] for sample_id in ids(parts["valid"])] == ["0000", "0001", "0010"]


def test_seeds_differ() -> None:
    """Over the seeds every sample is held out about equally often."""
    held_out: Counter[str] = Counter()
    for seed in range(400):
        held_out.update(ids(split(samples(20), {"valid": 0.2}, seed)["valid"]))
    assert len(held_out) == 20
    assert min(held_out.values()) > 45
    assert max(held_out.values()) < 120


def test_more_samples_change_little() -> None:
    """A sample that is added moves at most one other between the parts."""
    before = split(samples(50), {"valid": 0.2}, 1)["valid"]
    after = split(samples(51), {"valid": 0.2}, 1)["valid"]
    assert len(set(ids(before)) ^ set(ids(after))) <= 2


@pytest.mark.parametrize("fraction", [0.1, 0.25, 1 / 3, 0.5, 0.9])
@pytest.mark.parametrize("labels", [0, 1, 4])
def test_a_fraction_is_what_it_says(fraction: float, labels: int) -> None:
    """The part has the fraction of the samples, to the nearest whole number."""
    parts = split(samples(120, labels), {"valid": fraction}, 3)
    assert len(parts["valid"]) == round(fraction * 120)


def test_parts_hold_classes_in_the_same_shares() -> None:
    """Each class is held out in its own share."""
    whole = tuple(
        SampleInfo(id=f"{label}/{index}", label=label)
        for label, num in enumerate((100, 50, 10))
        for index in range(num)
    )
    parts = split(whole, {"valid": 0.1, "test": 0.2}, 9)
    count = {name: Counter(sample.label for sample in part) for name, part in parts.items()}
    assert count["valid"] == {0: 10, 1: 5, 2: 1}
    assert count["test"] == {0: 20, 1: 10, 2: 2}


def test_many_small_classes_give_their_share() -> None:
    """Of classes too small to give a whole sample each, the share is held out of all together."""
    parts = split(samples(200, labels=50), {"valid": 0.1}, 0)
    assert len(parts["valid"]) == 20
    assert max(Counter(sample.label for sample in parts["valid"]).values()) == 1


@pytest.mark.parametrize(
    ("num", "sizes"), [(0, (0, 0, 0)), (1, (1, 0, 0)), (2, (1, 1, 0)), (3, (1, 1, 1))]
)
def test_few_samples(num: int, sizes: tuple[int, int, int]) -> None:
    """Training comes first, then one sample for each part."""
    parts = split(samples(num), {"valid": 0.01, "test": 0.01}, 0)
    assert tuple(len(parts[name]) for name in ("train", "valid", "test")) == sizes


@pytest.mark.parametrize("fractions", [{"valid": 0.5, "test": 0.5}, {"valid": 0.7, "test": 0.7}])
def test_fractions_of_everything_leave_training(fractions: dict[str, float]) -> None:
    """Fractions that add up to all or more still leave training a sample."""
    assert len(split(samples(10), fractions, 0)["train"]) == 1


def test_a_test_part_does_not_change_validation() -> None:
    """Adding a second fraction keeps the first part as it was."""
    alone = split(samples(40), {"valid": 0.2}, 0)
    both = split(samples(40), {"valid": 0.2, "test": 0.2}, 0)
    assert alone["valid"] == both["valid"]


def test_any_file_name_is_split() -> None:
    """Names that are no Unicode, as file systems may have them, are ranked as well."""
    odd = tuple(SampleInfo(id=f"\udcff{index}") for index in range(4))
    assert len(split(odd, {"valid": 0.25}, 0)["valid"]) == 1
    assert len(digest(odd)) == 64


def test_the_digest_knows_names_and_sizes() -> None:
    """Another name, size or sample gives another digest; another order does not."""
    first = SampleInfo(id="a", files=("a.png", "m/a.png"), file_bytes=(10, 20))
    second = SampleInfo(id="b", files=("b.png", "m/b.png"), file_bytes=(10, 20))
    larger = SampleInfo(id="b", files=("b.png", "m/b.png"), file_bytes=(10, 21))
    renamed = SampleInfo(id="b", files=("b.png", "m/c.png"), file_bytes=(10, 20))
    assert digest([first, second]) == digest([second, first])
    others = [digest(part) for part in ([first], [first, larger], [first, renamed])]
    assert len({digest([first, second]), *others}) == 4
