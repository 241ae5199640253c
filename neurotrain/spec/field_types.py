"""What a schema allows, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Definitions: TypeAlias = Mapping[str, Mapping[str, Any]]

_NAMES: Final = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "object": "a map",
}
_BOUNDS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}


def followed(node: Mapping[str, Any], definitions: Definitions) -> Mapping[str, Any]:
    """The node itself, or the definition that it refers to."""
    while "$ref" in node:
        node = definitions[node["$ref"].removeprefix("#/$defs/")]
    return node


def type_in_words(node: Mapping[str, Any], definitions: Definitions) -> str:
    """The type with its bounds: `a whole number, at least 1`; `adamw, adam or sgd`."""
    target = followed(node, definitions)
    if "x-dispatch" in target:
        return _family(target["x-dispatch"])
    if "x-choice" in target:
        ways = " or ".join(f"{{{key}: …}}" for key in reversed(target["x-choice"]))
        return f"a dataset, or {ways} of the training data"
    if "enum" in target:
        return either(target["enum"])
    if "x-wants" in target:
        return str(target["x-wants"])
    if target.get("type") == "array":
        return _list(target, definitions)
    if "type" not in target:
        return "a file name, or a list of file names"
    return ", ".join([_NAMES[target["type"]], *_bounds(target)])


def either(values: list[Any]) -> str:
    """The values as they are written, with "or" before the last."""
    words = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _family(rule: Mapping[str, Any]) -> str:
    article = "an" if rule["family"][0] in "aeiou" else "a"
    name = " or the name alone" if rule["bare"] else ""
    return f"{article} {rule['family']}: a map with `type`{name}"


def _list(node: Mapping[str, Any], definitions: Definitions) -> str:
    if "prefixItems" in node:
        kinds = [type_in_words(item, definitions) for item in node["prefixItems"]]
        if len(set(kinds)) > 1:
            return f"a list of {len(kinds)} entries: {'; '.join(kinds)}"
        return f"a list of {len(kinds)} entries, each {kinds[0]}"
    count, each = _count(node), type_in_words(node["items"], definitions)
    return f"a list{' of ' + count if count else ''}, each {each}"


def _count(node: Mapping[str, Any]) -> str:
    least, most = node.get("minItems"), node.get("maxItems")
    if least and most:
        return f"{least} to {most} entries"
    return f"at least {least} entr{'y' if least == 1 else 'ies'}" if least else ""


def _bounds(node: Mapping[str, Any]) -> list[str]:
    told = []
    for keyword, words in _BOUNDS.items():
        bound = node.get(keyword)
        if bound is not None and (keyword, bound) != ("minLength", 1):
            told.append(words.format(f"{bound:g}" if isinstance(bound, float) else bound))
    return told
