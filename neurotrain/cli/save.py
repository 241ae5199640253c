"""`neurotrain save`: leave a request for a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("save")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
def command(run: Path) -> None:
    """Ask RUN to save a checkpoint after the current step."""
    from neurotrain.cli.requests import leave

    leave(run, "save")
