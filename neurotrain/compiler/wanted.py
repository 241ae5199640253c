"""What the schema wants in a value's place, as a remedy: with the value as it should be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from neurotrain.compiler.reformed import with_unit
from neurotrain.compiler.validator import Violation

_BOUNDS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}
_KINDS: Final = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,),
    "number": (int, float), "boolean": (bool,),
}  # fmt: skip


def bound(error: Violation) -> str:
    """The bound that a number, a text or a list breaks."""
    least, most = error.schema.get("minItems"), error.schema.get("maxItems")
    if error.rule in ("minItems", "maxItems") and least == most:
        return f"{least} entries"
    limit = error.wanted
    told = _BOUNDS[error.rule].format(f"{limit:g}" if isinstance(limit, float) else limit)
    is_share = str(error.schema.get("description", "")).startswith(("Share", "Chance"))
    if is_share and error.rule in ("maximum", "exclusiveMaximum") and 1 < error.value < 100:
        told += f": {error.value:g} % is {error.value / 100:g}"
    return told


def suits(value: object, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of the type that a key takes."""
    kind = schema.get("type")
    return isinstance(kind, str) and isinstance(value, _TYPES.get(kind, ()))


def wanted(error: Violation, written: str) -> str:
    """The type that is wanted, with the value as the author wrote it brought to that type."""
    hint = f"it takes {_KINDS[error.wanted]}"
    wants, value = error.schema.get("x-wants"), error.value
    if error.wanted == "array":
        return _list(error, written)
    if error.wanted == "object":
        return _map(error, written)
    if error.wanted == "string":
        hint = f"it wants {wants}" if wants else hint
        has_unit = bool(wants and "unit" in wants)
        if has_unit and type(value) is int and value > 0:
            ways = with_unit(value, error.schema.get("pattern", "$^"))
            return f"{hint}: write {' or '.join(ways[:2])}" if ways else hint
        plain = isinstance(value, (int, float)) and not has_unit
        return f'{hint}: write "{written or value}" in quotes' if plain else hint
    if error.wanted in ("integer", "number") and _reads_as_number(value):
        return f"{hint}: write {value} without quotes"
    if error.wanted == "integer" and isinstance(value, float) and value.is_integer():
        return f"{hint}: write {value:.0f}"
    return hint


def _list(error: Violation, written: str) -> str:
    """That a list is wanted, and how one entry is written where one is enough."""
    least = error.schema.get("minItems", 0)
    if "," in written or (written and least <= 1):
        return f"it takes a list: write [{written}]"
    example = ", ".join([written or "…"] * least)
    return f"it takes a list of at least {least} entries: write [{example}]"


def _map(error: Violation, written: str) -> str:
    """That a map is wanted, and how its first key is written."""
    first = next((key for key in error.schema.get("properties", {}) if key != "type"), None)
    if first is None:
        return "it takes a map"
    value = written if isinstance(error.value, (int, float, str)) and written else "…"
    return f"it takes a map, such as {{{first}: {value}}}"


def _reads_as_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return isinstance(value, str)
