"""What the verbs that read a spec share: loading, compiling and telling the faults."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from neurotrain.cli.reading import remembering_reader
from neurotrain.compiler.draft import Draft, Options
from neurotrain.compiler.driver import compile_spec
from neurotrain.language.diagnostics import Report
from neurotrain.language.load import Loaded, load
from neurotrain.language.render import render_json, render_text
from neurotrain.spec.catalogue import built_in

SET_OPTION = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Replace a value of the spec, such as train.epochs=5. May be repeated.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A spec with everything that was found about it."""

    loaded: Loaded
    report: Report
    draft: Draft | None


def compile_wholly(file: Path, overrides: Sequence[str], *, no_data: bool = False) -> Compiled:
    """Load and compile a spec with all that its data files hold."""
    reader = remembering_reader()
    try:
        return compile_file(file, overrides, Options(reader=reader, no_data=no_data))
    finally:
        reader.save()


def compile_file(file: Path, overrides: Sequence[str], options: Options) -> Compiled:
    """Load and compile a spec; faults are in the report."""
    report = Report()
    environment = dict(os.environ)
    loaded = load(file, overrides=overrides, environment=environment, report=report)
    draft = None
    if loaded.root is not None:
        draft = compile_spec(
            loaded.root, file, catalogue=built_in(), environment=environment,
            options=options, report=report, incomplete=loaded.incomplete,
        )  # fmt: skip
    return Compiled(loaded=loaded, report=report, draft=draft)


def tell(compiled: Compiled, form: str = "text") -> None:
    """Print what was found: text on stderr, JSON records on stdout."""
    report, sources = compiled.report, compiled.loaded.sources
    root = compiled.draft.root if compiled.draft is not None else compiled.loaded.root
    if form == "json":
        click.echo(render_json(report, root, sources), nl=False)
        return
    if report.items:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        text = render_text(report, root, sources, colour=colour)
        click.echo(text.rstrip("\n"), err=True, color=colour)
