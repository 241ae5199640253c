"""`neurotrain compile`: the dry run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurotrain.cli.compiling import SET_OPTION

if TYPE_CHECKING:
    from neurotrain.cli.comparing import Side


@click.command("compile")
@click.argument("spec", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for plan.json, deepspeed.json, graph.mmd and launch.sh; without it only the "
    "summary is printed.",
)  # fmt: skip
@SET_OPTION
@click.option("--no-data", is_flag=True, help="Compile where the data is absent. Not available.")
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
    from neurotrain.cli.comparing import Side, read_plan
    from neurotrain.cli.compiling import compile_file, tell
    from neurotrain.cli.run_folder import write_plan
    from neurotrain.cli.summary import graph, summary
    from neurotrain.compiler.draft import Options
    from neurotrain.engine.launch import base_of

    if output is not None and (output / "events.jsonl").exists():
        raise click.UsageError(f"{output} is a run, whose plan is binding; name another folder")
    if no_data:
        raise click.UsageError("--no-data is not available in this version")
    if spec.suffix == ".json":
        if overrides:
            raise click.UsageError("--set works on a spec; a plan is binding")
        plan, root, base = read_plan(spec), None, base_of(spec.parent)
        files = tuple(sorted(spec.parent.glob("spec/*")))
    else:
        compiled = compile_file(spec, overrides, Options())
        tell(compiled)
        if compiled.draft is None or compiled.draft.plan is None:
            sys.exit(2)
        plan, root, base = compiled.draft.plan, compiled.loaded.root, spec.parent.absolute()
        files = compiled.loaded.files
    click.echo(summary(plan))
    click.echo()
    click.echo(graph(plan, sys.stdout.encoding or "", os.environ))
    if against is not None:
        _tell_against(against, Side(name=str(spec), plan=plan, root=root))
    if output is not None:
        write_plan(output, plan, base, files)
        click.echo(f"\n{'written':<16} {output}/plan.json deepspeed.json graph.mmd launch.sh")


def _tell_against(given: Path, new: Side) -> None:
    from neurotrain.cli.comparing import difference_of, difference_text, side_of

    old = side_of(given)
    click.echo(f"\n{difference_text(difference_of(old, new), old, new)}")
