"""Requests to a run and its heartbeat: the small files by which a run and its watchers talk.

Standard library only. A watcher asks by a file in `control/`; the run answers by an event.
"""

from __future__ import annotations

import json
import os
import socket
import time as clock
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

Request: TypeAlias = Literal["stop", "stop_after_epoch", "save"]
HEARTBEAT_S: Final = 2.0
STALE_AFTER_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A run's heartbeat, `status.json`, replaced every `HEARTBEAT_S` seconds and at each change."""

    pid: int
    host: str
    boot_id: str
    attempt: int
    state: str
    """`starting`, `training`, `validating`, `testing`, `predicting`, `finished`, `stopped`,
    `interrupted` or `failed`."""
    exit_code: int | None
    """Set when the run has ended."""
    seq: int
    """The number of the newest event."""
    time: float


def write_status(run_dir: Path, status: Status) -> None:
    """Replace the heartbeat in one step. It is not made durable: it is worthless after a crash."""
    temporary = run_dir / f".status.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(asdict(status)))
    temporary.replace(run_dir / "status.json")


def read_status(run_dir: Path) -> Status | None:
    """The heartbeat, or None where there is none that can be read."""
    try:
        status = Status(**json.loads((run_dir / "status.json").read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return status if _is_sound(status) else None


def is_alive(status: Status, now: float) -> bool:
    """Whether the run's process lives: by its pid on this machine, elsewhere by the age."""
    if status.exit_code is not None:
        return False
    if status.host == socket.gethostname() and status.boot_id == boot_id():
        return _pid_exists(status.pid)
    return now - status.time < STALE_AFTER_S


def boot_id() -> str:
    """What tells this start of this machine from others; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def ask(run_dir: Path, request: Request) -> None:
    """Leave a request for the run."""
    folder = run_dir / "control"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}.tmp"
    temporary.write_text(json.dumps({"request": request, "time": clock.time()}))
    temporary.replace(folder / f"{clock.time_ns()}-{os.getpid()}.json")


def take_requests(run_dir: Path) -> list[Request]:
    """The requests left since the last call, oldest first; their files are removed."""
    found: list[Request] = []
    for file in sorted((run_dir / "control").glob("[0-9]*.json")):
        try:
            request = json.loads(file.read_text()).get("request")
        except (OSError, ValueError, AttributeError):
            request = None
        file.unlink(missing_ok=True)
        if request in get_args(Request):
            found.append(request)
    return found


def _is_sound(status: Status) -> bool:
    texts = (status.host, status.boot_id, status.state)
    counts = (status.pid, status.attempt, status.seq)
    return (
        all(isinstance(text, str) for text in texts)
        and all(type(count) is int for count in counts)
        and 0 < status.pid < 2**31
        and (status.exit_code is None or type(status.exit_code) is int)
        and type(status.time) in (int, float)
    )


def _pid_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and its parent has not asked how, as far as Linux tells."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return told.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])
