"""Every way to start the processes of one plan gives the same training, to the last bit.

Two machines are two launchers with node ranks, which meet over the loopback interface.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from neurotrain.engine import last_words
from neurotrain.recorder.events import read_all
from tests.ports import free_port

from .conftest import Project
from .test_deepspeed import ENGINE, SPEC

_UNSET: Final = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "NODE_RANK")
EPOCHS: Final = 12
LONG: Final = SPEC.replace("epochs: 2", f"epochs: {EPOCHS}").replace("patience: 2", "patience: 50")


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what launchers set."""
    kept = {key: value for key, value in os.environ.items() if key not in _UNSET}
    return {**kept, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", **more}


def weights(run_dir: Path) -> str:
    """The digest of the last checkpoint."""
    return hashlib.sha256((run_dir / "train/checkpoints/last.pth").read_bytes()).hexdigest()


def scores(run_dir: Path) -> object:
    """What the test measured."""
    return json.loads((run_dir / "test/metrics.json").read_text())["overall"]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A plan in `plan`, and the run of it by the run command in `runs/tiny`."""
    project = Project(tmp_path_factory.mktemp("planned"))
    project.write(SPEC)
    assert project.call("compile", "spec.yaml", "-o", "plan").returncode == 0
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    return project


def _by_deepspeed(port: str) -> list[str]:
    launcher = ["deepspeed.launcher.runner", "--hostfile=/dev/null", "--num_gpus=2"]
    return [*launcher, f"--master_port={port}", "--module"]


def _by_torchrun(port: str) -> list[str]:
    return ["torch.distributed.run", "--nproc_per_node=2", f"--master_port={port}", "-m"]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [_by_deepspeed, _by_torchrun])
def test_started_by_hand(planned: Project, tmp_path: Path, launcher: object) -> None:
    """`deepspeed` and `torchrun` on the plan of a folder do what the run command does."""
    assert callable(launcher)
    folder = shutil.copytree(planned.folder / "plan", tmp_path / "plan")
    line = ["-m", *launcher(str(free_port())), "neurotrain.engine.worker", "plan.json"]
    done = subprocess.run(
        [sys.executable, *line], cwd=folder, env=environment(), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert weights(folder) == weights(planned.folder / "runs/tiny")
    assert scores(folder) == scores(planned.folder / "runs/tiny")


@pytest.mark.slow
def test_started_by_srun(planned: Project, tmp_path: Path) -> None:
    """Processes with Slurm's variables alone find each other."""
    folder = shutil.copytree(planned.folder / "plan", tmp_path / "plan")
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "SLURM_NTASKS": "2"}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "neurotrain.engine.worker", "plan.json"], cwd=folder,
            env=environment(**meeting, SLURM_PROCID=rank, SLURM_LOCALID=rank),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert weights(folder) == weights(planned.folder / "runs/tiny")


@pytest.mark.slow
def test_port_in_use(planned: Project, tmp_path: Path) -> None:
    """A port at which something else listens is told, with the ways to another."""
    folder = shutil.copytree(planned.folder / "plan", tmp_path / "plan")
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        place = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_PORT": port}
        done = subprocess.run(
            [sys.executable, "-m", "neurotrain.engine.worker", "plan.json"], cwd=folder,
            env=environment(**place), capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"the port {port}, at which the processes meet, is in use" in done.stderr
    assert not (folder / "train/checkpoints").exists()


@contextmanager
def _machines(project: Project) -> Iterator[list[subprocess.Popen[str]]]:
    """The run command on two machines, the second one first."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "neurotrain", "run", "spec.yaml", "--plain"],
            cwd=project.folder, env=environment(NODE_RANK=node), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for node in ("1", "0")
    ]  # fmt: skip
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def _process_of(run_dir: Path, rank: int) -> int:
    """The process of a rank once two epochs are finished."""
    until_s = time.monotonic() + 100
    while time.monotonic() < until_s:
        kinds = [event.kind for event in read_all(run_dir / "events.jsonl")]
        if kinds.count("epoch.finished") >= 2:
            return next(each.pid for each in last_words.said(run_dir) if each.rank == rank)
        time.sleep(0.05)
    raise AssertionError("no epoch was finished")


@pytest.mark.slow
def test_two_machines(project: Project) -> None:
    """The second one dies, both commands end and name it; given again they end as one machine."""
    (project.folder / "hosts").write_text("first slots=1\nsecond slots=1\n")
    hosts = f"launcher: hostfile, hostfile: hosts, master_port: {free_port()}"
    nodes = f"processes: 1, nodes: 2, master_addr: 127.0.0.1, {hosts}"
    project.write(LONG.replace(ENGINE, ENGINE.replace("processes: 2", nodes)))
    run_dir = project.folder / "runs/tiny"
    with _machines(project) as (second, first):
        os.kill(_process_of(run_dir, 1), signal.SIGKILL)
        _, told = first.communicate(timeout=30)
        assert first.returncode == 137
        assert "rank 1 (process" in told
        second.communicate(timeout=30)
        assert second.returncode == 137
    with _machines(project) as (second, first):
        _, told = first.communicate(timeout=120)
        assert first.returncode == 0, told
        assert "resumed from train/checkpoints/shards/" in told
        second.communicate(timeout=30)
        assert second.returncode == 0
    run_dir.rename(project.folder / "machines")
    project.write(LONG)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    assert weights(project.folder / "machines") == weights(run_dir)
    assert scores(project.folder / "machines") == scores(run_dir)


@pytest.mark.parametrize(
    ("node", "options", "told"),
    [
        ("2", (), "NODE_RANK is 2, and the plan has 2 nodes"),
        ("one", (), "NODE_RANK is 'one': give the number of this machine, from 0"),
        ("1", ("--fresh",), "--fresh and --detach are the first machine's"),
    ],
)
def test_wrong_machine(project: Project, node: str, options: tuple[str, ...], told: str) -> None:
    """A number that is no machine's of the plan is refused, and so is what the first one does."""
    (project.folder / "hosts").write_text("first slots=1\nsecond slots=1\n")
    engine = ENGINE.replace("2}", "1, nodes: 2, launcher: hostfile, hostfile: hosts}")
    project.write(SPEC.replace(ENGINE, engine))
    done = subprocess.run(
        [sys.executable, "-m", "neurotrain", "run", "spec.yaml", "--plain", *options],
        cwd=project.folder, env=environment(NODE_RANK=node), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert told in done.stderr
    assert not (project.folder / "runs").exists()
