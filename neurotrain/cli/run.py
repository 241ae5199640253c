"""`neurotrain run`: compile, then run or resume, in the foreground or under the monitor."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from neurotrain.cli.compiling import SET_OPTION

if TYPE_CHECKING:
    from neurotrain.cli.comparing import Side
    from neurotrain.language.tree import Node
    from neurotrain.plan.difference import Difference
    from neurotrain.plan.plan import Plan

_MAX_TOLD: Final = 20
_ENDS: Final = ("run.failed", "run.interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A plan to run, the folder its paths start from, and the specs that it came from."""

    name: str
    plan: Plan
    base: Path
    specs: tuple[Path, ...] = ()
    root: Node | None = None


@click.command("run")
@click.argument("spec", type=click.Path(path_type=Path, dir_okay=False))
@SET_OPTION
@click.option(
    "--runs-dir", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"),
    show_default=True, help="Folder of all runs.",
)  # fmt: skip
@click.option("--plain", is_flag=True, help="Plain lines in the foreground, no monitor.")
@click.option("--detach", is_flag=True, help="Run in the background and return.")
@click.option("--only", metavar="STAGE", help="Run one stage, such as trainer or tester.")
@click.option("--fresh", is_flag=True, help="Move an earlier run of this name away and start anew.")
@click.option(
    "--allow-inexact", is_flag=True,
    help="Resume on a machine or version that computes other last bits.",
)  # fmt: skip
def command(
    spec: Path,
    overrides: tuple[str, ...],
    runs_dir: Path,
    plain: bool,
    detach: bool,
    only: str | None,
    fresh: bool,
    allow_inexact: bool,
) -> None:
    """Run SPEC, or a compiled plan.json. The same command resumes, and tells a finished result."""
    from neurotrain.cli.run_node import node_of, wait_for_plan
    from neurotrain.engine import lock
    from neurotrain.engine.done import all_finished
    from neurotrain.engine.launch import become_worker
    from neurotrain.plan.graph import base_name, stages_of

    if plain and detach:
        raise click.UsageError("--plain and --detach exclude each other")
    ordered = _ordered(spec, overrides, runs_dir)
    stages = [node.id for node in stages_of(ordered.plan.nodes)]
    if only is not None and only not in (*stages, *map(base_name, stages)):
        raise click.UsageError(f"this plan has no stage '{only}'; it has {', '.join(stages)}")
    run_dir = runs_dir / ordered.plan.name
    options = [*(["--only", only] if only else []), *(["--allow-inexact"] * allow_inexact)]
    if (node := node_of(ordered.plan)) > 0:
        if fresh or detach:
            raise click.UsageError("--fresh and --detach are the first machine's (NODE_RANK=0)")
        wait_for_plan(ordered.plan, run_dir, node)
        if all_finished(run_dir, ordered.plan) and only is None:
            _tell_result(run_dir, ordered.plan)
            return
        become_worker(run_dir, options, None)
    try:
        held = lock.take(run_dir)
        if fresh and (run_dir / "plan.json").exists():
            held = _afresh(run_dir)
    except lock.RunIsLocked as error:
        raise click.UsageError(f"{error}; watch it with: neurotrain monitor {run_dir}") from error
    _accept(ordered, run_dir)
    if all_finished(run_dir, ordered.plan) and only is None:
        _tell_result(run_dir, ordered.plan)
        return
    _launch(run_dir, ordered.plan, options, held, plain=plain, detach=detach)


def _ordered(spec: Path, overrides: tuple[str, ...], runs_dir: Path) -> Ordered:
    """The plan in a file, or of a spec that compiles; ends with exit code 2 where it does not."""
    from neurotrain.cli.comparing import read_open_plan, read_plan
    from neurotrain.cli.compiling import compile_wholly, deepened, tell
    from neurotrain.cli.completing import completed
    from neurotrain.engine.launch import base_of, set_quiet_threads

    if spec.suffix == ".json":
        if overrides:
            raise click.UsageError("--set works on a spec; a plan is binding")
        base, open_plan = base_of(spec.parent), read_open_plan(spec)
        plan = read_plan(spec) if open_plan is None else completed(open_plan, base)
        return Ordered(name=str(spec), plan=plan, base=base)
    compiled = compile_wholly(spec, overrides, output=runs_dir)
    known = _known(compiled.plan, runs_dir)
    if known is None:
        set_quiet_threads()
        compiled = deepened(compiled)
    tell(compiled)
    made = known or compiled.plan
    if made is None:
        sys.exit(2)
    return Ordered(
        name=str(spec), plan=made, base=spec.parent.absolute(), specs=compiled.loaded.files,
        root=compiled.loaded.root,
    )  # fmt: skip


