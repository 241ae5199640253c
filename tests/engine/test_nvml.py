"""GPUs as NVML tells them, from a library with two devices to the screen of the monitor.

The library is compiled from nvml.c beside this file and loaded by the real nvidia-ml-py, in a
process of its own, since a process loads NVML once.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from neurotrain.monitor.frame import Frame, Options
from neurotrain.monitor.health import alerts
from neurotrain.monitor.ink import UNICODE
from neurotrain.monitor.state import State
from neurotrain.monitor.tail import Liveness, follow_to_end
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.system import System

COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")

SAMPLE = """
import sys
from pathlib import Path
from neurotrain.engine.machine import Machine
from neurotrain.recorder.events import EventLog

run_dir, lost = Path(sys.argv[1]), Path(sys.argv[2])
log = EventLog(run_dir / "events.jsonl")
log.write("run.started", name="gpus", stages=["trainer"], epochs=3)
log.write("stage.started", stage="trainer")
machine = Machine(run_dir)
log.write("machine.sampled", **machine.sample())
if len(sys.argv) > 3:
    lost.touch()
    log.write("machine.sampled", **machine.sample())
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the library under the name by which nvidia-ml-py looks for it."""
    folder = tmp_path_factory.mktemp("nvml")
    source, file = Path(__file__).with_name("nvml.c"), folder / "libnvidia-ml.so.1"
    assert COMPILER is not None
    command = [COMPILER, "-shared", "-fPIC", "-Wall", "-Werror", str(source), "-o", str(file)]
    subprocess.run(command, check=True)
    return folder


def sampled(library: Path, run_dir: Path, *, loses: bool = False) -> View:
    """What the monitor knows of a run whose machine was sampled with the library."""
    lost = run_dir / "lost"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library), "FAKE_NVML_LOST": str(lost)}
    command = [sys.executable, "-c", SAMPLE, str(run_dir), str(lost), *(["loses"] if loses else [])]
    subprocess.run(command, check=True, env=environment)
    return follow_to_end(run_dir)


def told(run_dir: Path) -> list[list[dict[str, Any]]]:
    """The rows of the GPUs in the events."""
    events = map(json.loads, (run_dir / "events.jsonl").read_text().splitlines())
    return [each["data"]["gpus"] for each in events if each["kind"] == "machine.sampled"]


def system_of(view: View) -> str:
    """The system pane, as text."""
    frame = Frame(
        name="gpus", run_dir="", resume="", view=view, state=State.TRAIN, liveness=Liveness(),
        log=(), alerts=(), missing=frozenset(), options=Options(), glyphs=UNICODE, now=0.0,
        opened_at=0.0,
    )  # fmt: skip
    rows = System(id="system").draw(frame, 120, 30)
    return "\n".join("".join(text for text, _ in row) for row in rows)


def test_every_value_of_the_devices_reaches_the_screen(library: Path, tmp_path: Path) -> None:
    """Watts from milliwatts; the usual reasons for lower clocks are no throttling; what a device
    does not support is left out, and nothing is put in its place."""
    view = sampled(library, tmp_path)
    assert told(tmp_path) == [
        [
            {"index": 0, "util": 97, "memory_used_bytes": 78_000_000_000,
             "memory_total_bytes": 80_000_000_000, "temperature_c": 64, "power_w": 381.5,
             "is_throttled": False},
            {"index": 1, "util": 71, "memory_used_bytes": 12_500_000_000,
             "memory_total_bytes": 80_000_000_000, "is_throttled": True},
        ]
    ]  # fmt: skip
    assert view.machine is not None
    assert [gpu.util for gpu in view.machine.gpus] == [97.0, 71.0]
    assert view.machine.gpus[1].temperature_c is None
    assert view.peaks.gpu_memory_bytes == 78_000_000_000
    shown = system_of(view).split("\n")
    first = next(row for row in shown if " gpu 0 " in row)
    second = next(row for row in shown if " gpu 1 " in row)
    assert "97%" in first
    assert "64 °C" in first
    assert "throttled" not in first
    assert "71%" in second
    assert "throttled" in second
    assert "°C" not in second
    found = [alert.text for alert in alerts(view, State.TRAIN, 0.0)]
    assert found == ["GPU 0 memory is 98% full", "GPU 1 is throttled"]


def test_a_lost_device_costs_its_own_values_alone(library: Path, tmp_path: Path) -> None:
    """The sampling goes on, the other device tells everything, and the loss is an alert."""
    view = sampled(library, tmp_path, loses=True)
    before, after = told(tmp_path)
    assert after == [before[0], {"index": 1}]
    assert view.machine is not None
    assert view.machine.gpus[1].util is None
    assert alerts(view, State.TRAIN, 0.0)[0].text == "GPU 1 no longer answers"
    assert "–" in next(row for row in system_of(view).split("\n") if " gpu 1 " in row)


def test_without_devices_nothing_is_told(tmp_path: Path) -> None:
    """A library that is none: the sample has no GPU and nothing fails."""
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"no library")
    view = sampled(tmp_path, tmp_path / "run")
    assert view.machine is not None
    assert view.machine.gpus == ()
