"""Groups: what a pattern catches, what it is refused for, and that no name can stall it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.groups import with_groups


def grouped(pattern: str, *names: str) -> list[str | None]:
    """The groups of these names."""
    samples, faults = with_groups(tuple(SampleInfo(id=name) for name in names), pattern)
    assert faults == []
    return [sample.group for sample in samples]


def fault(pattern: str, *names: str) -> str:
    """What is wrong with the pattern."""
    samples, faults = with_groups(tuple(SampleInfo(id=name) for name in names), pattern)
    assert [sample.group for sample in samples] == [None] * len(names)
    (found,) = faults
    assert (found.code, found.field) == ("group-pattern", "group_by")
    assert found.hint
    return found.message


@pytest.mark.parametrize(
    ("pattern", "name", "group"),
    [
        ("p{group}_*", "images/p07_left.png", "07"),
        ("p{group}_*", "images/p07_left_2.png", "07"),
        ("images/p{group}_*.png", "a/images/p07_left.PNG", "07"),
        ("{group}/*", "a/b/c.png", "b"),
        ("{group}/**", "a/b/c.png", "a"),
        ("*/{group}/**", "a/b/c/d.png", "b"),
        ("{group}/*/*", "a/b/c.png", "a"),
        ("s{group}_p{group}_*", "s1_p2_x.png", "1/2"),
        ("{group}???.png", "abc123.png", "abc"),
        ("case[0-9]-{group}.*", "case3-x.y.png", "x"),
        ("*_{group}.png", "a_b_c.png", "b_c"),
        ("[!x]{group}-*", "a(+-.png", "(+"),
    ],
)
def test_a_pattern_catches(pattern: str, name: str, group: str) -> None:
    """The placeholder is as short as the text after it allows."""
    assert grouped(pattern, name, name.replace(group[0], "z"))[0] == group


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("p*_*", "has no {group}"),
        ("{id}_{group}", "has braces"),
        ("{group}*.png", "does not say where the group ends"),
        ("*{group}_*", "does not say where the group ends"),
        ("**/{group}_*", "has '**' before its end"),
        ("{group}_[z-a]", "bad range"),
        ("x{group}_*", "does not match 2 images of 2: 1_a.png, 1_b.png"),
        ("{group}_*", "puts all 2 images into one group, '1'"),
    ],
)
def test_a_pattern_is_refused(pattern: str, message: str) -> None:
    """One that tells no groups is a fault with its reason."""
    assert message in fault(pattern, "1_a.png", "1_b.png")


LETTERS = st.text("ab_", min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(["*", "?", "a", "b", "_", "ab"]), max_size=6),
    place=st.integers(0, 6),
    name=LETTERS,
)
def test_never_going_back_misses_nothing(pieces: list[str], place: int, name: str) -> None:
    """The groups are those of a regex that tries every way."""
    pieces = [*pieces[:place], "a{group}_", *pieces[place:]]
    lazy = {"*": "[^/]*?", "?": "[^/]", "a{group}_": "a([^/]+?)_"}
    match = re.fullmatch("".join(lazy.get(piece, piece) for piece in pieces), name)
    samples = (SampleInfo(id=name), SampleInfo(id="/"))
    found = with_groups(samples[:1], "".join(pieces))
    assert found[0][0].group == (match[1] if match else None)


def test_many_wildcards_take_no_time() -> None:
    """A pattern that would be tried in 10^18 ways is answered at once."""
    pattern = "{group}_" + "*a" * 40 + "b"
    assert "does not match" in fault(pattern, "x_" + "a" * 240, "y_" + "a" * 240)