def _known(plan: Plan | None, runs_dir: Path) -> Plan | None:
    """The plan with the predictions that its run has from an earlier call; None if there is none.

    So a run that goes on, or is over, is not followed through torch again.
    """
    from msgspec.structs import replace

    from neurotrain.component.plugins import PluginAbsent
    from neurotrain.plan.reading import BadPlan, load
    from neurotrain.spec.catalogue import built_in

    file = runs_dir / plan.name / "plan.json" if plan is not None else None
    if plan is None or file is None or not file.exists():
        return None
    try:
        old = load(file, built_in())
    except (BadPlan, PluginAbsent):
        return None
    if old.digest != plan.digest or len(old.predictions) <= len(plan.predictions):
        return None
    return replace(plan, predictions=old.predictions)


def _afresh(run_dir: Path) -> int:
    from neurotrain.cli.run_folder import move_away
    from neurotrain.engine import lock

    moved = move_away(run_dir)
    click.echo(f"the earlier run is now {moved}", err=True)
    return lock.take(run_dir)


def _accept(ordered: Ordered, run_dir: Path) -> None:
    """Write the plan into the run's folder; refuse one that the run there cannot go on with."""
    from neurotrain.cli.comparing import Side, difference_of, read_plan
    from neurotrain.cli.run_folder import write_plan

    file = run_dir / "plan.json"
    if file.exists():
        old = Side(name=str(run_dir), plan=read_plan(file), run_dir=run_dir)
        new = Side(name=ordered.name, plan=ordered.plan, root=ordered.root)
        if old.plan.digest != new.plan.digest:
            _tell_change(difference_of(old, new), old, new)
    write_plan(run_dir, ordered.plan, ordered.base, ordered.specs)


def _tell_change(difference: Difference, old: Side, new: Side) -> None:
    """Say what another plan means for a run; ends with exit code 2 where it cannot go on."""
    from neurotrain.cli.comparing import change_lines, verdict

    dear = [c for c in difference.changes if c.cost == difference.cost or difference.continues]
    changes = dear or difference.changes or difference.derived
    lines = list(change_lines(changes, old, new))
    head = f"{old.name} goes on with a changed plan: {verdict(difference)}"
    if not difference.continues:
        head = f"error: {old.name} holds a run of another plan, {verdict(difference)}:"
    click.echo(head, err=True)
    for line in lines[:_MAX_TOLD]:
        click.echo(f"  {line}", err=True)
    if len(lines) > _MAX_TOLD:
        click.echo(f"  and {len(lines) - _MAX_TOLD} more", err=True)
    if difference.remark:
        click.echo(f"   = note: {difference.remark}", err=True)
    if not difference.continues:
        hint = "start anew with --fresh (the old run is kept aside), or give another --set name=…"
        click.echo(f"   = help: {hint}", err=True)
        sys.exit(2)


def _launch(
    run_dir: Path, plan: Plan, options: list[str], held: int, *, plain: bool, detach: bool
) -> None:
    from neurotrain.engine.launch import become_worker, start_worker

    interactive = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    if plain or not (interactive or detach):
        become_worker(run_dir, options, held)
    worker = start_worker(run_dir, options, held)
    os.close(held)
    if detach:
        click.echo(f"started as process {worker.pid}; watch it with: neurotrain monitor {run_dir}")
        return
    from neurotrain.monitor.app import watch
    from neurotrain.recorder.control import read_status

    watched = watch(run_dir, readonly=False, wait_for_start=True)
    if watched > 128:
        sys.exit(watched)
    status = read_status(run_dir)
    many = plan.facts.world_size > 1 or plan.experiment.engine.told != "torch"
    is_own = status is not None and (many or status.pid == worker.pid)
    if status is not None and is_own and status.exit_code is not None:
        worker.wait()
    exit_code = worker.poll()
    if exit_code is None:
        click.echo(f"{run_dir.name} goes on; come back with: neurotrain monitor {run_dir}")
        return
    _tell_result(run_dir, plan)
    sys.exit(exit_code)


def _tell_result(run_dir: Path, plan: Plan) -> None:
    """Print the result of a run that is done, else how its last attempt ended."""
    from neurotrain.engine.done import all_finished, outputs, result
    from neurotrain.recorder.console import PlainLines, result_text
    from neurotrain.recorder.events import read_all

    if all_finished(run_dir, plan):
        found = {"result": result(run_dir, plan), "outputs": outputs(run_dir)}
        click.echo(result_text(found, run_dir))
        return
    ends = [e for e in read_all(run_dir / "events.jsonl") if e.kind in _ENDS]
    click.echo(PlainLines().of(ends[-1]) if ends else f"{run_dir} has no result", err=True)
