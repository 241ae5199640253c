"""What a plan predicts against what its run leaves, and when it is predicted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from neurotrain.recorder.events import read_all
from tests.engine.conftest import DIGITS, Project

_PROBE: Final = """
import json, sys
from neurotrain.cli.main import main
sys.argv = ["neurotrain", "run", "spec.yaml"]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""


def predicted(run: Path) -> dict[str, float]:
    """The predictions of a run's plan by name."""
    plan = json.loads((run / "plan.json").read_text())
    return {each["name"]: each["value"] for each in plan["predictions"]}


def test_checkpoints_have_the_predicted_size(trained: Callable[[], Path]) -> None:
    """Within five percent, and no more lies on the disk than the peak."""
    run = trained()
    files = list((run / "train/checkpoints").glob("*.pth"))
    sizes = {file.stat().st_ino: file.stat().st_size for file in files}
    for size in sizes.values():
        assert predicted(run)["checkpoint"] == pytest.approx(size, rel=0.05)
    assert sum(sizes.values()) <= predicted(run)["disk at its peak"]


def test_the_start_tells_what_is_predicted(trained: Callable[[], Path]) -> None:
    """Who watches the run can compare, with units, from its first event."""
    run = trained()
    started = next(e for e in read_all(run / "events.jsonl") if e.kind == "run.started")
    told = {name: each["value"] for name, each in started.data["predictions"].items()}
    assert told == predicted(run)
    assert started.data["num_parameters"] == told["parameters"] == (64 + 1) * 16 + (16 + 1) * 10
    assert started.data["predictions"]["checkpoint"]["unit"] == "bytes"


def test_run_and_compile_write_the_same_plan(trained: Callable[[], Path]) -> None:
    """The bytes do not hang on which verb made the plan."""
    run = trained()
    project = Project(run.parents[1])
    done = project.call("compile", "spec.yaml", "-o", "planned")
    assert done.returncode == 0, done.stderr
    planned = (project.folder / "planned/plan.json").read_bytes()
    assert planned == (run / "plan.json").read_bytes()


def test_a_finished_run_is_told_without_torch(trained: Callable[[], Path]) -> None:
    """What was followed through torch once is not followed again."""
    run = trained()
    before = predicted(run)
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], cwd=run.parents[1], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "torch" not in json.loads(done.stdout.splitlines()[-1])
    assert predicted(run) == before


def test_run_refuses_what_torch_refuses(project: Project) -> None:
    """Exit code 2 with a place, and no run is begun."""
    groups = "groups: [{match: 'encodr.*', learning_rate: 1e-4}]"
    project.write(DIGITS.replace("{type: adamw, ", f"{{type: adamw, {groups}, "))
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 2
    assert "error[unmatched-group]: 'encodr.*' matches no parameter" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.folder / "runs").exists()


def test_no_disk_has_room_for_petabytes(project: Project) -> None:
    """The free space is that of the disk which the output folder is on."""
    project.write(DIGITS.replace("hidden: [16]", "hidden: [10000000, 10000000]"))
    done = project.call("compile", "spec.yaml", "-o", "planned")
    assert done.returncode == 2
    assert "error[no-room-for-checkpoint]: a checkpoint takes 1.2 PB" in done.stderr
