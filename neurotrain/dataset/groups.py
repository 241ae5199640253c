"""Which samples belong together: a pattern on their names tells the patient, the scene, the site.

A pattern is matched from left to right without ever going back, so that the time it takes grows
with the length of a name and not with the number of ways to match it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from msgspec import Meta

from neurotrain.dataset.base import DataFault, SampleInfo
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.listing import BadPattern, names_extension

GROUP: Final = "{group}"
GroupBy = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        description="Pattern of the images' names in which {group} stands for what belongs "
        "together, such as the patient: p{group}_* or {group}/*. A fraction never divides a group, "
        "and no group may be in two datasets that both state it. The pattern is matched with the "
        "end of a name, one that ends in /** with its beginning; {group} is as short as possible, "
        "and several of them count together",
    ),
]
_PIECE: Final = re.compile(r"\{group\}|\*+|\?|\[!?\]?[^\]]*\]")
_WITHOUT_END: Final = re.compile(r"\{group\}(?:\*|\{group\})|\*\{group\}")


def with_groups(
    samples: tuple[SampleInfo, ...], pattern: str | None
) -> tuple[tuple[SampleInfo, ...], list[DataFault]]:
    """The samples with their groups, and the fault of a pattern that does not tell them."""
    if pattern is None or not samples:
        return samples, []
    try:
        groups = _groups(samples, pattern)
    except BadPattern as error:
        text, _, hint = str(error).partition("; ")
        return samples, [_fault(text, hint)]
    unmatched = [sample.id for sample, group in zip(samples, groups, strict=True) if group is None]
    if unmatched:
        text = (
            f"'{pattern}' does not match {counted(len(unmatched), 'image')} of {len(samples):,}: "
            f"{some_names(unmatched)}"
        )
        hint = "every image needs a group; write a pattern that fits all names"
        return samples, [_fault(text, hint)]
    if len(set(groups)) == 1 and len(samples) > 1:
        text = f"'{pattern}' puts all {len(samples):,} images into one group, '{groups[0]}'"
        hint = f"put {GROUP} where the names differ from patient to patient"
        return samples, [_fault(text, hint)]
    pairs = zip(samples, groups, strict=True)
    return tuple(replace(sample, group=group) for sample, group in pairs), []


def _groups(samples: Sequence[SampleInfo], pattern: str) -> list[str | None]:
    """The group of each sample, None where the pattern does not match its id.

    Raises:
        BadPattern: the pattern names no group, or not where one ends.
    """
    parts, from_start = _parts(pattern)
    *above, name = parts
    pieces = [_linear(part) for part in above]
    regex = re.compile("/".join([*pieces, _linear(name, is_file=not from_start)]))
    groups = []
    for sample in samples:
        names = sample.id.split("/")
        if from_start:
            names = names[: len(parts)] if len(names) > len(parts) else []
        match = regex.fullmatch("/".join(names[-len(parts) :]))
        groups.append("/".join(match.groups()) if match is not None else None)
    return groups


def _parts(pattern: str) -> tuple[list[str], bool]:
    """The pattern between slashes, and whether it is matched with the beginning of a name."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    from_start = parts[-1:] == ["**"]
    parts = parts[:-1] if from_start else parts
    if GROUP not in pattern:
        raise BadPattern(f"'{pattern}' has no {GROUP}; put it where the patient's name is")
    if re.search(r"[{}]", pattern.replace(GROUP, "")):
        raise BadPattern(f"'{pattern}' has braces; the only placeholder is {GROUP}")
    if "**" in parts:
        raise BadPattern(f"'{pattern}' has '**' before its end; leave it out, or end with /**")
    if any(_WITHOUT_END.search(part) for part in parts):
        raise BadPattern(
            f"'{pattern}' does not say where the group ends; put a text between {GROUP} and '*'"
        )
    return parts, from_start


def _linear(part: str, *, is_file: bool = False) -> str:
    """A regex for one name that never goes back behind a wildcard once the text after it is found.

    For wildcards without limits the earliest place is as good as any later one, so nothing is
    missed.
    """
    stem, extension = part, ""
    if is_file and names_extension(part):
        stem, dot, end = part.rpartition(".")
        extension = f"(?i:{re.escape(dot + end)})"
    regex, open_wildcard, start = "", "", 0
    fixed = ""
    for match in _PIECE.finditer(stem):
        fixed += re.escape(stem[start : match.start()])
        start = match.end()
        if match[0] == GROUP or match[0][0] == "*":
            regex += f"(?>{open_wildcard}{fixed})" if open_wildcard else fixed
            open_wildcard, fixed = ("([^/]+?)" if match[0] == GROUP else "[^/]*?"), ""
        else:
            fixed += _one_letter(match[0])
    fixed += re.escape(stem[start:]) + extension
    return f"{regex}{open_wildcard}{fixed}"


def _one_letter(wildcard: str) -> str:
    if wildcard == "?":
        return "[^/]"
    inside = wildcard[1:-1].replace("\\", r"\\")
    try:
        re.compile(f"[{inside}]")
    except re.error as error:
        raise BadPattern(
            f"'{wildcard}' is a bad range in brackets; write one such as [0-9]"
        ) from error
    return f"[^{inside[1:]}/]" if inside.startswith("!") else f"[{inside}]"


def _fault(message: str, hint: str) -> DataFault:
    return DataFault(code="group-pattern", field="group_by", message=message, hint=hint)
