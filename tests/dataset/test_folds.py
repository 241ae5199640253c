"""Folds: every sample is held out once, classes and groups are spread, the seed decides alone."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from neurotrain.dataset.base import Folds, Holdout, SampleInfo
from neurotrain.dataset.dataloaders import get_train_valid_test_dataloader
from neurotrain.dataset.split import divide, divide_by_folds, folds_of

Infos = tuple[SampleInfo, ...]


def samples(labels: list[int | None], groups: list[str] | None = None) -> Infos:
    """A sample for each label."""
    return tuple(
        SampleInfo(id=f"{at:04d}.png", label=label, group=groups[at] if groups else None)
        for at, label in enumerate(labels)
    )


@settings(max_examples=150, deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=80),
    num_folds=st.integers(2, 9),
    seed=st.integers(0, 2**63 - 1),
)
def test_folds_divide_the_samples(labels: list[int], num_folds: int, seed: int) -> None:
    """Each sample is in one fold, in listing order; sizes differ by one, those of a class too."""
    whole = samples(list(labels))
    folds = folds_of(whole, num_folds, seed)
    assert sorted(one.id for fold in folds for one in fold) == [one.id for one in whole]
    assert all(list(fold) == sorted(fold, key=lambda one: one.id) for fold in folds)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    for label in set(labels):
        counts = [sum(one.label == label for one in fold) for fold in folds]
        assert max(counts) - min(counts) <= 1


def test_classes_are_spread_as_scikit_learn_spreads_them() -> None:
    """The numbers of each class in the folds are those of StratifiedKFold, whatever the order."""
    draw = Random(0)
    labels: list[int | None] = [draw.choices(range(3), [60, 30, 10])[0] for _ in range(203)]
    ours = [Counter(one.label for one in fold) for fold in folds_of(samples(labels), 5, 1)]
    splits = StratifiedKFold(5).split(np.zeros(len(labels)), labels)
    theirs = [Counter(labels[at] for at in held_out) for _, held_out in splits]
    for label in range(3):
        assert sorted(each[label] for each in ours) == sorted(each[label] for each in theirs)


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=5, max_size=30),
    num_folds=st.integers(2, 5),
    seed=st.integers(0, 1000),
)
def test_groups_stay_whole_and_folds_are_near_in_size(
    sizes: list[int], num_folds: int, seed: int
) -> None:
    """No group is in two folds, none is empty, and no move of the largest group would help."""
    groups = [f"p{number}" for number, size in enumerate(sizes) for _ in range(size)]
    folds = folds_of(samples([None] * len(groups), groups), num_folds, seed)
    owners = [{one.group for one in fold} for fold in folds]
    assert sum(map(len, owners)) == len(sizes)
    assert all(owners)
    assert max(map(len, folds)) - min(map(len, folds)) <= max(sizes)


def test_the_order_of_a_listing_does_not_matter_and_the_seed_does() -> None:
    """The fold of a sample depends on the ids and the seed alone."""
    whole = samples([0, 1] * 20)
    ids = [{one.id for one in fold} for fold in folds_of(whole, 4, 3)]
    assert [{one.id for one in fold} for fold in folds_of(whole[::-1], 4, 3)] == ids
    assert [{one.id for one in fold} for fold in folds_of(whole, 4, 4)] != ids


def test_what_is_held_out_for_the_test_is_in_no_fold() -> None:
    """And every other sample is in one, so that each is trained on in all trainings but one."""
    whole, valid, test = samples([0] * 50), Folds(folds=5), Holdout(fraction=0.2)
    held_out = divide(whole, None, test, 7)["test"]
    parts = divide_by_folds(whole, valid, test, 7)
    seen = Counter(one.id for part in parts for one in part["train"])
    assert set(seen.values()) == {4}
    assert not seen.keys() & {one.id for one in held_out}
    for number, part in enumerate(parts, start=1):
        one = divide(whole, Folds(folds=5, fold=number), test, 7)
        assert one == {**part, "test": held_out}


def test_folds_of_a_text_are_stretches_of_it() -> None:
    """Neighbouring blocks share words, so that a drawn one would be known by its neighbours."""
    blocks = tuple(SampleInfo(id=f"{at:03d}", start=at, length=8) for at in range(11))
    starts = [[one.start for one in fold] for fold in folds_of(blocks, 3, 5)]
    assert starts == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


def test_loaders_are_those_of_one_fold() -> None:
    """From Python a fold is named; all at once are no loaders."""
    config = {
        "task": {"type": "classification"}, "train": {"type": "digits"},
        "transforms": {"train": ["normalize"], "eval": ["normalize"]},
    }  # fmt: skip
    _, valid, _ = get_train_valid_test_dataloader({**config, "valid": {"folds": 3, "fold": 2}})
    assert valid is not None
    assert len(valid.names) == 599
    with pytest.raises(ValueError, match="name one of the folds"):
        get_train_valid_test_dataloader({**config, "valid": {"folds": 3}})
