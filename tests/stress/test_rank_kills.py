"""A process of two is killed at any instant; the same command continues to the same bits."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from neurotrain.engine import last_words
from tests.engine.conftest import Project
from tests.engine.test_deepspeed import SPEC
from tests.stress.conftest import Effort

LONG = SPEC.replace("epochs: 2", "epochs: 12").replace("patience: 2", "patience: 50")
DETERMINED = ("train/checkpoints/*.pth", "train/metrics.csv", "test/metrics.json", "test/*.csv")
ENDS_WITHIN_S = 30.0
STAGES = (0, 1, 2, 3)


def outcome(run: Path) -> dict[str, str]:
    """Digests of what every course of the run has to give."""
    files = sorted({file for pattern in DETERMINED for file in run.glob(pattern)})
    assert files
    return {
        str(file.relative_to(run)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }


def between_files(run: Path) -> bool:
    """Whether a checkpoint has some of its files and not yet its manifest."""
    folders = (run / "train/checkpoints/shards").glob("epoch-*")
    return any(any(each.iterdir()) and not (each / "manifest.json").exists() for each in folders)


def kill(command: subprocess.Popen[str], run: Path, draw: Random) -> str | None:
    """Kill a process once both work and the instant has come; what it was, None if all is done."""
    rank, in_save = draw.randrange(2), draw.random() < 0.5
    not_before_s = time.monotonic() + draw.random() * 12
    while command.poll() is None:
        words = [each for each in last_words.said(run) if each.rank == rank]
        due = time.monotonic() >= not_before_s if not in_save else between_files(run)
        if words and due and is_alive(words[-1].pid):
            os.kill(words[-1].pid, signal.SIGKILL)
            return f"rank {rank} (process {words[-1].pid} "
        time.sleep(0.001 if in_save else 0.02)
    return None


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def finish(project: Project) -> Path:
    """Run until it is done; the run's folder."""
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    return project.folder / "runs/tiny"


@pytest.mark.slow
def test_a_killed_process_changes_no_bit(tmp_path: Path, effort: Effort) -> None:
    """All end in time, the one that was killed is named, and nothing is done by hand."""
    draw, kills, trial = effort.random("rank kills"), 0, 0
    wanted: dict[int, dict[str, str]] = {}
    while kills < effort.times(1, 30):
        stage, trial = STAGES[(trial + effort.seed) % len(STAGES)], trial + 1
        project = Project(tmp_path / f"stage{stage}")
        project.folder.mkdir(exist_ok=True)
        if stage not in wanted:
            project.write(LONG.replace("processes: 2", f"processes: 2, zero: {{stage: {stage}}}"))
            wanted[stage] = outcome(finish(project))
        shutil.rmtree(project.folder / "runs")
        for _ in range(draw.randint(1, 3)):
            command = project.start("run", "spec.yaml", "--plain")
            killed = kill(command, project.folder / "runs/tiny", draw)
            _, talk = command.communicate(timeout=ENDS_WITHIN_S)
            if killed is None:
                assert command.returncode == 0, talk
                break
            kills += 1
            assert command.returncode == 137, talk
            assert killed in talk
        assert outcome(finish(project)) == wanted[stage], (stage, kills)
    print(f"{kills} kills of a process in {trial} runs")
