"""The faults of a YAML text in words: one function for each."""

from __future__ import annotations

from collections.abc import Iterable

from neurotrain.language import reading_codes as codes
from neurotrain.language.diagnostics import Diagnostic
from neurotrain.language.limits import MAX_ANCHORS, MAX_DEPTH, MAX_NODES, MAX_TEXT
from neurotrain.language.scalars import BadNumber
from neurotrain.language.suggest import closest
from neurotrain.language.tree import Place, SpecPath

_SHOWN_CHARACTERS = 40


def bad_number(reason: BadNumber, text: str, path: SpecPath, place: Place) -> Diagnostic:
    """A plain scalar that is a number without a value."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    if reason is BadNumber.NON_FINITE:
        code, message = codes.NON_FINITE_NUMBER, f"{shown} is not a finite number"
        hint = "leave the key out, or put quotes around it if a text is meant"
    else:
        code, message = codes.NUMBER_OUT_OF_RANGE, f"{shown} does not fit a 64-bit number"
        hint = "write another number, or put quotes around it if a text is meant"
    return Diagnostic(code=code, path=path, place=place, message=message, hint=hint)


def duplicate_key(key: str, path: SpecPath, place: Place, first: Place) -> Diagnostic:
    """A key that its map already has."""
    return Diagnostic(
        code=codes.DUPLICATE_KEY,
        path=path,
        place=place,
        at_key=True,
        message=f"the key '{key}' stands twice in the same map",
        hint="remove one of the two",
        related=((first, "it stands here first"),),
    )


def merge_key(path: SpecPath, place: Place) -> Diagnostic:
    """A `<<` that is not in quotes."""
    return Diagnostic(
        code=codes.MERGE_KEY,
        path=path,
        place=place,
        at_key=True,
        message="`<<` merges a map into another, which a spec does not do",
        hint="use `extends`, or put the shared map into `vars` and write ${vars.name}",
    )


def complex_key(what: str, path: SpecPath, place: Place) -> Diagnostic:
    """A key that is not a name."""
    return Diagnostic(
        code=codes.COMPLEX_KEY,
        path=path,
        place=place,
        message=f"{what} stands where a key should",
        hint="a key is a plain name; put quotes around a text that begins with a sign",
    )


def tag(name: str, path: SpecPath, place: Place) -> Diagnostic:
    """A `!tag`; the name is the one that the parser gives."""
    short = name.replace("tag:yaml.org,2002:", "!!", 1)
    return Diagnostic(
        code=codes.TAG,
        path=path,
        place=place,
        message=f"the value carries the tag '{short}', and a spec has no tags",
        hint="remove the tag; put quotes around a value that is a text",
    )


def second_document(place: Place) -> Diagnostic:
    """A `---` after the first document."""
    return Diagnostic(
        code=codes.SEVERAL_DOCUMENTS,
        path=(),
        place=place,
        message="a second YAML document begins here, but a spec is a single one",
        hint="remove the `---`, or move what follows into a file of its own",
    )


def directive(place: Place) -> Diagnostic:
    """A `%` line that a spec may not have."""
    return Diagnostic(
        code=codes.DIRECTIVE,
        path=(),
        place=place,
        message="a spec takes no directive but `%YAML 1.2`",
        hint="remove the line that begins with `%`",
    )


def duplicate_anchor(name: str, path: SpecPath, place: Place, first: Place) -> Diagnostic:
    """An anchor whose name is taken."""
    return Diagnostic(
        code=codes.DUPLICATE_ANCHOR,
        path=path,
        place=place,
        message=f"the anchor '&{name}' stands twice",
        hint="give the two different names",
        related=((first, "it stands here first"),),
    )


def unknown_anchor(name: str, anchors: Iterable[str], path: SpecPath, place: Place) -> Diagnostic:
    """An alias of nothing."""
    guess = closest(name, anchors)
    hint = "an alias stands below its anchor; put quotes around a text that begins with `*`"
    return Diagnostic(
        code=codes.UNKNOWN_ANCHOR,
        path=path,
        place=place,
        message=f"no anchor above is named '&{name}'",
        hint=f"did you mean '*{guess}'?" if guess else hint,
    )


def anchor_cycle(name: str, path: SpecPath, place: Place, first: Place) -> Diagnostic:
    """An alias inside the value that it stands for."""
    return Diagnostic(
        code=codes.ANCHOR_CYCLE,
        path=path,
        place=place,
        message=f"the value '&{name}' contains itself",
        hint="write the inner value out",
        related=((first, "the value begins here"),),
    )


def too_deep(path: SpecPath, place: Place) -> Diagnostic:
    """A map or list inside too many others."""
    message = f"more than {MAX_DEPTH} maps and lists stand inside one another"
    return _limit(path, place, message, "check for brackets or dashes that are not meant")


def too_many_values(path: SpecPath, place: Place) -> Diagnostic:
    """A value beyond the number of values."""
    message = f"the spec has more than {MAX_NODES:,} values, copies by aliases counted"
    return _limit(path, place, message, "long lists belong in the data, not in the spec")


def too_many_anchors(path: SpecPath, place: Place) -> Diagnostic:
    """An anchor beyond the number of anchors."""
    message = f"the spec has more than {MAX_ANCHORS:,} anchors"
    return _limit(path, place, message, "keep the anchors that an alias names")


def too_long(path: SpecPath, place: Place) -> Diagnostic:
    """A scalar with too many characters."""
    message = f"a text is longer than {MAX_TEXT:,} characters"
    return _limit(path, place, message, "check that its quotes are closed where they should be")


def _limit(path: SpecPath, place: Place, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=codes.LIMIT_EXCEEDED, path=path, place=place, message=message, hint=hint)
