"""`neurotrain compile`: the dry run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from neurotrain.cli.compiling import SET_OPTION


@click.command("compile")
@click.argument("spec", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for plan.json, deepspeed.json, graph.mmd and launch.sh; without it only the "
    "summary is printed.",
)  # fmt: skip
@SET_OPTION
@click.option("--no-data", is_flag=True, help="Compile where the data is absent. Not available.")
@click.option("--against", type=click.Path(path_type=Path), help="Compare. Not available.")
def command(
    spec: Path,
    output: Path | None,
    overrides: tuple[str, ...],
    no_data: bool,
    against: Path | None,
) -> None:
    """Compile SPEC into a run plan and say what it will do. Trains nothing."""
    from neurotrain.cli.compiling import compile_file, deepened, free_bytes, tell
    from neurotrain.cli.run_folder import write_plan
    from neurotrain.cli.summary import summary
    from neurotrain.compiler.draft import Options

    if output is not None and (output / "events.jsonl").exists():
        raise click.UsageError(f"{output} is a run, whose plan is binding; name another folder")
    if no_data or against is not None:
        option = "--no-data" if no_data else "--against"
        raise click.UsageError(f"{option} is not available in this version")
    free = free_bytes(output if output is not None else Path("runs"))
    compiled = deepened(compile_file(spec, overrides, Options(free_bytes=free)))
    tell(compiled)
    plan = compiled.plan
    if plan is None:
        sys.exit(2)
    click.echo(summary(plan))
    if output is not None:
        write_plan(output, plan, spec.parent.absolute(), compiled.loaded.files)
        click.echo(f"{'written':<16} {output}/plan.json deepspeed.json graph.mmd launch.sh")
