"""How faults look: golden texts, and properties of any excerpt."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from neurotrain.language.diagnostics import Code, Diagnostic, Report, Severity
from neurotrain.language.excerpt import MAX_WIDTH, excerpt, visible, width
from neurotrain.language.render import render_json, render_text
from neurotrain.language.tree import Place, SpecPath

from .conftest import Outcome

Reading = Callable[[str], Outcome]

FAULT = Code(id="unknown-component", what="", why="", example="", instead="")
DOUBT = Code(id="odd-value", what="", why="", example="", instead="", severity=Severity.WARNING)


def _told(reading: Reading, text: str, *faults: Diagnostic, colour: bool = False) -> str:
    outcome = reading(text)
    assert not outcome.report.items
    return render_text(Report(list(faults)), outcome.root, outcome.sources, colour=colour)


def _fault(path: SpecPath, message: str = "wrong", **rest: object) -> Diagnostic:
    return Diagnostic(code=FAULT, path=path, message=message, **rest)  # type: ignore[arg-type]


def test_fault_at_a_value(reading: Reading) -> None:
    """The source line with carets under the whole value, and the help."""
    fault = _fault(
        ("train", "optimizer", "type"),
        "no optimizer is named 'adamww'",
        hint="did you mean 'adamw'?",
    )
    text = _told(reading, "train:\n  optimizer:\n    type: adamww\n", fault)
    assert text == (
        "spec.yaml:3:11: error[unknown-component]: no optimizer is named 'adamww'\n"
        "    3 |     type: adamww\n"
        "      |           ^^^^^^\n"
        "   = help: did you mean 'adamw'?\n"
        "\n"
        "1 error\n"
    )


def test_fault_at_a_key_with_a_related_place(reading: Reading) -> None:
    """A faulty key is underlined, and related places are notes."""
    fault = _fault(("a", "epocs"), at_key=True, related=((("b",), "it depends on this"),))
    assert _told(reading, "a: {epocs: 3}\nb: 4\n", fault) == (
        "spec.yaml:1:5: error[unknown-component]: wrong\n"
        "    1 | a: {epocs: 3}\n"
        "      |     ^^^^^\n"
        "   = note: spec.yaml:2:4: it depends on this\n"
        "\n"
        "1 error\n"
    )


def test_missing_key_is_told_at_the_nearest_key_above(reading: Reading) -> None:
    """What is missing has no place, so the key of its map stands for it."""
    text = _told(reading, "x: 1\ntrain:\n  epochs: 3\n", _fault(("train", "batch", "micro")))
    assert text.startswith("spec.yaml:2:1: ")
    assert "      | ^^^^^\n" in text


def test_missing_key_of_a_list_item_is_told_at_the_item(reading: Reading) -> None:
    """A list item has no key, so its own place stands for what it lacks."""
    text = _told(reading, "loss:\n  - type: dice\n  - {weight: 1}\n", _fault(("loss", 1, "type")))
    assert text.startswith("spec.yaml:3:5: ")
    assert "      |     ^^^^^^^^^^^\n" in text


def test_omitted_value_is_told_at_its_key(reading: Reading) -> None:
    """A key without a value is underlined itself."""
    text = _told(reading, "train:\n  epochs:\n  x: 1\n", _fault(("train", "epochs")))
    assert text.startswith("spec.yaml:2:3: ")
    assert "      |   ^^^^^^\n" in text


def test_alias_tells_where_its_value_comes_from(reading: Reading) -> None:
    """A value that an alias brought is told at the alias, with its origin as a note."""
    text = _told(reading, "a: &n 3\nb: *n\n", _fault(("b",)))
    assert text.startswith("spec.yaml:2:4: ")
    assert "   = note: spec.yaml:1:7: the value comes from here\n" in text


def test_variable_tells_where_its_value_comes_from(loading: Callable[..., Outcome]) -> None:
    """A value that a variable brought is told at its use, with its origin as a note."""
    outcome = loading("vars: {n: 3}\nb: ${vars.n}\n")
    text = render_text(Report([_fault(("b",))]), outcome.root, outcome.sources, colour=False)
    assert re.search(r"spec\.yaml:2:4: error", text)
    assert re.search(r"= note: \S*spec\.yaml:1:11: the value comes from here", text)


def test_order_is_by_place_and_counts_come_last(reading: Reading) -> None:
    """Faults are ordered by line and column, whatever the order of the passes."""
    doubt = Diagnostic(code=DOUBT, path=("b",), message="odd")
    text = _told(reading, "a: 1\nb: {c: 2}\n", _fault(("b", "c")), doubt, _fault(("a",)))
    assert re.findall(r"^spec.yaml:(\S+): (\w+)", text, re.MULTILINE) == [
        ("1:4", "error"),
        ("2:4", "warning"),
        ("2:8", "error"),
    ]
    assert text.endswith("\n\n2 errors, 1 warning\n")


def test_no_fault_is_no_text(reading: Reading) -> None:
    """Silence where all is well."""
    assert _told(reading, "a: 1\n") == ""


def test_colour_only_on_request(reading: Reading) -> None:
    """Escape sequences appear with the flag alone, and change nothing else."""
    fault = _fault(("a",), hint="do")
    plain, coloured = (_told(reading, "a: 1\n", fault, colour=flag) for flag in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;31merror[unknown-component]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_tab_and_wide_characters_keep_the_carets_in_place(reading: Reading) -> None:
    """Carets stand under the value as a terminal shows it."""
    text = _told(reading, "漢字:\t[é, 値値]\n", _fault(("漢字", 1)))
    assert text.splitlines()[1:3] == [
        "    1 | 漢字:    [é, 値値]",
        "      |              ^^^^",
    ]


def test_control_characters_are_made_visible() -> None:
    """No text that is shown can steer the terminal."""
    assert visible("a\x1b[31m\x7f\x9b\u202e\ud800\n\t") == (
        "a␛[31m<U+007F><U+009B><U+202E><U+D800>␊    "
    )


def test_message_with_control_characters(reading: Reading) -> None:
    """Messages, hints and names of files are made visible too."""
    fault = _fault((), "bad \x1b[2J", hint="\x07", place=Place(file="a\x1bb", line=1, column=1))
    text = _told(reading, "a: 1\n", fault)
    assert "\x1b" not in text
    assert text.startswith("a␛b:1:1: error[unknown-component]: bad ␛[2J\n   = help: ␇")


def test_long_line_is_cut_around_the_value(reading: Reading) -> None:
    """Of a long line a window with the value is shown."""
    line = "a: [" + ", ".join(str(number) for number in range(1000, 1400)) + "]"
    lines = _told(reading, line + "\n", _fault(("a", 200))).splitlines()
    assert len(lines[1]) <= MAX_WIDTH + 10
    start = lines[2].index("^")
    assert lines[1][start : start + 4] == "1200"
    assert lines[1][8] == lines[1][-1] == "…"


def test_end_of_the_line_has_a_caret(reading: Reading) -> None:
    """A place just behind the text is shown there."""
    assert excerpt("abc", 4, 1) == ("abc", "   ^")
    assert excerpt("", 1, 1) == ("", "^")
    assert excerpt("abc", 99, 9) == ("abc", "   ^")


@given(st.text(max_size=400), st.integers(1, 420), st.integers(1, 300))
def test_carets_stay_under_the_text(line: str, column: int, length: int) -> None:
    """Any excerpt is short, printable, and has its carets under or right behind the text."""
    source, carets = excerpt(line, column, length)
    assert width(source) <= MAX_WIDTH + 12
    assert set(carets.lstrip(" ")) == {"^"}
    assert len(carets) <= width(source) + 1
    assert not any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in source)


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.data())
def test_carets_are_under_the_value(line: str, data: st.DataObject) -> None:
    """The caret's column is the width of the shown text before the value."""
    column = data.draw(st.integers(1, len(line) + 1))
    source, carets = excerpt(line, column, 1)
    if "…" not in source and width(visible(line)) <= MAX_WIDTH:
        assert len(carets) - len(carets.lstrip(" ")) == width(visible(line[: column - 1]))


def test_json_has_one_record_a_line(reading: Reading) -> None:
    """The records hold what the text shows."""
    outcome = reading("a: {epocs: 3}\nb: 4\n")
    faults = [
        _fault(("b",), "bad\x1b\n", hint="do"),
        _fault(("a", "epocs"), at_key=True, related=((("b",), "see"),)),
    ]
    lines = render_json(Report(faults), outcome.root, outcome.sources).splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "code": "unknown-component",
            "severity": "error",
            "file": "spec.yaml",
            "line": 1,
            "column": 5,
            "end_column": 10,
            "path": "a.epocs",
            "message": "wrong",
            "hint": "",
            "related": [{"file": "spec.yaml", "line": 2, "column": 4, "message": "see"}],
        },
        {
            "code": "unknown-component",
            "severity": "error",
            "file": "spec.yaml",
            "line": 2,
            "column": 4,
            "end_column": 5,
            "path": "b",
            "message": "bad\x1b\n",
            "hint": "do",
            "related": [],
        },
    ]
    assert all(line.isascii() and line.isprintable() for line in lines)
