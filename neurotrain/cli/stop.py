"""`neurotrain stop`: leave a request for a run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("stop")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--after", type=click.Choice(["step", "epoch"]), default="step", show_default=True,
    help="Let it finish the step, or the epoch (when it tests or predicts: the stage).",
)  # fmt: skip
def command(run: Path, after: str) -> None:
    """Ask RUN to save its state and end."""
    from neurotrain.cli.requests import leave

    leave(run, "stop" if after == "step" else "stop_after_epoch")
