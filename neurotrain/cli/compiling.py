"""What the verbs that read a spec share: loading, compiling and telling the faults."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from neurotrain.cli.reading import remembering_reader
from neurotrain.compiler.draft import Draft, Options
from neurotrain.compiler.driver import compile_spec, deepen
from neurotrain.language.diagnostics import Report
from neurotrain.language.load import Loaded, load
from neurotrain.language.render import render_json, render_text
from neurotrain.plan.plan import Plan
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

    @property
    def plan(self) -> Plan | None:
        """The plan, where no error stands."""
        return None if self.draft is None else self.draft.plan


def compile_wholly(
    file: Path, overrides: Sequence[str], *, output: Path | None = None, no_data: bool = False
) -> Compiled:
    """Load and compile a spec with all that its data files hold; `output` is where it writes."""
    reader = remembering_reader()
    free = None if output is None else free_bytes(output)
    try:
        options = Options(reader=reader, no_data=no_data, free_bytes=free)
        return compile_file(file, overrides, options)
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


def deepened(compiled: Compiled) -> Compiled:
    """The same after the passes that load torch: more faults, or a plan with predictions."""
    if compiled.draft is None:
        return compiled
    return replace(compiled, draft=deepen(compiled.draft, compiled.report))


def free_bytes(folder: Path) -> int | None:
    """The free space of the disk that a folder is on or would be made on; None if unknown."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        return shutil.disk_usage(there).free
    except OSError:
        return None


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
