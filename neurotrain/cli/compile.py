"""`neurotrain compile`: the dry run."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurotrain.cli.compiling import SET_OPTION

if TYPE_CHECKING:
    from neurotrain.cli.comparing import Side
    from neurotrain.language.tree import Node
    from neurotrain.plan.open_plan import OpenPlan
    from neurotrain.plan.plan import Plan


@click.command("compile")
@click.argument("spec", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for plan.json, deepspeed.json, graph.mmd and launch.sh; without it only the "
    "summary is printed.",
)  # fmt: skip
@SET_OPTION
@click.option(
    "--no-data",
    is_flag=True,
    help="Compile where data is absent: what follows from it is known at launch.",
)
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True), metavar="RUN|PLAN|SPEC",
    help="Tell what changed since this, and what that costs.",
)  # fmt: skip
def command(
    spec: Path,
    output: Path | None,
    overrides: tuple[str, ...],
    no_data: bool,
    against: Path | None,
) -> None:
    """Compile SPEC into a run plan and say what it will do. Trains nothing.

    A plan.json in the place of SPEC gives the same plan again.
    """
    from neurotrain.cli.comparing import Side
    from neurotrain.cli.run_folder import write_plan
    from neurotrain.cli.summary import graph, summary
    from neurotrain.plan.plan import Plan

    if output is not None and (output / "events.jsonl").exists():
        raise click.UsageError(f"{output} is a run, whose plan is binding; name another folder")
    made = _read(spec, overrides, no_data) if spec.suffix == ".json" else None
    made = made or _compile(spec, overrides, no_data, output or Path("runs"))
    plan = made.plan
    if not isinstance(plan, Plan):
        if against is not None:
            raise click.UsageError("--against compares complete plans, and data is absent here")
        _tell_open(plan, output, made.base, made.files)
        return
    click.echo(summary(plan))
    click.echo()
    click.echo(graph(plan, sys.stdout.encoding or "", os.environ))
    if against is not None:
        _tell_against(against, Side(name=str(spec), plan=plan, root=made.root))
    if output is not None:
        names = write_plan(output, plan, made.base, made.files)
        click.echo(f"\n{'written':<16} {output}/{' '.join(names)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A plan with where it comes from."""

    plan: Plan | OpenPlan
    base: Path
    files: tuple[Path, ...]
    root: Node | None = None


def _read(file: Path, overrides: tuple[str, ...], no_data: bool) -> _Made:
    """The plan in a file."""
    from neurotrain.cli.comparing import read_open_plan, read_plan
    from neurotrain.engine.launch import base_of

    if overrides or no_data:
        option = "--set" if overrides else "--no-data"
        raise click.UsageError(f"{option} works on a spec; a plan is binding")
    plan = read_open_plan(file) or read_plan(file)
    files = tuple(sorted(file.parent.glob("spec/*")))
    return _Made(plan=plan, base=base_of(file.parent), files=files)


def _compile(spec: Path, overrides: tuple[str, ...], no_data: bool, output: Path) -> _Made:
    """The plan of a spec; ends with exit code 2 where it has none."""
    from neurotrain.cli.compiling import compile_wholly, deepened, tell

    compiled = deepened(compile_wholly(spec, overrides, output=output, no_data=no_data))
    tell(compiled)
    draft = compiled.draft
    plan = None if draft is None else draft.plan or draft.open_plan
    if plan is None:
        sys.exit(2)
    return _Made(
        plan=plan, base=spec.parent.absolute(), files=tuple(compiled.loaded.files),
        root=compiled.loaded.root,
    )  # fmt: skip


def _tell_against(given: Path, new: Side) -> None:
    from neurotrain.cli.comparing import difference_of, difference_text, side_of

    old = side_of(given)
    click.echo(f"\n{difference_text(difference_of(old, new), old, new)}")


def _tell_open(plan: OpenPlan, output: Path | None, base: Path, specs: tuple[Path, ...]) -> None:
    from neurotrain.cli.open_summary import open_summary
    from neurotrain.cli.run_folder import write_open_plan

    click.echo(open_summary(plan))
    if output is not None:
        write_open_plan(output, plan, base, specs)
        click.echo(f"{'written':<16} {output}/plan.json graph.mmd launch.sh")
