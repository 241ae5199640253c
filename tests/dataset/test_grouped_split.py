"""Splits of grouped samples: no group in two parts, shares as near as whole groups allow."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.split import split

Infos = tuple[SampleInfo, ...]


def samples(sizes: list[int], labels: int = 0) -> Infos:
    """Groups of these sizes, each of one class where there are classes."""
    return tuple(
        SampleInfo(id=f"{group:03d}/{index}", group=str(group), label=group % labels or None)
        if labels
        else SampleInfo(id=f"{group:03d}/{index}", group=str(group))
        for group, size in enumerate(sizes)
        for index in range(size)
    )


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=25)


@settings(max_examples=200, deadline=None)
@given(
    sizes=SIZES, labels=st.integers(0, 4), valid=st.floats(0.01, 0.49),
    test=st.floats(0.01, 0.49), seed=st.integers(0, 2**63 - 1),
)  # fmt: skip
def test_no_group_is_divided(
    sizes: list[int], labels: int, valid: float, test: float, seed: int
) -> None:
    """Every sample is in one part, every group in one part, and training keeps some."""
    whole = samples(sizes, labels)
    parts = split(whole, {"valid": valid, "test": test}, seed)
    assert sorted(sample.id for part in parts.values() for sample in part) == [s.id for s in whole]
    homes = defaultdict(set)
    for name, part in parts.items():
        for sample in part:
            homes[sample.group].add(name)
    assert all(len(names) == 1 for names in homes.values())
    assert parts["train"]


@settings(max_examples=100, deadline=None)
@given(num=st.integers(3, 60), seed=st.integers(0, 1000))
def test_no_part_is_empty_where_there_are_enough(num: int, seed: int) -> None:
    """Three groups fill three parts."""
    parts = split(samples([4] * num), {"valid": 0.01, "test": 0.01}, seed)
    assert all(parts.values())


@settings(max_examples=100, deadline=None)
@given(num=st.integers(10, 60), fraction=st.floats(0.1, 0.5), seed=st.integers(0, 1000))
def test_equal_groups_give_the_asked_share(num: int, fraction: float, seed: int) -> None:
    """The part is nearer to its share than half a group."""
    held_out = split(samples([4] * num), {"valid": fraction}, seed)["valid"]
    assert abs(len(held_out) - fraction * 4 * num) <= 2


def test_every_class_gives_its_share() -> None:
    """Groups of one class are drawn by themselves."""
    parts = split(samples([2] * 40, labels=2), {"valid": 0.25}, 3)
    assert sum(sample.label == 1 for sample in parts["valid"]) == len(parts["valid"]) / 2


@given(sizes=SIZES, seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_listing_does_not_matter(sizes: list[int], seed: int) -> None:
    """The same groups are held out whatever order the samples come in."""
    whole = samples(sizes)
    one, other = (split(each, {"valid": 0.3}, seed) for each in (whole, whole[::-1]))
    assert {s.id for s in one["valid"]} == {s.id for s in other["valid"]}


def test_the_same_seed_splits_the_same() -> None:
    """A split is deterministic: this one is pinned."""
    held_out = split(samples([3] * 8), {"valid": 0.25}, 42)["valid"]
    assert sorted({sample.group for sample in held_out}) == ["5", "7"]
