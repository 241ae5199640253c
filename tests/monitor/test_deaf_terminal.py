"""A terminal that takes nothing any more cannot keep the monitor alive."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

WATCH = (
    "import sys; from pathlib import Path; from neurotrain.monitor.app import watch;"
    "sys.exit(watch(Path(sys.argv[1]), readonly=False))"
)
DEADLINE_S = 60.0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_though_nobody_reads(
    recorded: dict[str, Path], number: signal.Signals, code: int
) -> None:
    """The first picture fills the terminal's buffer; the signal ends the process all the same."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", WATCH, str(recorded["live"])],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    try:
        ends_at, held = time.monotonic() + DEADLINE_S, 0
        while time.monotonic() < ends_at and (held := _waiting_bytes(ours)) < 1000:
            time.sleep(0.05)
        assert held >= 1000, "it drew nothing"
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(timeout=DEADLINE_S) == code
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def _waiting_bytes(terminal: int) -> int:
    """What waits to be read from a terminal."""
    told = fcntl.ioctl(terminal, termios.FIONREAD, b"\0" * 4)
    return int(struct.unpack("i", told)[0])
