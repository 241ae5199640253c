"""Keys that a map does not have: which one is meant, or where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from neurotrain.compiler.codes import form
from neurotrain.compiler.draft import fault
from neurotrain.compiler.synonyms import SYNONYMS
from neurotrain.compiler.validator import Violation
from neurotrain.compiler.wanted import suits
from neurotrain.language.diagnostics import Diagnostic
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath, dotted
from neurotrain.spec.fields import Reference

_MAX_HOMES: Final = 2
"""Places where a key belongs that are told; one that belongs to more is a common word."""
MAX_UNKNOWN: Final = 100
"""Unknown keys of one map that are told one by one."""


def misspelt(error: Violation) -> dict[str, tuple[SpecPath, str]]:
    """The unknown keys of a map, each with the absent key that is probably meant.

    One that is like no key is taken for the one needed key that is absent, if its value suits.
    """
    if error.rule != "additionalProperties":
        return {}
    properties = error.schema.get("properties", {})
    absent = [key for key in properties if key not in error.value]
    told = unknown_of(error)[:MAX_UNKNOWN]
    likely = {key: closest(key, absent, SYNONYMS) for key in told}
    rest = [key for key in told if likely[key] is None]
    needed = [key for key in error.schema.get("required", ()) if key in absent and key != "type"]
    needed = [key for key in needed if key not in likely.values()]
    if len(rest) == len(needed) == 1 and suits(error.value[rest[0]], properties[needed[0]]):
        likely[rest[0]] = needed[0]
    return {key: ((*error.path, name), name) for key, name in likely.items() if name is not None}


def unknown_of(error: Violation) -> list[str]:
    """The keys of a map that it does not have, in their order."""
    return [key for key in error.value if key not in error.schema.get("properties", {})]


def unknown_keys(error: Violation, reference: Reference) -> Iterator[Diagnostic]:
    """A fault for every unknown key of a map, with what is meant or where the key belongs."""
    path = error.path
    known, likely = list(error.schema.get("properties", {})), misspelt(error)
    where = owner(error)
    legal = ", ".join(name for name in known if name != "type")
    unknown = unknown_of(error)
    here = dotted(tuple(key for key in path if isinstance(key, str)))
    for key in unknown[:MAX_UNKNOWN]:
        hint = f"{where} has: {legal}" if legal else f"{where} has no keys"
        homes = [home for home in reference.homes(key) if not home.startswith("task.heads.")]
        homes = [home for home in homes if "." not in home] or homes
        if 1 <= len(homes) <= _MAX_HOMES and f"{here}.{key}" not in homes:
            hint = f"it belongs to {' or '.join(homes)}"
        siblings = reference.siblings(error.schema, key) if key not in likely else ()
        if 1 <= len(siblings) <= _MAX_HOMES:
            quoted = " and ".join(f"'{name}'" for name in siblings)
            hint += f"; '{key}' is a key of {quoted}"
        if key in likely:
            hint = f"did you mean '{likely[key][1]}'?"
        message = f"{where} has no key '{key}'"
        yield fault(form.UNKNOWN_KEY, (*path, key), message, hint, at_key=True)
    if len(unknown) > MAX_UNKNOWN:
        message = f"{where} has {len(unknown) - MAX_UNKNOWN:,} more unknown keys from here on"
        at = (*path, unknown[MAX_UNKNOWN])
        yield fault(form.UNKNOWN_KEY, at, message, "mend those before it first", at_key=True)


def owner(error: Violation) -> str:
    """What the map with the fault is: a component's type, the block's key, or the spec."""
    kind = error.value.get("type")
    if isinstance(kind, str):
        return f"'{kind}'"
    return f"'{named(error.path)}'" if error.path else "the spec"


def named(path: SpecPath) -> str:
    """The last key of a path, with its list's name for an entry of a list."""
    if not path:
        return "a spec"
    if isinstance(path[-1], int):
        return f"an entry of {path[-2]}" if len(path) > 1 else "an entry"
    return str(path[-1])
