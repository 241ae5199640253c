"""`neurotrain compile`: the dry run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurotrain.cli.compiling import SET_OPTION

if TYPE_CHECKING:
    from neurotrain.plan.open_plan import OpenPlan


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
@click.option("--against", type=click.Path(path_type=Path), help="Compare. Not available.")
def command(
    spec: Path,
    output: Path | None,
    overrides: tuple[str, ...],
    no_data: bool,
    against: Path | None,
) -> None:
    """Compile SPEC into a run plan and say what it will do. Trains nothing."""
    from neurotrain.cli.compiling import compile_wholly, tell
    from neurotrain.cli.run_folder import write_plan
    from neurotrain.cli.summary import summary

    if output is not None and (output / "events.jsonl").exists():
        raise click.UsageError(f"{output} is a run, whose plan is binding; name another folder")
    if against is not None:
        raise click.UsageError("--against is not available in this version")
    compiled = compile_wholly(spec, overrides, no_data=no_data)
    tell(compiled)
    open_plan = compiled.draft.open_plan if compiled.draft is not None else None
    if open_plan is not None:
        _tell_open(open_plan, output, spec.parent.absolute(), compiled.loaded.files)
        return
    plan = compiled.draft.plan if compiled.draft is not None else None
    if plan is None:
        sys.exit(2)
    click.echo(summary(plan))
    if output is not None:
        write_plan(output, plan, spec.parent.absolute(), compiled.loaded.files)
        click.echo(f"{'written':<16} {output}/plan.json deepspeed.json graph.mmd launch.sh")


def _tell_open(plan: OpenPlan, output: Path | None, base: Path, specs: tuple[Path, ...]) -> None:
    from neurotrain.cli.open_summary import open_summary
    from neurotrain.cli.run_folder import write_open_plan

    click.echo(open_summary(plan))
    if output is not None:
        write_open_plan(output, plan, base, specs)
        click.echo(f"{'written':<16} {output}/plan.json graph.mmd launch.sh")
