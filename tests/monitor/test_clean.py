"""No text from a log can act on the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurotrain.monitor.clean import clean, fit, width


@given(st.text(alphabet=st.characters(), max_size=200))
def test_nothing_but_visible_characters_is_left(text: str) -> None:
    """No control, format, surrogate or combining character passes."""
    forbidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"}
    assert not {unicodedata.category(char) for char in clean(text)} & forbidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("a\tb\r\nc", "a b  c"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("e\u0301", "é"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
    ],
)
def test_known_tricks_are_taken_out(text: str, expected: str) -> None:
    """Colours, titles, line breaks and bidirectional controls go, markup stays as it is."""
    assert clean(text) == expected


@given(st.text(max_size=60), st.integers(0, 40))
def test_fitting_gives_exactly_the_cells(text: str, cells: int) -> None:
    """Cut or padded, the text takes the cells asked for."""
    assert width(fit(clean(text), cells)) == cells
