"""Starts the processes of a plan with DeepSpeed, shows how they go, and says how they ended.

It runs the `launch.sh` of the run directory, the same that a person would. Needs no torch. The
run's lock is rank 0's: a starter that is gone leaves the training alone. On each of several
machines without ssh, NODE_RANK says which this one is; the first alone tells how the run goes.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from neurotrain.engine import last_words, lock
from neurotrain.engine.signals import StopFlag, handled
from neurotrain.recorder.console import Console
from neurotrain.recorder.control import Status, boot_id, write_status
from neurotrain.recorder.events import Event, EventLog, read

_LOOK_S: Final = 0.2
_OTHERS: Final = 20_000
_NUM_OTHERS: Final = 9_000
"""Ports below the usual ones of DeepSpeed and torchrun, 29500 and on."""
_LOG: Final = "logs/launcher.log"
_ENDS: Final = ("run.finished", "run.failed", "run.interrupted")


class _Engine(msgspec.Struct, frozen=True):
    launcher: str
    master_port: int
    processes: int = 1


class _Experiment(msgspec.Struct, frozen=True):
    engine: _Engine


class _Plan(msgspec.Struct, frozen=True):
    experiment: _Experiment


class _Watch:
    """Shows the events of this attempt, or keeps quiet; knows the one that ended it."""

    def __init__(self, run_dir: Path, *, is_quiet: bool) -> None:
        self._file = run_dir / "events.jsonl"
        self._console = None if is_quiet else Console(run_dir)
        self._offset = self._file.stat().st_size if self._file.exists() else 0
        self.began = False
        self.end: Event | None = None

    def look(self) -> None:
        """Show what is new."""
        events, self._offset = read(self._file, self._offset)
        for event in events:
            self.began = True
            self.end = event if event.kind in _ENDS else None
            self.show(event)

    def show(self, event: Event) -> None:
        """Show an event."""
        if self._console is not None:
            self._console.show(event)


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the processes of a run directory and wait for them; the exit code."""
    first, *options = sys.argv[1:] if arguments is None else arguments
    run_dir = Path(first)
    flag = StopFlag()
    with handled(flag):
        descriptor = lock.inherited()
        plan = msgspec.json.decode((run_dir / "plan.json").read_bytes(), type=_Plan)
        engine = plan.experiment.engine
        node = node_here(os.environ) if engine.launcher == "hostfile" else None
        last_words.clear(run_dir, _ranks_of(node, engine.processes))
        watch = _Watch(run_dir, is_quiet=bool(node))
        environment = {**os.environ, "PYTHON": sys.executable}
        if engine.launcher == "local":
            environment["MASTER_PORT"] = str(_port(engine.master_port))
        if descriptor is not None:
            os.close(descriptor)
        name = f"logs/launcher-{node}.log" if node else _LOG
        (run_dir / "logs").mkdir(exist_ok=True)
        with (run_dir / name).open("wb") as log:
            process = subprocess.Popen(
                [str(run_dir.absolute() / "launch.sh"), *options], env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        _wait(process, run_dir, watch, flag)
    if engine.launcher == "slurm":
        print((run_dir / _LOG).read_text(errors="replace"), end="", file=sys.stderr)
        return process.returncode
    if node:
        return _verdict_elsewhere(process.returncode, run_dir, watch, name)
    return _verdict(process.returncode, run_dir, watch, flag)


def node_here(environment: Mapping[str, str]) -> int | None:
    """The number of this machine among several, from NODE_RANK; None where it is not said.

    Raises:
        ValueError: it is no number.
    """
    given = environment.get("NODE_RANK", "")
    if given and not given.isdecimal():
        raise ValueError(f"NODE_RANK is '{given}': give the number of this machine, from 0")
    return int(given) if given else None


def _ranks_of(node: int | None, processes: int) -> range | None:
    return None if node is None else range(node * processes, (node + 1) * processes)


def _wait(process: subprocess.Popen[bytes], run_dir: Path, watch: _Watch, flag: StopFlag) -> None:
    """Show events until the launcher has ended; hand a signal on to the processes, once."""
    handed_on = False
    while process.poll() is None:
        watch.look()
        if flag.reason is not None and not handed_on:
            handed_on = True
            _hand_on(process, run_dir, flag.reason)
        time.sleep(_LOOK_S)
    watch.look()


def _hand_on(process: subprocess.Popen[bytes], run_dir: Path, reason: str) -> None:
    """Give the processes on this machine a signal; where there is none yet, end the launcher."""
    here = [words for words in last_words.said(run_dir) if words.host == socket.gethostname()]
    reached = False
    for words in here:
        try:
            os.kill(words.pid, signal.Signals[reason])
            reached = True
        except ProcessLookupError:
            continue
    if not reached:
        os.killpg(process.pid, signal.SIGTERM)


def _verdict(code: int, run_dir: Path, watch: _Watch, flag: StopFlag) -> int:
    """How the run ended; told here where no process was left to tell it."""
    if watch.end is not None:
        return int(watch.end.data.get("exit_code", 0))
    if flag.reason is not None and not watch.began:
        print(f"neurotrain: {flag.reason} before the training began", file=sys.stderr)
        return flag.exit_code
    words = last_words.culprit(run_dir)
    message = f"the launcher ended with code {code}; its log is {_LOG}"
    data: dict[str, Any] = {"exit_code": code if 0 < code < 128 else 1, "message": message}
    data |= {"hint": "", "log": _LOG}
    if words is not None and words.exit_code:
        data |= {"exit_code": words.exit_code, "message": words.message, "hint": words.hint}
        data["log"] = last_words.log_name(words.rank)
    try:
        with _locked(run_dir):
            log = EventLog(run_dir / "events.jsonl", goes_on=watch.began)
            event = log.write("run.failed", **data)
            write_status(run_dir, _status(log, event, data["exit_code"]))
            watch.show(event)
    except (lock.RunIsLocked, OSError):
        print(f"neurotrain: error: {data['message']}", file=sys.stderr)
    return int(data["exit_code"])


def _verdict_elsewhere(code: int, run_dir: Path, watch: _Watch, log: str) -> int:
    """How the run ended, on a machine that is not the first: that one writes it down."""
    if watch.end is not None:
        return int(watch.end.data.get("exit_code", 0))
    words = last_words.culprit(run_dir) if code else None
    if words is not None:
        print(f"neurotrain: error: {words.message}", file=sys.stderr)
        return words.exit_code or code
    if code:
        told = f"the launcher ended with code {code}; its log is {log}"
        print(f"neurotrain: error: {told}", file=sys.stderr)
    return code if 0 <= code < 128 else 1


def _status(log: EventLog, event: Event, exit_code: int) -> Status:
    return Status(
        pid=os.getpid(), host=socket.gethostname(), boot_id=boot_id(), attempt=log.attempt,
        state="failed", exit_code=exit_code, seq=event.seq, time=event.time,
    )  # fmt: skip


@contextmanager
def _locked(run_dir: Path) -> Iterator[None]:
    descriptor = lock.take(run_dir)
    try:
        yield
    finally:
        os.close(descriptor)


def _port(planned: int) -> int:
    """The planned port, or where it is in use on this machine one that is free.

    From 32768 on Linux takes ports for outgoing connections, also between this look and the use.
    """
    for port in (planned, *(_OTHERS + (os.getpid() + n) % _NUM_OTHERS for n in range(100))):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return planned


if __name__ == "__main__":
    sys.exit(main())
