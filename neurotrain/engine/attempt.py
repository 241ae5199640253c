"""One attempt at a run: whatever ends it is told, in events, on the console and by an exit code."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from neurotrain.component.catalogue import Catalogue
from neurotrain.component.paths import Resolver
from neurotrain.engine.build import Builder
from neurotrain.engine.executor import Executor
from neurotrain.engine.faults import Fault, fault_of
from neurotrain.engine.heartbeat import Heartbeat
from neurotrain.engine.launch import base_of
from neurotrain.engine.loggers import logging_to
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.plan.reading import load
from neurotrain.recorder.console import PlainLines, result_text
from neurotrain.recorder.control import take_requests
from neurotrain.recorder.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What this process is to do."""

    run_dir: Path
    only: str | None = None
    allow_inexact: bool = False


class _Console:
    """Prints events as lines, until nobody reads them any more."""

    def __init__(self, run_dir: Path) -> None:
        self._lines, self._run_dir = PlainLines(), run_dir
        self._open = True

    def show(self, event: Event) -> None:
        """Print an event's line; a result goes to stdout, talk to stderr."""
        line, stream = self._lines.of(event), sys.stderr
        if event.kind == "run.finished":
            line, stream = result_text(event.data, self._run_dir), sys.stdout
        if line is None or not self._open:
            return
        try:
            print(line, file=stream, flush=True)
        except OSError:
            self._open = False


def run(job: Job, catalogue: Catalogue, flag: StopFlag) -> int:
    """Run a job whose lock is held; the exit code."""
    console = _Console(job.run_dir)
    try:
        reporter = Reporter(job.run_dir, [lambda event: heartbeat.note(event), console.show])
    except OSError as error:
        print(f"neurotrain: error: {error}", file=sys.stderr)
        return 74
    heartbeat = Heartbeat(reporter)
    heartbeat.start()
    fault = Fault(exit_code=1, message="ended without a word")
    try:
        take_requests(job.run_dir)
        fault = _execute(job, catalogue, reporter, flag)
    finally:
        heartbeat.end(fault.state, fault.exit_code)
    return fault.exit_code


def _execute(job: Job, catalogue: Catalogue, reporter: Reporter, flag: StopFlag) -> Fault:
    """Run the stages; how that ended."""
    plan = None
    try:
        plan = load(job.run_dir / "plan.json", catalogue)
        resolver = Resolver(base=base_of(job.run_dir))
        builder = Builder(
            plan, resolver, tell=lambda text: reporter.tell("warning.raised", message=text),
            run_dir=job.run_dir,
        )  # fmt: skip
        with logging_to(plan, job.run_dir, reporter):
            Executor(
                plan=plan, builder=builder, run_dir=job.run_dir, reporter=reporter,
                flag=flag, only=job.only, allow_inexact=job.allow_inexact,
            ).run()  # fmt: skip
    except Interrupted as error:
        message = "the state is saved; the same command goes on from here"
        reporter.tell(
            "run.interrupted", exit_code=error.exit_code, signal=error.reason, message=message
        )
        return Fault(exit_code=error.exit_code, message=message, state="interrupted")
    except Exception as error:  # the run's last line: whatever it is, it is told and has a code
        fault = fault_of(error, plan)
        log = _write_traceback(job.run_dir)
        reporter.tell(
            "run.failed", exit_code=fault.exit_code, message=fault.message, hint=fault.hint, log=log
        )
        return fault
    return Fault(exit_code=0, message="", state="finished")


def _write_traceback(run_dir: Path) -> str:
    """Append the traceback to the log; the log's name, empty where it cannot be written."""
    name = "logs/rank-0.log"
    try:
        (run_dir / "logs").mkdir(exist_ok=True)
        with (run_dir / name).open("a") as log:
            log.write(traceback.format_exc())
    except OSError:
        return ""
    return name
