"""Killed at any instant and started again until it is done, a run ends with the same bits."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from neurotrain.cli.compiling import compile_file
from neurotrain.cli.run_folder import write_plan
from neurotrain.compiler.draft import Options
from tests.engine.conftest import DIGITS
from tests.engine.test_run import SEGMENTATION, write_images
from tests.stress.conftest import Effort

SPECS = {
    "digits": DIGITS.replace("epochs: 3", "epochs: 4"),
    "workers": DIGITS.replace("name: tiny", "name: workers")
    .replace("  transforms:", "  loader: {num_workers: 2}\n  transforms:")
    .replace("every: 1 epoch", "every: 3 epochs"),
    "folds": DIGITS.replace("name: tiny", "name: folds")
    .replace("valid: {fraction: 0.4}", "valid: {folds: 2}")
    .replace("epochs: 3", "epochs: 2"),
    "masks": SEGMENTATION.replace("epochs: 1", "epochs: 3, checkpoints: {every: 1 epoch}"),
}  # fmt: skip
DETERMINED = (
    "train/**/checkpoints/*.pth", "train/**/metrics.csv", "cross_validation/**/*.csv",
    "cross_validation/**/metrics.json", "test/metrics.csv", "test/per_sample.csv",
    "test/metrics.json", "test/predictions/*", "predict/**/*",
)  # fmt: skip


class Server:
    """The process that forks runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stress.fork_server"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, folder: Path, **order: Any) -> dict[str, Any]:
        """Run once, perhaps to its violent end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"run": str(folder), **order}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@dataclass(frozen=True)
class Case:
    """A plan, what it gives undisturbed, and how long that takes."""

    planned: Path
    wanted: dict[str, str]
    seconds: float


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A fork server."""
    made = Server()
    yield made
    made.end()


@pytest.fixture(scope="module")
def cases(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Every plan, run once without a disturbance."""
    folder = tmp_path_factory.mktemp("kills")
    write_images(folder / "data")
    return {name: case(server, folder, name) for name in SPECS}


def case(server: Server, folder: Path, name: str) -> Case:
    """Compile and run a spec."""
    spec = folder / f"{name}.yaml"
    spec.write_text(SPECS[name])
    compiled = compile_file(spec, [], Options())
    assert compiled.draft is not None
    assert compiled.draft.plan is not None, compiled.report.items
    planned = folder / "planned" / name
    write_plan(planned, compiled.draft.plan, folder, [spec])
    run = folder / "whole" / name
    shutil.copytree(planned, run)
    done = server.run(run)
    assert done["code"] == 0, (run / "output.txt").read_text()
    return Case(planned, outcome(run), done["seconds"])


def outcome(run: Path) -> dict[str, str]:
    """Digests of everything that has to be the same."""
    files = sorted({file for pattern in DETERMINED for file in run.glob(pattern)})
    return {
        str(file.relative_to(run)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def test_killed_at_any_instant_it_ends_with_the_same_bits(
    server: Server, cases: dict[str, Case], tmp_path: Path, effort: Effort
) -> None:
    """With nothing done by hand: at random times, and inside every kind of file operation."""
    draw, kills, in_storage, trial = effort.random("kills"), 0, 0, 0
    while kills < effort.times(9, 200):
        name = list(cases)[trial % len(cases)]
        case, run, trial = cases[name], tmp_path / f"{trial}", trial + 1
        shutil.copytree(case.planned, run)
        for _ in range(draw.randint(1, 5)):
            order = kill(draw, case)
            ended = server.run(run, **order)
            if ended["code"] == 0:
                break
            assert ended["code"] == -signal.SIGKILL, (run / "output.txt").read_text()
            kills, in_storage = kills + 1, in_storage + ("at_operation" in order)
        last = server.run(run)
        assert last["code"] == 0, (name, (run / "output.txt").read_text())
        assert outcome(run) == case.wanted, name
        shutil.rmtree(run)
    print(f"{kills} kills in {trial} runs, {in_storage} of them inside file operations")


def kill(draw: Random, case: Case) -> dict[str, Any]:
    """When to kill: at an instant of the run, or at one of its file operations."""
    if draw.random() < 0.5:
        return {"after_s": draw.random() * case.seconds * 1.05}
    return {"at_operation": draw.randint(1, 120)}


def test_every_signal_in_every_phase_saves_and_says_so(
    server: Server, cases: dict[str, Case], tmp_path: Path, effort: Effort
) -> None:
    """It ends with the code of its signal, or is done, and continues to the same bits."""
    codes = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143, signal.SIGUSR1: 75}
    draw = effort.random("signals")
    for trial in range(effort.times(4, 160)):
        kind = list(codes)[trial % len(codes)]
        case = cases[list(cases)[draw.randrange(len(cases))]]
        run = tmp_path / f"{trial}"
        shutil.copytree(case.planned, run)
        # The first moments belong to the interpreter, which ends at once.
        after_s = case.seconds * (0.1 + draw.random())
        ended = server.run(run, after_s=after_s, signal=kind)
        assert ended["code"] in (0, codes[kind]), (run / "output.txt").read_text()
        assert server.run(run)["code"] == 0
        assert outcome(run) == case.wanted
        shutil.rmtree(run)
