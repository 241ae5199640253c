"""What the reader makes of a text: keys, places, and all that it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neurotrain.language.tree import walk

from .conftest import Outcome

Reading = Callable[[str | bytes], Outcome]


@pytest.mark.parametrize(
    "key", ["1", "yes", "no", "null", "~", "1.0", "0x1F", "2024-01-01", ".nan"]
)
def test_key_is_its_source_text(reading: Reading, key: str) -> None:
    """A plain key is a text, whatever its value would be as a scalar."""
    assert reading(f"{key}: 3").tree == {key: 3}


def test_quoted_key_is_its_content(reading: Reading) -> None:
    """The quotes around a key are not part of it; a quoted `<<` is an ordinary key."""
    assert reading("'a: b': 1\n\"<<\": 2").tree == {"a: b": 1, "<<": 2}


def test_place_counts_characters(reading: Reading) -> None:
    """Columns count characters, not bytes, with letters of any width and CRLF line ends."""
    outcome = reading("näme: 'ü😀'\r\nfarbe: [größe, 😀, 7]\r\n")
    spots = [(n.place.line, n.place.column, n.place.length) for n in outcome.items("farbe")]
    assert spots == [(2, 9, 5), (2, 16, 1), (2, 19, 1)]
    assert (outcome.at("näme").place.column, outcome.at("näme").written) == (7, "'ü😀'")


def test_byte_order_mark_moves_no_column(reading: Reading) -> None:
    """A UTF-8 byte order mark is accepted and counts as nothing."""
    outcome = reading("\ufeffa: 1".encode())
    assert outcome.tree == {"a": 1}
    assert outcome.at("a").place.column == 4


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_a_mark_is_read(reading: Reading, encoding: str) -> None:
    """UTF-16 is read if its byte order mark says so."""
    mark = b"" if encoding == "utf-16" else "\ufeff".encode(encoding)
    assert reading(mark + "a: é".encode(encoding)).tree == {"a": "é"}


def test_place_of_key_and_value(reading: Reading) -> None:
    """Every value knows where its key stands."""
    node = reading("a:\n  bc:  d e\n").at("a", "bc")
    assert node.key_place is not None
    assert (node.key_place.line, node.key_place.column, node.key_place.length) == (2, 3, 2)
    assert (node.place.line, node.place.column, node.place.length) == (2, 8, 3)


def test_place_skips_an_anchor(reading: Reading) -> None:
    """The place of an anchored scalar is that of the scalar itself."""
    outcome = reading("a: &size  64\nb: &name 'x y'\n")
    assert (outcome.at("a").place.column, outcome.at("a").place.length) == (11, 2)
    assert (outcome.at("b").place.column, outcome.at("b").written) == (10, "'x y'")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_place_counts_any_line_break(reading: Reading, line_break: str) -> None:
    """A line ends at LF, CRLF or CR, also between an anchor and its scalar."""
    outcome = reading(f"a: 1{line_break}b: &x{line_break}  7{line_break}c: 8")
    spots = {key: outcome.at(key).place for key in "abc"}
    assert {key: (place.line, place.column) for key, place in spots.items()} == {
        "a": (1, 4),
        "b": (3, 3),
        "c": (4, 4),
    }


def test_place_of_maps_and_lists_covers_their_first_line(reading: Reading) -> None:
    """A map or list is as long as what it has on the line where it begins."""
    outcome = reading("a: {x: 1, y: [2]}  # note\nb:\n  - {z: 1}   # note\n  - 2\nc: [1,\n  2]\n")
    spots = {key: outcome.at(key).place for key in "abc"}
    assert {k: (p.line, p.column, p.length) for k, p in spots.items()} == {
        "a": (1, 4, 14),
        "b": (3, 3, 8),
        "c": (5, 4, 2),
    }


def test_written_keeps_the_source_text(reading: Reading) -> None:
    """A scalar keeps its text as written: quotes, leading zeros, exponents."""
    outcome = reading("a: 3e-3\nb: '3'\nc: 007\nd: \"\\t\"\ne: |\n  text\n")
    assert [outcome.at(key).written for key in "abcde"] == [
        "3e-3",
        "'3'",
        "007",
        '"\\t"',
        "|\n  text",
    ]


def test_alias_copies_a_value_to_its_own_place(reading: Reading) -> None:
    """An alias has the value of its anchor, stands at its own place and knows the origin."""
    outcome = reading("a: &size [64, 32]\nb: *size\n")
    assert outcome.tree == {"a": [64, 32], "b": [64, 32]}
    node = outcome.at("b")
    assert (node.place.line, node.place.column, node.place.length) == (2, 4, 5)
    assert node.origin is not None
    assert node.origin.line == 1


def test_directive_of_yaml_1_2_is_accepted(reading: Reading) -> None:
    """`%YAML 1.2` says what is true anyway."""
    assert reading("%YAML 1.2\n---\na: 1\n...\n").tree == {"a": 1}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_text_without_a_value(reading: Reading, text: str) -> None:
    """A text without a value is no fault of its syntax."""
    outcome = reading(text)
    assert not outcome.report.items
    assert outcome.root is None


@pytest.mark.parametrize("text", ["a:", "- ", "? a\n? b", "a: {b: 1}\nc:", "a: &x"])
def test_omitted_value_stands_inside_the_text(reading: Reading, text: str) -> None:
    """A value that is missing at the very end has a place on the last line."""
    outcome = reading(text)
    assert outcome.root is not None
    last = text.count("\n") + 1
    assert all(node.place.line <= last for _, node in walk(outcome.root))


REFUSED = [
    # text, code, line, column, path
    ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, ("a",)),
    ("a: {b: 1, 'b': 2}", "duplicate-key", 1, 11, ("a", "b")),
    ("- x: 1\n  x: 2", "duplicate-key", 2, 3, (0, "x")),
    ("a: &x {b: 1}\nc: {<<: *x}", "merge-key", 2, 5, ("c", "<<")),
    ("a: !!str 1", "tag", 1, 4, ("a",)),
    ("a: !python/object {x: 1}", "tag", 1, 4, ("a",)),
    ("a: [1, ! x]", "tag", 1, 8, ("a", 1)),
    ("? [1, 2]\n: 3", "complex-key", 1, 3, ()),
    ("? {a: 1}\n: 3", "complex-key", 1, 3, ()),
    ("a: &x 1\nb: {*x : 2}", "complex-key", 2, 5, ("b",)),
    ("a:\n  ? \n  : 2", "complex-key", 2, 4, ("a", "")),
    ("a: 1\n---\nb: 2", "several-documents", 2, 1, ()),
    ("%YAML 1.1\n---\na: 1", "directive", 1, 1, ()),
    ("%TAG ! tag:x,2000:\n---\na: 1", "directive", 1, 1, ()),
    ("%YAML 1.3\n---\na: 1", "directive", 1, 1, ()),
    ("%FOO\n---\na: 1", "directive", 1, 1, ()),
    ("a: *x", "unknown-anchor", 1, 4, ("a",)),
    ("a: &x [1, *x]", "anchor-cycle", 1, 11, ("a", 1)),
    ("a: &x {b: {c: *x}}", "anchor-cycle", 1, 15, ("a", "b", "c")),
    ("a: &x 1\nb: &x 2", "duplicate-anchor", 2, 4, ("b",)),
    ("a: .inf", "non-finite-number", 1, 4, ("a",)),
    ("a: [1, -.INF]", "non-finite-number", 1, 8, ("a", 1)),
    ("a:\n  b: 1e999", "number-out-of-range", 2, 6, ("a", "b")),
    ("a: 9223372036854775808", "number-out-of-range", 1, 4, ("a",)),
    ("a: b\0", "control-character", 1, 5, ()),
    ("a: b\x07c", "control-character", 1, 5, ()),
    ("a: \x1b[31m", "control-character", 1, 4, ()),
    ("a: 1\nb: x\u2028y", "control-character", 2, 5, ()),
    ("a: x\x85y", "control-character", 1, 5, ()),
    ("a: x\ufeffy", "control-character", 1, 5, ()),
    ("a: \ud800", "control-character", 1, 4, ()),
    (b"name: caf\xe9", "undecodable-text", 1, 10, ()),
    (b"a: 1\nb: \xc3\xa9 \xff", "undecodable-text", 2, 6, ()),
    (b"\xff\xfea\x00\x00", "undecodable-text", 1, 2, ()),
    (b"\xff\xfe\x00\x00a\x00\x00\x00\xff", "undecodable-text", 1, 2, ()),
    (b"a\x00:\x00 \x001\x00", "control-character", 1, 2, ()),
]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "path"),
    REFUSED,
    ids=[f"{r[1]}-{i}" for i, r in enumerate(REFUSED)],
)
def test_refused(
    reading: Reading,
    text: str | bytes,
    code: str,
    line: int,
    column: int,
    path: tuple[str | int, ...],
) -> None:
    """What a spec may not contain is one fault at its place and path."""
    outcome = reading(text)
    assert (outcome.only.code.id, *outcome.spot, outcome.only.path) == (
        code,
        "spec.yaml",
        line,
        column,
        path,
    )
    assert outcome.only.hint


def test_duplicate_key_tells_both_places(reading: Reading) -> None:
    """The second key is the fault, the first is related, and its value stays."""
    outcome = reading("a: 1\nb: 2\na: 3\n")
    assert outcome.related == [(1, 1, "it stands here first")]
    assert outcome.tree == {"a": 1, "b": 2}


def test_every_duplicate_is_told(reading: Reading) -> None:
    """k faults in one text are k diagnostics, and reading goes on past each."""
    outcome = reading("a: 1\na: 2\nb: {c: 1, c: 2}\nd: .nan\ne: !x 1\nf: *g\nh: 5\n")
    assert outcome.codes == [
        "duplicate-key",
        "duplicate-key",
        "non-finite-number",
        "tag",
        "unknown-anchor",
    ]
    assert outcome.at("h").value == 5


def test_faults_taint_only_their_paths(reading: Reading) -> None:
    """A fault taints its value and nothing beside it."""
    report = reading("a: {b: 1, b: 2, c: 3}\nd: .nan\n").report
    tainted = [("a",), ("a", "b"), ("d",), ("d", "x")]
    assert [path for path in [*tainted, ("a", "c"), ("e",)] if report.taints(path)] == tainted


def test_fault_of_the_file_taints_no_value(reading: Reading) -> None:
    """A directive or a second document does not keep other faults from being found."""
    assert not reading("%YAML 1.1\n---\na: 1").report.taints(("a",))


def test_unknown_anchor_suggests(reading: Reading) -> None:
    """A misspelt alias is told with the anchor that was meant."""
    assert reading("a: &patch 1\nb: *pach").only.hint == "did you mean '*patch'?"


def test_value_below_a_complex_key_is_passed_over(reading: Reading) -> None:
    """What follows a faulty key is still read."""
    outcome = reading("? [1, 2]\n: {x: 1, x: 2}\nb: 3")
    assert outcome.codes == ["complex-key", "duplicate-key"]
    assert outcome.tree == {"b": 3}
