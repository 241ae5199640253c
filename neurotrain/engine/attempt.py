"""One attempt at a run: whatever ends it is told, in events, on the console and by an exit code."""

from __future__ import annotations

import sys
import traceback
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from neurotrain.component.catalogue import Catalogue
from neurotrain.component.paths import Resolver
from neurotrain.engine import last_words
from neurotrain.engine.build import Builder
from neurotrain.engine.executor import Executor
from neurotrain.engine.faults import Fault, fault_of
from neurotrain.engine.heartbeat import Heartbeat
from neurotrain.engine.launch import base_of
from neurotrain.engine.loggers import logging_to
from neurotrain.engine.placement import Placement
from neurotrain.engine.rank_executor import RankExecutor
from neurotrain.engine.rank_faults import behind, settled
from neurotrain.engine.reporter import Listener, Reporter
from neurotrain.engine.signals import Interrupted, StopFlag
from neurotrain.plan.reading import load
from neurotrain.recorder.console import Console
from neurotrain.recorder.control import take_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What this process is to do."""

    run_dir: Path
    only: str | None = None
    allow_inexact: bool = False
    place: Placement | None = None
    """Its place among the processes of DeepSpeed; None with the torch engine."""

    @property
    def leads(self) -> bool:
        """Whether this process tells how the run goes."""
        return self.place is None or self.place.leads


def run(job: Job, catalogue: Catalogue, flag: StopFlag) -> int:
    """Run a job whose lock is held; the exit code."""
    console = Console(job.run_dir)
    rank = job.place.rank if job.place is not None else 0
    listeners: list[Listener] = []
    if job.leads:
        listeners = [lambda event: heartbeat.note(event), console.show]
    try:
        reporter = Reporter(job.run_dir, listeners, rank=rank)
    except OSError as error:
        print(f"neurotrain: error: {error}", file=sys.stderr)
        return 74
    if not job.leads:
        return _execute(job, catalogue, reporter, flag).exit_code
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
        with logging_to(plan, job.run_dir, reporter) if job.leads else nullcontext():
            kind = partial(RankExecutor, place=job.place) if job.place is not None else Executor
            kind(
                plan=plan, builder=builder, run_dir=job.run_dir, reporter=reporter,
                flag=flag, only=job.only, allow_inexact=job.allow_inexact,
            ).run()  # fmt: skip
    except Interrupted as error:
        if job.place is not None and (fault := behind(job.run_dir, job.place)):
            return _failed(reporter, fault)
        message = "the state is saved; the same command goes on from here"
        reporter.tell(
            "run.interrupted", exit_code=error.exit_code, signal=error.reason, message=message
        )
        exit_code = error.exit_code if job.leads else 0
        fault = Fault(exit_code=exit_code, message=message, state="interrupted")
    except Exception as error:  # the run's last line: whatever it is, it is told and has a code
        fault = fault_of(error, plan)
        log = _write_traceback(job)
        if job.place is not None:
            fault = settled(job.run_dir, job.place, error, fault)
        return _failed(reporter, fault, log)
    else:
        fault = Fault(exit_code=0, message="", state="finished")
    if job.place is not None:
        last_words.end(
            job.run_dir, job.place.rank, fault.exit_code, fault.message,
            is_interrupted=fault.state == "interrupted",
        )  # fmt: skip
    return fault


def _failed(reporter: Reporter, fault: Fault, log: str = "") -> Fault:
    """Tell a fault."""
    reporter.tell(
        "run.failed", exit_code=fault.exit_code, message=fault.message, hint=fault.hint, log=log
    )
    return fault


def _write_traceback(job: Job) -> str:
    """Append the traceback to the log; the log's name, empty where it cannot be written."""
    name = last_words.log_name(job.place.rank if job.place is not None else 0)
    try:
        (job.run_dir / "logs").mkdir(exist_ok=True)
        with (job.run_dir / name).open("a") as log:
            log.write(traceback.format_exc())
    except OSError:
        return ""
    return name
