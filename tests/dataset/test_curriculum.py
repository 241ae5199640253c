"""Levels by patterns of names, and which one an epoch has."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase

import pytest

from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.curriculum import Curriculum, level_at, members

NAMES = ("a/easy_1.png", "a/hard_1.png", "b/easy_2.png", "b/Easy_3.png", "easy_4.png")
SAMPLES = tuple(SampleInfo(id=name) for name in NAMES)
BLOCKS = tuple(
    SampleInfo(id=f"{name}@{start}", start=start, length=8)
    for name in ("plain/tale@home.txt", "plain/law.txt") for start in (0, 8)
)  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "places"),
    [
        (["easy_*"], (0, 2, 4)),
        (["[Ee]asy_[!4]*"], (0, 2, 3)),
        (["b/*"], (2, 3)),
        (["*/easy_?.png", "easy_4.png"], (0, 2, 4)),
        (["hard_*", "a/*"], (0, 1)),
        (["easy"], ()),
        (["*"], (0, 1, 2, 3, 4)),
    ],
)
def test_patterns_name_samples(patterns: list[str], places: tuple[int, ...]) -> None:
    """A pattern without a slash is of the file's name, another of the whole one."""
    assert members(patterns, SAMPLES) == places


def test_a_block_of_text_is_its_first_files() -> None:
    """The place in the file is no part of the name."""
    assert members(["tale@home.txt"], BLOCKS) == (0, 1)
    assert members(["plain/law.*"], BLOCKS) == (2, 3)


def test_patterns_are_those_of_fnmatch() -> None:
    """Whole names against the standard library's own answer."""
    draws = random.Random(3)
    for _ in range(300):
        pattern = "/" + "".join(draws.choices("ab*?[]!-", k=5))
        names = ["/" + "".join(draws.choices("ab-", k=draws.randrange(6))) for _ in range(8)]
        samples = tuple(SampleInfo(id=name) for name in names)
        wanted = tuple(at for at, name in enumerate(names) if fnmatchcase(name, pattern))
        assert members([pattern], samples) == wanted


def test_a_level_holds_until_the_next_begins() -> None:
    """By the epochs that are finished, whatever the order in which they are written."""
    curriculum = Curriculum(
        levels={"easy": ("*",), "hard": ("*",)}, schedule={"20": "hard", "0": "easy", "100": "easy"}
    )
    assert list(curriculum.starts.items()) == [(0, "easy"), (20, "hard"), (100, "easy")]
    told = {epoch: level_at(curriculum.starts, epoch) for epoch in (0, 19, 20, 99, 100, 10**6)}
    assert list(told.values()) == ["easy", "easy", "hard", "hard", "easy", "easy"]
    with pytest.raises(ValueError, match="no level for epoch -1"):
        level_at(curriculum.starts, -1)
