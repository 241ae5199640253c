"""The `--set` step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neurotrain.language.tree import Tree

from .conftest import Outcome

Loading = Callable[..., Outcome]

SPEC = "{t: {type: a, x: 1, l: [1, 2, 3]}, n: null}"
APPLIED: list[tuple[list[str], Tree]] = [
    (["t.x=2"], {"t": {"type": "a", "x": 2, "l": [1, 2, 3]}, "n": None}),
    (["t.x=1e-3"], {"t": {"type": "a", "x": 0.001, "l": [1, 2, 3]}, "n": None}),
    (["t.x='2'"], {"t": {"type": "a", "x": "2", "l": [1, 2, 3]}, "n": None}),
    (["t.x=no"], {"t": {"type": "a", "x": "no", "l": [1, 2, 3]}, "n": None}),
    (["t.x=a=b"], {"t": {"type": "a", "x": "a=b", "l": [1, 2, 3]}, "n": None}),
    (["t.x=[1, {y: 2}]"], {"t": {"type": "a", "x": [1, {"y": 2}], "l": [1, 2, 3]}, "n": None}),
    (["t.l[1]=9"], {"t": {"type": "a", "x": 1, "l": [1, 9, 3]}, "n": None}),
    (["t.l[0]=null"], {"t": {"type": "a", "x": 1, "l": [2, 3]}, "n": None}),
    (["t.x=null"], {"t": {"type": "a", "l": [1, 2, 3]}, "n": None}),
    (["t={y: 1}"], {"t": {"type": "a", "x": 1, "l": [1, 2, 3], "y": 1}, "n": None}),
    (["t={type: b}"], {"t": {"type": "b"}, "n": None}),
    (["t.type=b"], {"t": {"type": "b", "x": 1, "l": [1, 2, 3]}, "n": None}),
    (["t=3"], {"t": 3, "n": None}),
    (["n.a.b=1"], {"t": {"type": "a", "x": 1, "l": [1, 2, 3]}, "n": {"a": {"b": 1}}}),
    (
        ["m.a=1", "m.b=2"],
        {"t": {"type": "a", "x": 1, "l": [1, 2, 3]}, "n": None, "m": {"a": 1, "b": 2}},
    ),
    (["t.x=2", "t.x=3"], {"t": {"type": "a", "x": 3, "l": [1, 2, 3]}, "n": None}),
    (["z=null"], {"t": {"type": "a", "x": 1, "l": [1, 2, 3]}, "n": None, "z": None}),
    (["z=''"], {"t": {"type": "a", "x": 1, "l": [1, 2, 3]}, "n": None, "z": ""}),
]


KINDS: list[tuple[str, list[str], Tree]] = [
    ("{a: {b: sgd}}", ["a.b.x=1"], {"a": {"b": {"type": "sgd", "x": 1}}}),
    ("{a: [dice]}", ["a[0].x=1"], {"a": [{"type": "dice", "x": 1}]}),
    ("{a: [dice]}", ["a[0]={x: 1}"], {"a": [{"type": "dice", "x": 1}]}),
    ("{a: sgd}", ["a.x=1"], {"a": {"type": "sgd", "x": 1}}),
    ("{a: {type: b, x: 1}}", ["a.fraction=0.1"], {"a": {"fraction": 0.1}}),
    ("{a: {fraction: 0.1}}", ["a.type=b"], {"a": {"type": "b"}}),
    ("{a: {fraction: 0.1}}", ["a={type: b, x: 1}"], {"a": {"type": "b", "x": 1}}),
    ("{a: {type: b, x: 1}}", ["a={fraction: 0.1}"], {"a": {"fraction": 0.1}}),
    ("{a: {type: b, fraction: 1}}", ["a={fraction: 2}"], {"a": {"type": "b", "fraction": 2}}),
]


@pytest.mark.parametrize(("spec", "arguments", "tree"), KINDS, ids=[row[1][0] for row in KINDS])
def test_kinds(loading: Loading, spec: str, arguments: list[str], tree: Tree) -> None:
    """A bare name takes parameters; a part of the data and a dataset replace one another."""
    assert loading(spec, arguments).tree == tree


@pytest.mark.parametrize(("arguments", "tree"), APPLIED, ids=[" ".join(r[0]) for r in APPLIED])
def test_override(loading: Loading, arguments: list[str], tree: Tree) -> None:
    """A value replaces what stands at its path; maps merge and null deletes."""
    assert loading(SPEC, arguments).tree == tree


def test_place_is_inside_the_argument(loading: Loading) -> None:
    """Key and value point to their characters; the line is the number of the argument."""
    outcome = loading(SPEC, ["n=1", "t.l[1]=ä", "t.new=[7, 8]"])
    node = outcome.at("t", "new")
    assert node.key_place is not None
    assert (node.key_place.file, node.key_place.line, node.key_place.column) == ("--set", 3, 3)
    assert (node.place.line, node.place.column, node.place.length) == (3, 7, 6)
    assert outcome.at("t", "new", 1).place.column == 11


def test_override_wins_over_every_file_and_reaches_variables(loading: Loading) -> None:
    """`--set` comes after `extends` and before `vars`."""
    files = {"spec.yaml": "extends: b.yaml\nvars: {x: 1}\na: ${vars.x}\n", "b.yaml": "b: 1\n"}
    assert loading(files, ["vars.x=5", "b=${vars.x}"]).tree == {"b": 5, "a": 5}


FAULTY = [
    ("t.x", "malformed-override", 4, "a `=` and a value are missing"),
    ("", "malformed-override", 1, "missing"),
    ("=3", "malformed-override", 1, "empty"),
    (".x=3", "malformed-override", 1, "dot"),
    ("t..x=3", "malformed-override", 2, "dot"),
    ("t.=3", "malformed-override", 2, "dot"),
    ("t[x]=3", "malformed-override", 2, "index"),
    ("t[-1]=3", "malformed-override", 2, "index"),
    ("t]=3", "malformed-override", 2, "cannot stand"),
    ("[0]=3", "malformed-override", 1, "begins with a key"),
    ("t[0]x=3", "malformed-override", 5, "cannot stand"),
    ("extends=a.yaml", "malformed-override", 1, "cannot be set"),
    ("t.x=", "malformed-override", 5, "empty"),
    ("t.x=  # 3", "malformed-override", 5, "empty"),
    ("t.x=1\n", "malformed-override", 1, "one line"),
    ("t.x.y=1", "override-without-target", 5, "single value 1"),
    ("t.l[3]=1", "override-without-target", 4, "3 items"),
    ("t.l.x=1", "override-without-target", 5, "no index"),
    ("t[0]=1", "override-without-target", 2, "no key"),
    ("t.x=[1", "yaml-syntax", 5, "never closed"),
    ("t.x=.nan", "non-finite-number", 5, "not a finite"),
    ("t.x={a: 1, a: 2}", "duplicate-key", 12, "twice"),
    ("t.x=!!int 3", "tag", 5, "tag"),
    (".".join("a" * 80) + "=1", "limit-exceeded", 161, "inside one another"),
]


@pytest.mark.parametrize(
    ("argument", "code", "column", "words"), FAULTY, ids=[repr(r[0][:20]) for r in FAULTY]
)
def test_faulty_override(
    loading: Loading, argument: str, code: str, column: int, words: str
) -> None:
    """A faulty argument is one fault at its place, and the others are applied."""
    outcome = loading(SPEC, ["n=1", argument, "n=2"])
    assert (outcome.only.code.id, *outcome.spot) == (code, "--set", 2, column), outcome.text
    assert words in outcome.only.message
    assert outcome.at("n").value == 2


def test_fault_of_a_value_taints_its_path(loading: Loading) -> None:
    """A value that cannot be read makes no echoes."""
    report = loading(SPEC, ["t.x=[1"]).report
    assert report.taints(("t", "x"))
    assert not report.taints(("t", "l"))
