"""`neurotrain stop`: leave a request for a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("stop")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
def command(run: Path) -> None:
    """Ask RUN to save its state after the current step and end."""
    from neurotrain.cli.requests import leave

    leave(run, "stop")
