"""The ways into the monitor where there is no terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_without_a_terminal_it_refuses(recorded: dict[str, Path]) -> None:
    """With pipes for streams `watch` says so on stderr and returns 2."""
    code = (
        "import sys; from pathlib import Path; from neurotrain.monitor.app import watch;"
        "sys.exit(watch(Path(sys.argv[1]), readonly=False))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(recorded["live"])],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == "monitor: this needs a terminal; --once prints the state as text\n"
    assert ended.stdout == ""


def test_the_plain_views_import_no_textual() -> None:
    """A script that asks once pays for no toolkit."""
    code = "import sys; import neurotrain.monitor.once; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
