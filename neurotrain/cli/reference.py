"""The reference of the spec as Markdown; `python -m neurotrain.cli.reference > docs/reference.md`.

Made from the schema and the diagnostic codes, so it cannot say anything else than they do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from neurotrain.component.catalogue import Catalogue
    from neurotrain.language.diagnostics import Code
    from neurotrain.spec.fields import Field, Reference

_COLUMNS: Final = ("key", "value", "default", "meaning")
_INTRODUCTION: Final = """\
# Reference

Every key of a spec, every component and every diagnostic. This page is generated from the program
(`python -m neurotrain.cli.reference > docs/reference.md`); do not edit it by hand. The same text is
on the command line: `neurotrain explain train.batch`, `neurotrain explain unet`.

[The language](spec.md) says how the keys work together."""


def reference_page(catalogue: Catalogue) -> str:
    """The whole page, one line break at its end."""
    from neurotrain.compiler.codes import ALL
    from neurotrain.language.codes import CODES
    from neurotrain.spec.fields import Reference

    reference = Reference.of(catalogue)
    sections = [
        _INTRODUCTION,
        *_blocks(reference, catalogue),
        *_families(reference, catalogue),
        *_diagnostics((*CODES, *ALL)),
    ]
    return "\n\n".join(sections) + "\n"


def _blocks(reference: Reference, catalogue: Catalogue) -> Iterator[str]:
    """The keys of the file, then of every block in it; what a component holds comes later."""
    tops = [_one(reference, path) for path in reference.paths() if "." not in path]
    yield "## Blocks"
    yield "### The file"
    yield _table(tops, [_value(field, catalogue) for field in tops])
    for path in reference.paths():
        field = _one(reference, path)
        own = [part for part in field.parts if not part.written]
        if field.name == path and own and not field.written:
            below = [_one(reference, f"{path}.{part.name}") for part in own]
            yield f"### {path}"
            yield _table(own, [_value(one, catalogue) for one in below])


def _families(reference: Reference, catalogue: Catalogue) -> Iterator[str]:
    """Every component with its keys, by family."""
    yield "## Components"
    yield (
        "A component is written as a map with its `type`. One that needs nothing else may be "
        "written as its\nname alone: `dice` is `{type: dice}`."
    )
    for family in catalogue.families:
        yield f"### {_title(family)}"
        yield _one(reference, family).meaning
        for name in catalogue.names(family):
            component = _one(reference, f"{family}.{name}")
            yield f"#### {name}"
            yield f"`{component.written}`"
            yield from _paragraphs(component.meaning)
            if component.parts:
                yield _table(component.parts, [part.type for part in component.parts])


def _diagnostics(codes: Iterable[Code]) -> Iterator[str]:
    yield "## Diagnostics"
    yield "`neurotrain explain CODE` shows each with an example and what to write instead."
    rows = [
        (f"`{code.id}`", str(code.severity), f"{code.what} {code.why}")
        for code in sorted(codes, key=lambda code: code.id)
    ]
    yield _markdown_table(("code", "severity", "meaning"), rows)


def _one(reference: Reference, name: str) -> Field:
    return reference.find(name)[0]


def _table(fields: Sequence[Field], values: Sequence[str]) -> str:
    rows = [
        (f"`{field.name}`", value, _default(field), " ".join(field.meaning.split()))
        for field, value in zip(fields, values, strict=True)
    ]
    return _markdown_table(_COLUMNS, rows)


def _value(field: Field, catalogue: Catalogue) -> str:
    """What may stand at a key, with a link to the family or the block that it is."""
    components = {part.name for part in field.parts if part.written}
    for family in catalogue.families:
        if components == set(catalogue.names(family)):
            return f"{field.type}; see [{_title(family)}](#{_anchor(_title(family))})"
    if field.parts:
        return f"[{field.name}](#{_anchor(field.name)})"
    return field.type


def _title(family: str) -> str:
    return f"Family: {family}"


def _default(field: Field) -> str:
    from neurotrain.cli.explain import yaml_of

    if field.required:
        return "**required**"
    return "none" if field.default is None else f"`{yaml_of(field.default)}`"


def _anchor(title: str) -> str:
    """The name by which Markdown viewers link to a heading."""
    return title.lower().replace(" ", "-").translate({ord(sign): None for sign in ".:"})


def _markdown_table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield " ".join(paragraph.split())


def main() -> None:
    """Print the page."""
    from neurotrain.spec.catalogue import built_in

    sys.stdout.write(reference_page(built_in()))


if __name__ == "__main__":
    main()
