"""One run at a time in a directory: a lock that the system drops when its process dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import Final

LOCK_VARIABLE: Final = "NEUROTRAIN_LOCK_FD"
_DYING_S: Final = 10.0
_LOOK_S: Final = 0.02


class RunIsLocked(Exception):
    """Another process runs in this directory; the text names it."""


def take(run_dir: Path) -> int:
    """Lock a run directory; the descriptor holds the lock until it is closed or the process ends.

    Raises:
        RunIsLocked: another process holds it.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(run_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    until_s = time.monotonic() + _DYING_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if _is_gone(run_dir) and time.monotonic() < until_s:
                time.sleep(_LOOK_S)
                continue
            owner = _owner(run_dir)
            os.close(descriptor)
            raise RunIsLocked(f"{run_dir} is in use by {owner}") from error
        sign(descriptor)
        return descriptor


def keep_to_this_process(descriptor: int) -> None:
    """Let no forked child hold the lock on after this process has died."""
    os.register_at_fork(after_in_child=lambda: os.close(descriptor))


def sign(descriptor: int) -> None:
    """Write into the lock who holds it; only for the message of others."""
    owner = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, owner, 0)


def inherited() -> int | None:
    """The descriptor of a lock that the parent process took for this one."""
    value = os.environ.pop(LOCK_VARIABLE, None)
    return int(value) if value is not None else None


def _is_gone(run_dir: Path) -> bool:
    """Whether the owner was killed here; then a child that it was just forking may be dying."""
    try:
        owner = json.loads((run_dir / "lock").read_text())
        if owner["host"] == socket.gethostname():
            os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return False


def _owner(run_dir: Path) -> str:
    try:
        owner = json.loads((run_dir / "lock").read_text())
        return f"process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
