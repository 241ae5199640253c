"""Did-you-mean."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurotrain.language.suggest import closest, distance

OPTIMIZERS = ["adam", "adamw", "sgd", "rmsprop", "lion"]
KEYS = ["learning_rate", "weight_decay", "epochs", "batch", "optimizer", "scheduler", "seed"]

MEANT = [
    ("adamww", OPTIMIZERS, "adamw"),
    ("adma", OPTIMIZERS, "adam"),
    ("Adam", OPTIMIZERS, "adam"),
    ("AdamW", OPTIMIZERS, "adamw"),
    ("SGD", OPTIMIZERS, "sgd"),
    ("rms_prop", OPTIMIZERS, "rmsprop"),
    ("learning-rate", KEYS, "learning_rate"),
    ("LearningRate", KEYS, "learning_rate"),
    ("learnign_rate", KEYS, "learning_rate"),
    ("weigth_decay", KEYS, "weight_decay"),
    ("epoch", KEYS, "epochs"),
    ("epcohs", KEYS, "epochs"),
    ("optim", KEYS, "optimizer"),
    ("bacth", KEYS, "batch"),
    ("sede", KEYS, "seed"),
    ("unett", ["unet", "vnet"], "unet"),
    ("xyz", OPTIMIZERS, None),
    ("model", KEYS, None),
    ("a", ["b"], None),
    ("", KEYS, None),
    ("x" * 10_000, KEYS, None),
    ("adam", [], None),
]


@pytest.mark.parametrize(("name", "candidates", "expected"), MEANT, ids=[r[0][:20] for r in MEANT])
def test_closest(name: str, candidates: list[str], expected: str | None) -> None:
    """A misspelt name finds the one that was meant, and a strange one finds none."""
    assert closest(name, candidates) == expected


def test_synonym_wins_over_spelling() -> None:
    """A synonym is known however unlike it is spelt; its first legal name counts."""
    synonyms = {"lr": ("rate", "learning_rate"), "wd": ("weight_decay",)}
    assert closest("LR", KEYS, synonyms) == "learning_rate"


def test_synonym_of_an_illegal_name_is_not_suggested() -> None:
    """What a synonym stands for is suggested only where it is legal."""
    assert closest("lr", ["epochs"], {"lr": ("learning_rate",)}) is None


@given(st.permutations(["dice", "dise", "dime", "dive"]))
def test_ties_do_not_depend_on_order(candidates: list[str]) -> None:
    """Of equally near names the first in the alphabet is suggested."""
    assert closest("dixe", candidates) == "dice"


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_the_textbook_recursion(first: str, second: str) -> None:
    """The distance equals the plain recursive definition."""

    @cache
    def apart(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        swapped = (
            i > 1 and j > 1 and first[i - 1] == second[j - 2] and first[i - 2] == second[j - 1]
        )
        return min(
            apart(i - 1, j) + 1,
            apart(i, j - 1) + 1,
            apart(i - 1, j - 1) + (first[i - 1] != second[j - 1]),
            *([apart(i - 2, j - 2) + 1] if swapped else []),
        )

    assert distance(first, second) == apart(len(first), len(second))
