"""`neurotrain monitor`: watch a run that lives or is over."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import click


@click.command("monitor")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"))
@click.option("--once", is_flag=True, help="Print the state once and leave.")
@click.option("--json", "as_json", is_flag=True, help="Print the state once as JSON.")
@click.option("--readonly", is_flag=True, help="Allow nothing that changes the run.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters alone.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
@click.option(
    "--replay",
    "speed",
    type=click.FloatRange(min=0.001, max=1e6),
    metavar="SPEED",
    help="Play RUN back from its beginning, SPEED times as fast as it went; a minute or more "
    "without an event passes in a second.",
)
def command(
    run: Path,
    once: bool,
    as_json: bool,
    readonly: bool,
    ascii_only: bool,
    no_mouse: bool,
    speed: float | None,
) -> None:
    """Watch RUN, or choose one of the runs in a folder (default: runs)."""
    if not run.is_dir():
        raise click.UsageError(f"there is no folder {run}")
    if speed is not None and math.isnan(speed):
        raise click.UsageError("--replay takes a number")
    if speed is not None and (as_json or once):
        raise click.UsageError("--replay shows a screen; it does not go with --once and --json")
    if as_json or once:
        from neurotrain.monitor.once import record, text

        click.echo(json.dumps(record(run), indent=1) if as_json else text(run))
        return
    from neurotrain.monitor.app import watch

    sys.exit(watch(run, readonly=readonly, ascii_only=ascii_only, mouse=not no_mouse, speed=speed))
