"""`neurotrain new`: a commented spec to start from, with its schema beside it."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import Final

import click

_SCHEMA: Final = "experiment.schema.json"
_SUFFIX: Final = ".yaml.j2"


@click.command("new")
@click.argument("template", default="segmentation")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("experiment.yaml"),
    show_default=True, help="The spec to write; an existing file is never overwritten.",
)  # fmt: skip
@click.option("--list", "lists", is_flag=True, help="Print the templates.")
@click.option("--root", help="Folder of the data, relative to the current folder.")
@click.option("--images", help="Pattern of the images in it, such as 'images/*.png'.")
@click.option("--masks", help="Pattern of the masks in it, such as 'masks/*.png'.")
def command(
    template: str,
    output: Path,
    lists: bool,
    root: str | None,
    images: str | None,
    masks: str | None,
) -> None:
    """Write a spec from TEMPLATE (--list names them), explained line by line."""
    templates = _templates()
    if lists:
        for name, summary in templates.items():
            click.echo(f"{name:<14} {summary}")
        return
    _require_template(template, templates)
    _require_use(template, {"images": images, "masks": masks})
    values = {
        "file": output.name,
        "run_name": _run_name(output.stem),
        "name": _quoted(_run_name(output.stem)),
        "root": _quoted(_root(root, output.parent) if root else "data"),
        "images": _quoted(images or "images/*"),
        "masks": _quoted(masks or "masks/*"),
    }
    text = _rendered(template, values)
    _write(output, text)
    kept = _write_schema(output.with_name(_SCHEMA))
    _say_what_next(output, kept, text, filled_in=root is not None)


def _templates() -> dict[str, str]:
    """The templates by name with what each is for: the comment in its first line."""
    from neurotrain.cli.templates import folder

    found = {}
    for file in sorted((folder() / "new").glob(f"*{_SUFFIX}")):
        first = file.read_text(encoding="utf-8").partition("\n")[0]
        found[file.name.removesuffix(_SUFFIX)] = first.strip("{#-} ")
    return found


def _require_template(name: str, templates: dict[str, str]) -> None:
    from neurotrain.language.suggest import closest

    if name in templates:
        return
    if name.endswith((".yaml", ".yml")):
        hint = f"to write that file: neurotrain new -o {name}"
    else:
        likely = closest(name, templates)
        hint = f"did you mean '{likely}'?" if likely else f"there are: {', '.join(templates)}"
    raise click.UsageError(f"no template is named '{name}'; {hint}")


def _require_use(template: str, given: dict[str, str | None]) -> None:
    """Refuse an option that the template has no place for."""
    from neurotrain.cli.templates import folder

    text = (folder() / "new" / f"{template}{_SUFFIX}").read_text(encoding="utf-8")
    for name, value in given.items():
        if value is not None and f"{{{{ {name} }}}}" not in text:
            raise click.UsageError(f"the template '{template}' has no --{name}; leave it out")


def _rendered(template: str, values: dict[str, str]) -> str:
    from neurotrain.cli.templates import environment

    text: str = environment().get_template(f"new/{template}{_SUFFIX}").render(values)
    return text


def _run_name(stem: str) -> str:
    """The file's name as a run may be called."""
    legal = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100]
    return legal or "experiment"


def _root(given: str, folder: Path) -> str:
    """A folder named in the shell, as the spec names it: relative to itself."""
    if given.startswith("${") or os.path.isabs(given):
        return given
    return Path(os.path.relpath(given, folder)).as_posix()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _write(file: Path, text: str) -> None:
    """Write a file that is not there yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        hint = "give another name with -o, or move it away"
        raise click.UsageError(f"{file} exists and is not overwritten; {hint}") from error


def _write_schema(file: Path) -> bool:
    """Write the schema for editors; whether another file of that name was left as it is."""
    from neurotrain.compiler.validator import schema_file

    text = schema_file().read_text(encoding="utf-8")
    if file.exists():
        return file.read_text(encoding="utf-8", errors="replace") != text
    _write(file, text)
    return False


def _say_what_next(spec: Path, kept_schema: bool, text: str, *, filled_in: bool) -> None:
    click.echo(f"wrote {spec}, and {_SCHEMA} beside it for editors")
    if kept_schema:
        click.echo(
            f"the {_SCHEMA} that was there differs from this version's and is left as it is; "
            f"write it anew with: neurotrain explain --schema > {_SCHEMA}",
            err=True,
        )
    last = max(re.findall(r"^ *# \[(\d)\]", text, re.MULTILINE))
    edit = f"{'read' if filled_in else 'fill in'} the lines marked [1] to [{last}]"
    click.echo("next:")
    click.echo(f"  1. open {spec} and {edit}")
    click.echo(f"  2. neurotrain check {shlex.quote(str(spec))}")
    click.echo(f"  3. neurotrain run {shlex.quote(str(spec))}")
