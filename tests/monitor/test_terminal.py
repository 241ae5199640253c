"""The monitor in a real terminal, driven with tmux."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

WATCH = (
    "import sys; from pathlib import Path; from neurotrain.monitor.app import watch;"
    "sys.exit(watch(Path(sys.argv[1]), readonly=False))"
)
DEADLINE_S = 60.0


class Terminal:
    """A tmux server of its own with one window of 80x24."""

    def __init__(self, socket: Path, command: str) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._do("new-session", "-d", "-x", "80", "-y", "24", command)

    def _do(self, *arguments: str) -> str:
        told = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True)
        return told.stdout

    def text(self) -> str:
        """What the window shows."""
        return self._do("capture-pane", "-p")

    def ask(self, question: str) -> str:
        """A fact about the window, such as `alternate_on`."""
        return self._do("display-message", "-p", f"#{{{question}}}").strip()

    def press(self, *keys: str) -> None:
        """Send keys."""
        self._do("send-keys", *keys)

    def wait_for(self, condition: Callable[[str], bool]) -> str:
        """The text, as soon as it fulfils a condition."""
        ends_at = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends_at:
            text = self.text()
            if condition(text):
                return text
            time.sleep(0.05)
        raise AssertionError(f"waited in vain:\n{text}")

    def close(self) -> None:
        """End the server."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminal(logs: ModuleType, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in which the monitor shows a live run, and then a shell says how it ended."""
    run_dir = logs.end_at(logs.live(tmp_path / "run"), time.time())
    quoted = " ".join(f"'{part}'" for part in (sys.executable, "-c", WATCH, str(run_dir)))
    environment = "env TERM=tmux-256color PYTHONUTF8=1 LC_ALL=C.UTF-8"
    shell = f"{environment} {quoted}; echo returned $?; exec sleep 600"
    opened = Terminal(tmp_path / "tmux", shell)
    yield opened
    opened.close()


def test_it_shows_the_run_and_gives_the_terminal_back(terminal: Terminal) -> None:
    """State, epoch and early stopping are on the screen; `q` restores the terminal."""
    text = terminal.wait_for(lambda text: "TRAIN" in text and "22/30" in text)
    assert "3/6" in text
    assert "stops after epoch 24" in text
    assert all(len(row) <= 80 for row in text.split("\n"))
    assert terminal.ask("alternate_on") == "1"
    terminal.press("q")
    left = terminal.wait_for(lambda text: "returned 0" in text)
    assert "TRAIN" not in left
    assert terminal.ask("alternate_on") == "0"
    assert terminal.ask("mouse_any_flag") == "0"
    assert terminal.ask("cursor_flag") == "1"


@pytest.mark.parametrize(("signal", "code"), [("TERM", 143), ("HUP", 129)])
def test_a_signal_gives_the_terminal_back(terminal: Terminal, signal: str, code: int) -> None:
    """SIGTERM and SIGHUP restore the terminal and end with 128 plus their number."""
    terminal.wait_for(lambda text: "TRAIN" in text)
    shell = terminal.ask("pane_pid")
    found = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True)
    for pid in found.stdout.split():
        os.kill(int(pid), getattr(__import__("signal"), f"SIG{signal}"))
    terminal.wait_for(lambda text: f"returned {code}" in text)
    assert terminal.ask("alternate_on") == "0"
    assert terminal.ask("mouse_any_flag") == "0"
