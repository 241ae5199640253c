"""Keys without a value: null deletes a key, so it has to be a key that there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from neurotrain.compiler.codes import form
from neurotrain.compiler.draft import Draft, fault
from neurotrain.compiler.synonyms import SYNONYMS
from neurotrain.language.diagnostics import Diagnostic
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath, nearest, walk


def null_faults(draft: Draft) -> Iterator[Diagnostic]:
    """Every key whose value is null although the key is unknown, or whose value is left out."""
    for path, node in walk(draft.root):
        if not isinstance(node.value, Mapping):
            continue
        for key, below in node.value.items():
            if below.value is None:
                yield from _judged(draft, path, key, left_out=not below.written)


def split_numbers(draft: Draft) -> Iterator[SpecPath]:
    """Every number that a decimal comma has cut in two: what stands behind it is told as a key."""
    for path, node in walk(draft.root):
        if isinstance(node.value, Mapping):
            keys = list(node.value)
            for key, following in pairwise(keys):
                is_cut = following.isdigit() and node.value[following].value is None
                if is_cut and isinstance(node.value[key].value, int):
                    yield (*path, key)


def _judged(draft: Draft, owner: SpecPath, key: str, *, left_out: bool) -> Iterator[Diagnostic]:
    known = draft.known_keys(owner)
    path = (*owner, key)
    if known is not None and key in known:
        if left_out:
            hint = "write one, or null for the default"
            yield fault(form.MISSING_VALUE, path, f"'{key}' has no value", hint, at_key=True)
    elif known is not None or ":" in key:
        message = f"there is no key '{key}'"
        hint = _whole_number(draft, owner, key) or _remedy(key, known or ())
        yield fault(form.UNKNOWN_KEY, path, message, hint, at_key=True)


def _whole_number(draft: Draft, owner: SpecPath, key: str) -> str:
    """The number whose part behind a decimal comma has become a key, written rightly."""
    node, _ = nearest(draft.root, owner)
    assert isinstance(node.value, Mapping)
    for before, following in pairwise(node.value):
        number = node.value[before].value
        if following == key and key.isdigit() and type(number) is int:
            return f"decimal numbers have a point, not a comma: write {before}: {number}.{key}"
    return ""


def _remedy(key: str, known: tuple[str, ...]) -> str:
    name, colon, value = key.partition(":")
    if colon:
        return f"a space is missing after the colon: write {name}: {value}"
    if key.isdigit():
        return f"decimal numbers have a point, not a comma: write ….{key}"
    likely = closest(key, known, SYNONYMS)
    return f"did you mean '{likely}'?" if likely else f"there are: {', '.join(known)}"
