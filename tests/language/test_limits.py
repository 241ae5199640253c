"""Bombs are refused by a limit, and honest large specs are read."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from neurotrain.language.diagnostics import Report
from neurotrain.language.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_TEXT
from neurotrain.language.measure import measure
from neurotrain.language.reader import read

from .conftest import Outcome

Loading = Callable[..., Outcome]


def _doubling(levels: int) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, levels)]
    return "\n".join(lines)


def _nested_aliases(levels: int) -> str:
    return "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, levels))])


BOMBS = {
    "brackets": "[" * 100_000,
    "closed brackets": "[" * 1000 + "]" * 1000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "indentation": "\n".join(" " * i + f"k{i}:" for i in range(1000)),
    "doubling aliases": _doubling(40),
    "nested aliases": _nested_aliases(100),
    "values": "[" + "1," * (MAX_NODES + 1) + "]",
    "keys": "\n".join(f"k{i}: " for i in range(MAX_NODES + 1)),
    "anchors": "\n".join(f"k{i}: &a{i} 1" for i in range(100_000)),
    "anchored keys": "\n".join(f"&a{i} k{i}: 1" for i in range(100_000)),
    "text": "a: '" + "x" * (MAX_TEXT + 1) + "'",
    "long key": "k" * 900 + " " * MAX_TEXT + ": 1",
    "block text": "a: |\n" + "  x\n" * MAX_TEXT,
    "bytes": "a: 1\n" + "#" * MAX_BYTES,
}


@pytest.mark.parametrize("name", [name for name in BOMBS if name != "long key"])
def test_bomb_is_refused(name: str) -> None:
    """A text beyond a limit is one fault with a place, and has no tree."""
    report = Report()
    assert read(BOMBS[name], "spec.yaml", report) is None
    assert [item.code.id for item in report.items if item.code.id != "complex-key"] == [
        "limit-exceeded"
    ]
    place = report.items[-1].place
    assert place is not None
    assert place.line >= 1


def test_endless_key_is_refused() -> None:
    """A key that is longer than YAML lets a key be is a fault, not a hang."""
    report = Report()
    assert read(BOMBS["long key"], "spec.yaml", report) is None
    assert len(report.items) == 1


def test_depth_at_the_limit_is_read() -> None:
    """The deepest tree that is allowed can be walked without trouble."""
    root = read("[" * MAX_DEPTH + "]" * MAX_DEPTH, "spec.yaml", Report())
    assert root is not None
    assert measure(root).height == MAX_DEPTH


def test_large_honest_spec_is_read() -> None:
    """A megabyte of plain lists is no bomb."""
    text = "files:\n" + "".join(f"  - images/patient-{i:06d}.tif\n" for i in range(34_000))
    assert len(text) > 1_000_000
    root = read(text, "spec.yaml", Report())
    assert root is not None
    assert measure(root).num_nodes == 34_002


def test_aliases_below_the_limit_are_read() -> None:
    """Repeating a value a hundred times is honest."""
    text = "a: &a [1, 2, 3]\nb: [" + "*a, " * 100 + "]"
    report = Report()
    assert read(text, "spec.yaml", report) is not None
    assert not report.items


def test_many_faults_take_linear_time() -> None:
    """Tens of thousands of faults are all collected; quadratic work would not end here."""
    report = Report()
    read("".join(f"k{i % 7}: .nan\n" for i in range(30_000)), "spec.yaml", report)
    assert len(report.items) > 29_000


VARIABLE_BOMBS = {
    "lists": [
        "x0: [1, 1]",
        *(f"x{i}: ['${{vars.x{i - 1}}}', '${{vars.x{i - 1}}}']" for i in range(1, 30)),
    ],
    "texts": [
        "x0: abcdefgh",
        *(f"x{i}: '${{vars.x{i - 1}}}${{vars.x{i - 1}}}'" for i in range(1, 30)),
    ],
    "chain": ["x0: 1", *(f"x{i}: '${{vars.x{i - 1}}}'" for i in range(1, 3000))][::-1],
    "nesting": ["x0: [1]", *(f"x{i}: ['${{vars.x{i - 1}}}']" for i in range(1, 100))],
    "deep chain": [f"x{i}: {'[' * 50}'${{vars.x{i + 1}}}'{']' * 50}" for i in range(40)]
    + ["x40: 1"],
}


@pytest.mark.parametrize("name", VARIABLE_BOMBS)
def test_variable_bomb_is_refused(loading: Loading, name: str) -> None:
    """Variables that grow without end are refused by a limit."""
    text = "vars:\n" + "".join(f"  {line}\n" for line in VARIABLE_BOMBS[name])
    outcome = loading(text + "a: ${vars.x1}\n")
    assert "limit-exceeded" in outcome.codes
    assert set(outcome.codes) <= {"limit-exceeded", "unused-variable"}


def test_many_texts_from_one_variable_are_refused(loading: Loading) -> None:
    """Small files cannot make large memory by repeating a long text."""
    lines = [f"  - '${{vars.x}}{i}'" for i in range(1000)]
    text = f"vars: {{x: {'y' * 60_000}}}\na:\n" + "\n".join(lines)
    assert loading(text).codes == ["limit-exceeded"]


def test_reading_needs_little_stack(loading: Loading) -> None:
    """The deepest spec with the longest chain of variables stays far from the recursion limit."""
    chain = "".join(f"  x{i}: ['${{vars.x{i + 1}}}']\n" for i in range(30)) + "  x30: 1\n"
    deep = "[" * 30 + "'${vars.x0}'" + "]" * 30
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(700)
    try:
        outcome = loading(f"vars:\n{chain}a: {deep}\n")
    finally:
        sys.setrecursionlimit(limit)
    assert not outcome.report.items
