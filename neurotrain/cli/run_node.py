"""What `neurotrain run` does on each of several machines, where no ssh reaches them.

NODE_RANK is the number of the machine. The first one accepts the plan, holds the run's lock and
tells how it goes; the others wait for its plan and start their own processes. All see one run
directory.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

if TYPE_CHECKING:
    from neurotrain.plan.plan import Plan

_PATIENCE_S: Final = 600.0
_LOOK_S: Final = 0.5


class _Planned(msgspec.Struct, frozen=True):
    digest: str


def node_of(plan: Plan) -> int:
    """The number of this machine among those of a plan; 0 where it runs on one, or by ssh.

    Raises:
        click.UsageError: NODE_RANK names none of them.
    """
    from neurotrain.engine.starter import node_here
    from neurotrain.spec.engines import DeepSpeedEngine

    engine = plan.experiment.engine
    if not isinstance(engine, DeepSpeedEngine) or engine.launcher != "hostfile":
        return 0
    try:
        node = node_here(os.environ) or 0
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if node >= engine.nodes:
        raise click.UsageError(f"NODE_RANK is {node}, and the plan has {engine.nodes} nodes")
    return node


def wait_for_plan(plan: Plan, run_dir: Path, node: int) -> None:
    """Wait until the first machine has accepted this plan.

    Raises:
        click.ClickException: it has not, for ten minutes.
    """
    until_s = time.monotonic() + _PATIENCE_S
    is_told = False
    while _digest(run_dir / "plan.json") != plan.digest:
        if not is_told:
            text = f"machine {node} waits for the first one's plan in {run_dir} (NODE_RANK=0)"
            click.echo(text, err=True)
            is_told = True
        if time.monotonic() > until_s:
            raise click.ClickException(
                f"{run_dir}/plan.json is not this plan after {_PATIENCE_S:.0f} s: give the same "
                "command on the first machine, in the same folder"
            )
        time.sleep(_LOOK_S)


def _digest(file: Path) -> str:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Planned).digest
    except (OSError, msgspec.MsgspecError):
        return ""
