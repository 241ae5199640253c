"""The lock of a run's folder, where its owner is alive, and where it was just killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neurotrain.engine import lock

KILLED_WHILE_FORKING = """
import os, sys, time
from pathlib import Path
from neurotrain.engine import lock
descriptor = lock.take(Path(sys.argv[1]))
if os.fork() == 0:
    os.close(1)
    time.sleep(0.5)
    os._exit(0)
os.kill(os.getpid(), 9)
"""


def test_a_living_owner_is_named(tmp_path: Path) -> None:
    """At once, with its process."""
    descriptor = lock.take(tmp_path)
    with pytest.raises(lock.RunIsLocked, match=f"process {os.getpid()}"):
        lock.take(tmp_path)
    os.close(descriptor)
    os.close(lock.take(tmp_path))


def test_what_a_killed_owner_leaves_is_waited_for(tmp_path: Path) -> None:
    """A child that it was forking holds the lock for the moment that it takes to die."""
    command = [sys.executable, "-c", KILLED_WHILE_FORKING, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    os.close(lock.take(tmp_path))
