"""Plain scalars against a table made by hand from YAML 1.2.2, section 10.3.2."""

from __future__ import annotations

import math

import pytest

from neurotrain.language.diagnostics import Report
from neurotrain.language.reader import read
from neurotrain.language.scalars import BadNumber, resolve
from neurotrain.language.tree import Scalar

NON_FINITE = BadNumber.NON_FINITE
OUT_OF_RANGE = BadNumber.OUT_OF_RANGE

TABLE: list[tuple[str, Scalar | BadNumber]] = [
    # null
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("nUll", "nUll"),
    ("none", "none"),
    ("None", "None"),
    ("nil", "nil"),
    ("~~", "~~"),
    # booleans
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("False", False),
    ("FALSE", False),
    ("tRUE", "tRUE"),
    ("truE", "truE"),
    ("yes", "yes"),
    ("Yes", "Yes"),
    ("YES", "YES"),
    ("no", "no"),
    ("No", "No"),
    ("NO", "NO"),
    ("on", "on"),
    ("On", "On"),
    ("ON", "ON"),
    ("off", "off"),
    ("Off", "Off"),
    ("y", "y"),
    ("Y", "Y"),
    ("n", "n"),
    ("t", "t"),
    # decimal integers
    ("0", 0),
    ("1", 1),
    ("42", 42),
    ("-1", -1),
    ("+1", 1),
    ("-0", 0),
    ("010", 10),
    ("-010", -10),
    ("007", 7),
    ("08", 8),
    ("0000000000000000000000000000000000000000000000000000000000000000000000000000001", 1),
    ("999999999999999999", 999999999999999999),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("9223372036854775808", OUT_OF_RANGE),
    ("-9223372036854775809", OUT_OF_RANGE),
    ("1" * 5000, OUT_OF_RANGE),
    ("1_000", "1_000"),
    ("1,000", "1,000"),
    ("1 000", "1 000"),
    ("--1", "--1"),
    ("+-1", "+-1"),
    ("-", "-"),
    ("+", "+"),
    ("١", "١"),
    ("１", "１"),
    ("²", "²"),
    # octal and hexadecimal integers
    ("0o10", 8),
    ("0o0", 0),
    ("0o777", 511),
    ("0o8", "0o8"),
    ("0O10", "0O10"),
    ("-0o10", "-0o10"),
    ("0o", "0o"),
    ("0x10", 16),
    ("0xff", 255),
    ("0xFF", 255),
    ("0xDeadBeef", 0xDEADBEEF),
    ("0XFF", "0XFF"),
    ("-0x1", "-0x1"),
    ("0x", "0x"),
    ("0xg", "0xg"),
    ("0x7fffffffffffffff", 2**63 - 1),
    ("0x8000000000000000", OUT_OF_RANGE),
    ("0o1000000000000000000000", OUT_OF_RANGE),
    ("0b1", "0b1"),
    # floats
    ("1.0", 1.0),
    ("1.", 1.0),
    (".5", 0.5),
    ("-.5", -0.5),
    ("+.5", 0.5),
    ("3.10", 3.1),
    ("0.1", 0.1),
    ("1e3", 1000.0),
    ("1E3", 1000.0),
    ("1e-3", 0.001),
    ("1e+3", 1000.0),
    ("3e-3", 0.003),
    ("1.e2", 100.0),
    ("1.5e-4", 0.00015),
    (".5e1", 5.0),
    ("-1e-3", -0.001),
    ("+1.0", 1.0),
    ("0e0", 0.0),
    ("0.0e-999", 0.0),
    ("0e999", 0.0),
    ("00.5", 0.5),
    ("685.230_15e+03", "685.230_15e+03"),
    (".", "."),
    ("..", ".."),
    ("1.2.3", "1.2.3"),
    ("e3", "e3"),
    (".e3", ".e3"),
    ("1e", "1e"),
    ("1e1.5", "1e1.5"),
    ("1 e3", "1 e3"),
    ("1.7976931348623157e308", 1.7976931348623157e308),
    ("5e-324", 5e-324),
    ("1e999", OUT_OF_RANGE),
    ("-1e999", OUT_OF_RANGE),
    ("1e-999", OUT_OF_RANGE),
    ("9" * 400 + ".0", OUT_OF_RANGE),
    # infinities and "not a number"
    (".inf", NON_FINITE),
    (".Inf", NON_FINITE),
    (".INF", NON_FINITE),
    ("-.inf", NON_FINITE),
    ("+.inf", NON_FINITE),
    (".nan", NON_FINITE),
    (".NaN", NON_FINITE),
    (".NAN", NON_FINITE),
    ("inf", "inf"),
    ("nan", "nan"),
    ("NaN", "NaN"),
    ("Infinity", "Infinity"),
    (".iNF", ".iNF"),
    ("-.nan", "-.nan"),
    # what YAML 1.1 read as times, dates and more
    ("12:30", "12:30"),
    ("12:30:00", "12:30:00"),
    ("190:20:30.15", "190:20:30.15"),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z"),
    ("=", "="),
    # texts
    ("10 epochs", "10 epochs"),
    ("1 epoch", "1 epoch"),
    ("valid/dice", "valid/dice"),
    ("../data", "../data"),
    ("-x", "-x"),
    ("+x", "+x"),
    ("true story", "true story"),
    ("nullify", "nullify"),
]


def test_the_table_is_large_and_has_no_row_twice() -> None:
    """At least 120 different scalars are told apart."""
    assert len({text for text, _ in TABLE}) == len(TABLE) >= 120


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=[repr(row[0][:30]) for row in TABLE])
def test_plain_scalar(text: str, expected: Scalar | BadNumber) -> None:
    """A plain scalar has the type and value of the core schema, or is refused."""
    value = resolve(text)
    assert (type(value), value) == (type(expected), expected)


def test_negative_zero_keeps_its_sign() -> None:
    """`-0.0` is the float with a negative sign."""
    value = resolve("-0.0")
    assert isinstance(value, float)
    assert math.copysign(1, value) == -1


@pytest.mark.parametrize("text", [row[0] for row in TABLE if row[0] and "," not in row[0]])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_scalar_is_a_text(text: str, quote: str) -> None:
    """Quotes make any scalar a text."""
    root = read(f"{quote}{text}{quote}", "spec.yaml", Report())
    assert root is not None
    assert root.value == text


def test_block_scalar_is_a_text() -> None:
    """A block scalar is a text even where it looks like a number."""
    root = read("a: |-\n  42\nb: >-\n  true\n", "spec.yaml", Report())
    assert root is not None
    assert isinstance(root.value, dict)
    assert [node.value for node in root.value.values()] == ["42", "true"]
