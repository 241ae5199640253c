"""`neurotrain explain`: a diagnostic, a key of a spec or a component, in words."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from neurotrain.component.catalogue import Catalogue
    from neurotrain.language.diagnostics import Code
    from neurotrain.spec.fields import Field

_WIDTH: Final = 80
_LABEL: Final = 10


@click.command("explain")
@click.argument("name", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of specs; so does no NAME.")
@click.option(
    "--plugin", "plugins", multiple=True, metavar="NAME",
    help="With the components of this installed plugin. May be repeated.",
)  # fmt: skip
def command(name: str | None, schema: bool, plugins: tuple[str, ...]) -> None:
    """Explain NAME: a diagnostic code, a path of a spec, or a component.

    Such as unknown-component, train.early_stopping.patience, data.train, model.unet.channels or
    unet.
    """
    if schema and name is not None:
        raise click.UsageError("--schema prints the whole schema; leave NAME out")
    if name is None:
        from neurotrain.cli.schema import encode, schemas

        click.echo(encode(schemas(_with(plugins))["experiment.schema.json"]), nl=False)
        return
    click.echo(explanation(name, _with(plugins)))


def _with(plugins: tuple[str, ...]) -> Catalogue:
    """The catalogue with these plugins.

    Raises:
        click.UsageError: one of them cannot be used.
    """
    from neurotrain.component.plugins import Plugin, PluginFault, clash, load_plugin
    from neurotrain.spec.catalogue import built_in

    catalogue = built_in()
    loaded: list[Plugin] = []
    for name in dict.fromkeys(plugins):
        try:
            plugin = load_plugin(name, catalogue)
        except PluginFault as fault:
            raise click.UsageError(f"{fault.message}; {fault.hint}") from fault
        message = clash(plugin, catalogue, loaded)
        if message:
            raise click.UsageError(message)
        loaded.append(plugin)
        catalogue = catalogue.extended(plugin.components)
    return catalogue


def explanation(name: str, catalogue: Catalogue | None = None) -> str:
    """What a name means, at most 80 columns wide; by default without plugins.

    Raises:
        click.UsageError: it means nothing; the nearest name is told.
    """
    from neurotrain.compiler.codes import ALL
    from neurotrain.language.codes import CODES
    from neurotrain.language.suggest import closest
    from neurotrain.spec.catalogue import built_in
    from neurotrain.spec.fields import Reference

    codes = {code.id: code for code in (*CODES, *ALL)}
    if name in codes:
        return _code(codes[name])
    reference = Reference.of(catalogue or built_in())
    found = reference.find(name)
    if found:
        return "\n\n".join(described(field) for field in found)
    likely = reference.ending_with(name) or closest(name, codes) or reference.suggest(name)
    hint = f"did you mean '{likely}'?" if likely else "'neurotrain explain --help' has examples"
    raise click.UsageError(f"'{name}' is no diagnostic, no key of a spec and no component; {hint}")


def _code(code: Code) -> str:
    return "\n".join(
        [
            f"{code.id} ({code.severity})",
            "",
            *_labelled("what", code.what),
            *_labelled("why", code.why),
            "",
            "  example",
            textwrap.indent(code.example, " " * 6),
            "",
            "  write instead",
            textwrap.indent(code.instead, " " * 6),
        ]
    )


def described(field: Field) -> str:
    """A key, a family or a component with its parts."""
    lines = [field.name, *_paragraphs(field.meaning, "  "), ""]
    if field.written:
        lines += _labelled("write", field.written)
    else:
        lines += _labelled("type", field.type)
        lines += _labelled("default", _default(field))
    if field.is_family:
        lines += ["", *_members(field)]
    elif field.parts:
        lines += ["", *_keys(field)]
    return "\n".join(lines)


def _members(field: Field) -> Iterable[str]:
    yield "  one of"
    width = max(len(part.name) for part in field.parts) + 2
    for part in field.parts:
        yield _one_line(f"    {part.name:<{width}}", part.meaning)
    yield ""
    yield f"  more: neurotrain explain {field.name}.{field.parts[0].name}"


def _keys(field: Field) -> Iterable[str]:
    yield "  with"
    for part in field.parts:
        default = _default(part) if part.required else f"default {_default(part)}"
        line = f"{part.name}: {part.type}; {default}"
        yield from textwrap.wrap(
            line, _WIDTH, initial_indent=" " * 4, subsequent_indent=" " * (6 + len(part.name))
        )
        yield from _paragraphs(part.meaning, " " * 8)


def _one_line(start: str, meaning: str) -> str:
    """The first sentence of a meaning, cut to the width."""
    summary = " ".join(meaning.partition("\n\n")[0].split())
    return start + textwrap.shorten(summary, _WIDTH - len(start), placeholder=" …")


def _default(field: Field) -> str:
    if field.required:
        return "must be given"
    return "none" if field.default is None else yaml_of(field.default)


def yaml_of(value: Any) -> str:
    """A plain value as a spec writes it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml_of(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(yaml_of(below) for below in value) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _labelled(label: str, text: str) -> list[str]:
    indent = " " * (_LABEL + 2)
    first = f"  {label:<{_LABEL}}"
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=indent)


def _paragraphs(text: str, indent: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        words = " ".join(paragraph.split())
        lines += textwrap.wrap(words, _WIDTH, initial_indent=indent, subsequent_indent=indent)
        lines.append("")
    return lines[:-1]
