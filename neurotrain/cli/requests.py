"""What asking something of a run takes."""

from __future__ import annotations

import time
from pathlib import Path

import click

from neurotrain.recorder.control import Request, ask, is_alive, read_status


def leave(run: Path, request: Request) -> None:
    """Leave a request for a living run.

    Raises:
        click.UsageError: there is no run, or it does not live.
    """
    status = read_status(run)
    if status is None:
        raise click.UsageError(f"{run} is no run directory")
    if not is_alive(status, time.time()):
        raise click.UsageError(f"{run} is not running (it is {status.state})")
    ask(run, request)
    click.echo(f"asked {run} to {request.replace('_', ' ')}")
