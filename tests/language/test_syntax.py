"""YAML syntax errors: one diagnostic each, at the place to mend, in plain words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Outcome

BROKEN = [
    # text, line, column, words of the message, words of the hint
    ("name: first: try", 1, 12, "second `: `", 'quotes around the whole value: "first: …"'),
    ("a: b\n  c: d", 2, 3, "indented under a line that already has a value", "0 spaces"),
    ("- name: x\n   y: 1", 2, 4, "indented under a line that already has a value", "2 spaces"),
    ("- name: x\n  y: 1\n   z: 2", 3, 4, "indented under", "2 spaces"),
    ("a:\n  b: 1\n c: 2", 3, 2, "indentation of this line (1 space)", "exactly like"),
    ("a:\n   - 1\n  - 2\n", 3, 3, "list item stands among the keys", "indent the list"),
    ("a: 1\n- b", 2, 1, "list item stands among the keys", "indent the list"),
    ("- a\n- b\nc: 1", 3, 1, "key stands among the items", "`- `"),
    ("  a: 1\nb: 2", 2, 1, "indentation of this line (0 spaces)", "exactly like"),
    ("epochs:10\nbatch: 3", 1, 7, "space is missing after the colon of 'epochs'", "'epochs: 10'"),
    ("t:\n  a: 1\n  b:2\n  c: 3", 3, 4, "space is missing after the colon of 'b'", "'b: 2'"),
    ("train:\n  epochs 40\n  batch: 3", 2, 3, "'epochs 40' is neither", "a colon and a space"),
    ("a: 1\nfoo\nb: 2", 2, 1, "'foo' is neither", "a colon and a space"),
    (": a", 1, 1, "the key before this colon is empty", "a name"),
    ("a: [1, 2\nb: 3", 1, 4, "list that `[` opens here is never closed", "`]`"),
    ("a: {x: 1, y: 2\nb: 3\n", 1, 4, "map that `{` opens here is never closed", "`}`"),
    ("a: {b: 1 c: 2}", 1, 10, "a comma or `}` is missing", "commas"),
    ("t: {e: 40\n  batch: 3}\n", 2, 3, "a comma or `}` is missing", "commas"),
    ("loss: [dice, bce}", 1, 17, "list that begins with `[` cannot end with `}`", "`]`"),
    ("a: [${vars.x}, 1]", 1, 5, "needs quotes inside", "quotes"),
    ("a: {b: ${vars.x}}", 1, 8, "needs quotes inside", "quotes"),
    ("a: [1,,2]", 1, 7, "a value is missing before this comma", "remove"),
    ("a: ]", 1, 4, "not `]`", "quotes"),
    ("a: 'x\nb: 2\n", 1, 4, "quotes that open here are never closed", "close them"),
    ('a: "x\nb: 2', 1, 4, "quotes that open here are never closed", "close them"),
    ("a: 'it's'", 1, 8, "text follows the closing quotes", "''"),
    ('a: "x" y', 1, 8, "text follows the closing quotes", "whole value"),
    ("a: [1] x", 1, 8, "text follows the closing `]`", "quotes"),
    ('a: "C:\\data"', 1, 7, "escape", "single quotes"),
    ('a: "C:\\Users"', 1, 9, "hexadecimal", "single quotes"),
    ('a: "\\ud800"', 1, 7, "stands for no character", "single quotes"),
    ("a: @x", 1, 4, "cannot begin with '@'", "quotes"),
    ("a: `x`", 1, 4, "cannot begin with '`'", "quotes"),
    ("a: %x", 1, 4, "cannot begin with '%'", "quotes"),
    ("a: - b", 1, 4, "list item cannot begin on the line of its key", "line of its own"),
    ("a: |x\n y", 1, 5, "text block", "next lines"),
    ("a: &\n", 1, 4, "anchor or an alias", "quotes"),
    ("a: !x!y 1", 1, 4, "tag", "quotes"),
    ("a: *b*c", 1, 6, "anchor or an alias", "quotes"),
    ("a: 'x\n---\n", 1, 4, "quotes that open here are never closed", "close them"),
    ("a: {: 2}", 1, 5, "the key before this colon is empty", "a name"),
    ("a: 1\n...\nb: 2", 3, 1, "`...` ends the document", "remove"),
]


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"), BROKEN, ids=[repr(row[0][:24]) for row in BROKEN]
)
def test_broken_yaml(
    reading: Callable[[str], Outcome],
    text: str,
    line: int,
    column: int,
    message: str,
    hint: str,
) -> None:
    """A syntax error is one fault, where it is to be mended, and says how."""
    outcome = reading(text)
    assert outcome.root is None
    assert (outcome.only.code.id, *outcome.spot[1:]) == ("yaml-syntax", line, column), outcome.text
    assert message in outcome.only.message
    assert hint in outcome.only.hint


TABS = [("a:\n\tb: 1", 2, 1), ("\ta: 1", 1, 1), ("a: 1\n\tb: 2", 2, 1), ("a:\n- x\n-\ty: 1", 3, 2)]


@pytest.mark.parametrize(("text", "line", "column"), TABS, ids=[repr(row[0]) for row in TABS])
def test_tab_as_indentation(
    reading: Callable[[str], Outcome], text: str, line: int, column: int
) -> None:
    """A tab that indents is told as a tab."""
    outcome = reading(text)
    assert (outcome.only.code.id, *outcome.spot[1:]) == ("tab-indentation", line, column)


def test_tab_between_values_is_no_fault(reading: Callable[[str], Outcome]) -> None:
    """Tabs may stand where YAML 1.2 allows them."""
    assert reading("a:\t1\nb: [1,\t2]\t# note\n").tree == {"a": 1, "b": [1, 2]}


def test_unclosed_list_tells_the_line_that_cannot_belong_to_it(
    reading: Callable[[str], Outcome],
) -> None:
    """The opening bracket is the fault; the line that shows it is related."""
    assert reading("a: [1, 2\nb: 3").related == [(2, 1, "this line cannot belong to it")]


def test_faults_before_a_syntax_error_are_told(reading: Callable[[str], Outcome]) -> None:
    """What was found before the text broke is not lost."""
    assert reading("a: 1\na: 2\nb: [").codes == ["duplicate-key", "yaml-syntax"]
