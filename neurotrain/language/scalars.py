"""What a scalar means: the core schema of YAML 1.2.2, section 10.3.2.

Three spellings of the core schema are refused because a spec has no use for them: infinities,
"not a number", and numbers that 64 bits cannot hold. Knows nothing of places.
"""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import Final

from neurotrain.language.tree import Scalar

_CONSTANTS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NON_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FIRST_OF_NUMBER: Final = frozenset("-+.0123456789")
_INT64: Final = range(-(2**63), 2**63)
_LONGEST_INTEGER: Final = 64
"""Characters; any longer integer without leading zeros is beyond 64 bits."""
_SURELY_64_BITS: Final = 18
"""Decimal digits; any integer with no more of them fits."""


class BadNumber(Enum):
    """Why a plain scalar that is a number has no value."""

    NON_FINITE = "non-finite"
    OUT_OF_RANGE = "out-of-range"


def resolve(text: str) -> Scalar | BadNumber:
    """The value of a plain (unquoted) scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _FIRST_OF_NUMBER:
        return text
    if len(text) <= _SURELY_64_BITS and text.isascii() and text.isdigit():
        return int(text)
    return _number(text)


def _number(text: str) -> Scalar | BadNumber:
    if _DECIMAL.fullmatch(text):
        return _integer(text, 10)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _OCTAL.fullmatch(text):
        return _integer(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text[2:], 16)
    return BadNumber.NON_FINITE if _NON_FINITE.fullmatch(text) else text


def _integer(digits: str, base: int) -> int | BadNumber:
    sign = "-" if digits.startswith("-") else ""
    significant = digits.lstrip("+-").lstrip("0") or "0"
    if len(significant) > _LONGEST_INTEGER:
        return BadNumber.OUT_OF_RANGE
    value = int(sign + significant, base)
    return value if value in _INT64 else BadNumber.OUT_OF_RANGE


def _float(text: str) -> float | BadNumber:
    value = float(text)
    mantissa = text.lower().partition("e")[0]
    vanished = value == 0 and any(digit in mantissa for digit in "123456789")
    return BadNumber.OUT_OF_RANGE if math.isinf(value) or vanished else value
