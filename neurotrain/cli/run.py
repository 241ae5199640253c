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
    from neurotrain.plan.plan import Plan


_ENDS: Final = ("run.failed", "run.interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A plan to run, the folder its paths start from, and the specs that it came from."""

    plan: Plan
    base: Path
    specs: tuple[Path, ...] = ()


@click.command("run")
@click.argument("spec", type=click.Path(path_type=Path, dir_okay=False))
@SET_OPTION
@click.option(
    "--runs-dir", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"),
    show_default=True, help="Folder of all runs.",
)  # fmt: skip
@click.option("--plain", is_flag=True, help="Plain lines in the foreground, no monitor.")
@click.option("--detach", is_flag=True, help="Run in the background and return.")
@click.option("--only", metavar="STAGE", help="Run one stage: trainer, tester or predictor.")
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
    from neurotrain.engine import lock
    from neurotrain.engine.done import all_finished
    from neurotrain.plan.graph import stages_of

    if plain and detach:
        raise click.UsageError("--plain and --detach exclude each other")
    ordered = _ordered(spec, overrides)
    stages = [node.id for node in stages_of(ordered.plan.nodes)]
    if only is not None and only not in stages:
        raise click.UsageError(f"this plan has no stage '{only}'; it has {', '.join(stages)}")
    run_dir = runs_dir / ordered.plan.name
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
    options = [*(["--only", only] if only else []), *(["--allow-inexact"] * allow_inexact)]
    _launch(run_dir, ordered.plan, options, held, plain=plain, detach=detach)


def _ordered(spec: Path, overrides: tuple[str, ...]) -> Ordered:
    """The plan in a file, or of a spec that compiles; ends with exit code 2 where it does not."""
    from neurotrain.cli.compiling import compile_file, tell
    from neurotrain.compiler.draft import Options
    from neurotrain.engine.launch import base_of

    if spec.suffix == ".json":
        if overrides:
            raise click.UsageError("--set works on a spec; a plan is binding")
        return Ordered(plan=_read_plan(spec), base=base_of(spec.parent))
    compiled = compile_file(spec, overrides, Options())
    tell(compiled)
    plan = compiled.draft.plan if compiled.draft is not None else None
    if plan is None:
        sys.exit(2)
    return Ordered(plan=plan, base=spec.parent.absolute(), specs=compiled.loaded.files)


def _read_plan(file: Path) -> Plan:
    from neurotrain.component.plugins import PluginAbsent
    from neurotrain.plan.reading import BadPlan, load
    from neurotrain.spec.catalogue import built_in

    try:
        return load(file, built_in())
    except BadPlan as error:
        raise click.UsageError(str(error)) from error
    except PluginAbsent as error:
        click.echo(f"neurotrain: error: {error}", err=True)
        sys.exit(5)


def _afresh(run_dir: Path) -> int:
    from neurotrain.cli.run_folder import move_away
    from neurotrain.engine import lock

    moved = move_away(run_dir)
    click.echo(f"the earlier run is now {moved}", err=True)
    return lock.take(run_dir)


def _accept(ordered: Ordered, run_dir: Path) -> None:
    """Write the plan into a new run; refuse another plan in an old one."""
    from neurotrain.cli.run_folder import write_plan
    from neurotrain.plan.graph import differences
    from neurotrain.plan.plan import tree_of

    file = run_dir / "plan.json"
    if not file.exists():
        write_plan(run_dir, ordered.plan, ordered.base, ordered.specs)
        return
    old = _read_plan(file)
    if old.digest == ordered.plan.digest:
        write_plan(run_dir, ordered.plan, ordered.base, ordered.specs)
        return
    before, after = tree_of(old), tree_of(ordered.plan)
    changes = differences(before["experiment"], after["experiment"])
    changes = changes or differences(before["facts"], after["facts"])
    changes = changes or differences({"plugins": before["plugins"]}, {"plugins": after["plugins"]})
    click.echo(f"error: {run_dir} holds a run of another plan:", err=True)
    for change in changes[:20]:
        click.echo(f"  {change}", err=True)
    if len(changes) > 20:
        click.echo(f"  and {len(changes) - 20} more", err=True)
    hint = "start anew with --fresh (the old run is kept aside), or give it another --set name=…"
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
    if status is not None and status.pid == worker.pid and status.exit_code is not None:
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
