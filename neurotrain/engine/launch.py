"""Starting the worker process, and what it needs to know that is not in the plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from neurotrain.engine.lock import LOCK_VARIABLE
from neurotrain.engine.placement import planned_size

_SLEEPING: Final = ("OMP_WAIT_POLICY", "PASSIVE")


def write_launch(run_dir: Path, base: Path) -> None:
    """Remember the spec's folder, from which the plan's relative paths start."""
    (run_dir / "launch.json").write_text(json.dumps({"base": str(base)}) + "\n")


def base_of(run_dir: Path) -> Path:
    """The spec's folder of a run; the run directory itself where none is remembered."""
    try:
        return Path(json.loads((run_dir / "launch.json").read_text())["base"])
    except (OSError, ValueError, KeyError, TypeError):
        return run_dir.absolute()


def command(run_dir: Path, options: Sequence[str]) -> list[str]:
    """The command line of the worker, with DeepSpeed of what starts its many."""
    many = planned_size(run_dir / "plan.json") is not None
    module = "neurotrain.engine.starter" if many else "neurotrain.engine.worker"
    return [sys.executable, "-m", module, str(run_dir), *options]


def become_worker(run_dir: Path, options: Sequence[str], lock: int | None) -> None:
    """Become the worker, which takes the lock over; None: another machine has it. Does not return.

    The process is replaced, unless it has torch already, which takes seconds to load, and need not
    start others.
    """
    if lock is not None:
        os.set_inheritable(lock, True)
    if "torch" in sys.modules and planned_size(run_dir / "plan.json") is None:
        from neurotrain.engine import worker

        os.environ.update(_environment(lock))
        sys.exit(worker.main([str(run_dir), *options]))
    line = command(run_dir, options)
    os.execve(line[0], line, _environment(lock))


def start_worker(run_dir: Path, options: Sequence[str], lock: int) -> subprocess.Popen[bytes]:
    """Start the worker in a session of its own, with its output in the log."""
    (run_dir / "logs").mkdir(parents=True, exist_ok=True)
    with (run_dir / "logs" / "rank-0.log").open("ab") as log:
        return subprocess.Popen(
            command(run_dir, options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[lock],
            env=_environment(lock),
        )


def set_quiet_threads() -> None:
    """Let OpenMP threads of this process sleep while they wait, if torch is not loaded yet."""
    os.environ.setdefault(*_SLEEPING)


def _environment(lock: int | None) -> dict[str, str]:
    """The worker's environment.

    OpenMP threads sleep while they wait: spinning ones cost several times the time as soon as
    anything else, such as the monitor, uses a core.
    """
    held = {} if lock is None else {LOCK_VARIABLE: str(lock)}
    return {**dict([_SLEEPING]), **os.environ, **held}
