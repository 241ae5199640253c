"""Requests and heartbeats, also damaged ones."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from neurotrain.recorder.control import (
    Status,
    ask,
    boot_id,
    is_alive,
    read_status,
    take_requests,
    write_status,
)

STATUS = Status(
    pid=os.getpid(), host=socket.gethostname(), boot_id=boot_id(), attempt=1, state="training",
    exit_code=None, seq=5, time=100.0,
)  # fmt: skip


def test_a_heartbeat_survives_its_file(tmp_path: Path) -> None:
    """What is written is read."""
    write_status(tmp_path, STATUS)
    assert read_status(tmp_path) == STATUS


@pytest.mark.parametrize(
    ("field", "value"),
    [("pid", "1"), ("pid", 0), ("pid", 2**70), ("time", None), ("host", 3), ("exit_code", "0")],
)
def test_a_damaged_heartbeat_is_none(tmp_path: Path, field: str, value: object) -> None:
    """Fields of a wrong type make it unreadable, never an error."""
    (tmp_path / "status.json").write_text(json.dumps({**asdict(STATUS), field: value}))
    assert read_status(tmp_path) is None


def test_no_heartbeat_is_none(tmp_path: Path) -> None:
    """A folder without a run has none."""
    assert read_status(tmp_path) is None


def test_life_is_known_by_the_process_here_and_by_age_elsewhere() -> None:
    """A living process lives however old its heartbeat; a dead one does not."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert is_alive(STATUS, now=1e9)
    assert not is_alive(replace(STATUS, pid=gone.pid), now=100.0)
    assert not is_alive(replace(STATUS, exit_code=0), now=100.0)
    elsewhere = replace(STATUS, host="elsewhere")
    assert is_alive(elsewhere, now=105.0)
    assert not is_alive(elsewhere, now=200.0)


def test_requests_are_taken_once_and_in_order(tmp_path: Path) -> None:
    """Garbage in the folder is removed and ignored."""
    ask(tmp_path, "save")
    (tmp_path / "control/1-garbage.json").write_text("{")
    (tmp_path / "control/2-list.json").write_text("[1]")
    (tmp_path / "control/3-other.json").write_text('{"request": "format the disk"}')
    ask(tmp_path, "stop")
    assert take_requests(tmp_path) == ["save", "stop"]
    assert take_requests(tmp_path) == []


def test_a_process_that_nobody_has_waited_for_is_not_alive() -> None:
    """A run whose starter lives on is told as gone at once, not when it is reaped."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(replace(STATUS, pid=child.pid), 100.0)
    child.wait()
