"""Watching takes nothing from the run: files are opened to read, nothing is locked or written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from neurotrain.recorder.events import EventLog
from tests.engine.toys import fit, options, pairs

WATCH = """
import asyncio, os, sys
from pathlib import Path
from neurotrain.monitor.app import Monitor

run_dir = os.path.realpath(sys.argv[1])
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
           "os.utime", "os.chmod", "os.chown", "os.setxattr", "fcntl.flock", "fcntl.lockf",
           "fcntl.fcntl")
opened = 0

def note(event, arguments):
    global opened
    if event == "open" and str(arguments[0]).startswith(run_dir):
        opened += 1
        if (arguments[2] or 0) & WRITES or any(each in str(arguments[1]) for each in "wa+x"):
            print("wrote", arguments)
    elif event in CHANGES and event.startswith("fcntl."):
        print(event, arguments)
    elif event in CHANGES and any(str(each).startswith(run_dir) for each in arguments):
        print(event, arguments)

async def main():
    app = Monitor(Path(run_dir), readonly=False)
    async with app.run_test(size=(200, 60)) as pilot:
        sys.addaudithook(note)
        for key in ("1", "2", "3", "4", "5", "6", "z", "plus", "v", "exclamation_mark", "a", "b"):
            await pilot.press(key)
            await pilot.pause(0.2)
    print("opened", opened > 0)

asyncio.run(main())
"""


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """Every file and folder with its size and the time of its last change."""
    found = [folder, *folder.rglob("*")]
    return sorted((str(each), each.stat().st_size, each.stat().st_mtime_ns) for each in found)


def test_a_monitor_opens_to_read_and_locks_nothing(cluster: Path) -> None:
    """Through all views, seen by Python's audit events; and the folder is as it was."""
    before = listing(cluster)
    told = subprocess.run(
        [sys.executable, "-c", WATCH, str(cluster)], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == ["opened True"]
    assert listing(cluster) == before


def test_printing_the_state_changes_nothing(logs: ModuleType, tmp_path: Path) -> None:
    """`--once`, as text and as JSON."""
    run_dir = logs.live(tmp_path / "run")
    before = listing(run_dir)
    for more in ([], ["--json"]):
        command = [sys.executable, "-m", "neurotrain", "monitor", str(run_dir), "--once", *more]
        subprocess.run(command, capture_output=True, check=True)
    assert listing(run_dir) == before


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that were made durable."""
    found: list[int] = []
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda file, real=real: (found.append(file), real(file)))
    return found


def test_events_are_not_made_durable_one_by_one(tmp_path: Path, synced: list[int]) -> None:
    """An event costs one write and waits for no disk."""
    log = EventLog(tmp_path / "events.jsonl")
    for step in range(200):
        log.write("step.finished", step=step, loss=0.1)
    log.close()
    assert synced == []


def test_steps_wait_for_no_disk(tmp_path: Path, synced: list[int]) -> None:
    """Ten times the steps, 108 more, in as many epochs: no wait but for another best checkpoint."""
    fit(tmp_path / "few", options(), data=pairs(64))
    few = len(synced)
    assert few > 0
    fit(tmp_path / "many", options(), data=pairs(640))
    assert len(synced) - few <= 2 * few
