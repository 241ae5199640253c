"""`neurotrain compile`: the dry run."""

from __future__ import annotations

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
    """Compile SPEC into a run plan and say what it will do. Trains nothing."""
    from neurotrain.cli.comparing import Side
    from neurotrain.cli.compiling import compile_file, tell
    from neurotrain.cli.run_folder import write_plan
    from neurotrain.cli.summary import summary
    from neurotrain.compiler.draft import Options

    if output is not None and (output / "events.jsonl").exists():
        raise click.UsageError(f"{output} is a run, whose plan is binding; name another folder")
    if no_data:
        raise click.UsageError("--no-data is not available in this version")
    compiled = compile_file(spec, overrides, Options())
    tell(compiled)
    plan = compiled.draft.plan if compiled.draft is not None else None
    if plan is None:
        sys.exit(2)
    click.echo(summary(plan))
    if against is not None:
        _tell_against(against, Side(name=str(spec), plan=plan, root=compiled.loaded.root))
    if output is not None:
        write_plan(output, plan, spec.parent.absolute(), compiled.loaded.files)
        click.echo(f"{'written':<16} {output}/plan.json deepspeed.json graph.mmd launch.sh")


def _tell_against(given: Path, new: Side) -> None:
    from neurotrain.cli.comparing import difference_of, difference_text, side_of

    old = side_of(given)
    click.echo(f"\n{difference_text(difference_of(old, new), old, new)}")
