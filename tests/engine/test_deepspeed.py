"""Training with DeepSpeed, on one and on two real processes.

The oracle of the numbers is the torch engine. One start of each number of processes tries
everything (`many.py`), because a start takes seconds; tests read what it found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from neurotrain.cli.compiling import compile_file
from neurotrain.compiler.draft import Options
from neurotrain.component.paths import Resolver
from neurotrain.dataset.loader import Share
from neurotrain.engine import last_words
from neurotrain.engine.build import Builder
from neurotrain.engine.placement import BadLaunch, Placement, placed, require_size
from neurotrain.engine.trainer import Trainer
from neurotrain.recorder.events import read_all
from tests.ports import free_port

from . import test_regression
from .conftest import DIGITS, Project
from .many import LEVELS

ENGINE: Final = "engine: {type: deepspeed, device: cpu, threads: 1, processes: 2}"
SPEC: Final = (
    DIGITS.replace("engine: {type: torch, device: cpu, threads: 1}", ENGINE)
    .replace(", dropout: 0.2", "")
    .replace("epochs: 3", "epochs: 2")
)
VALUES: Final = (
    test_regression.SPEC.replace("engine: {type: torch, device: cpu, threads: 1}", ENGINE)
    .replace(", dropout: 0.1", "")
    .replace('predict: {input: "faces/*.png"}\n', "")
    .replace("test: {num_pictures: 2, batch: 5}", "test: {num_pictures: 2, batch: 3}")
)
TOLERANCE: Final = 2e-6
"""Relative; sums of float32 in another order, through 22 updates."""
STAGES: Final = (0, 1, 2, 3)
SIZES: Final = (1, 2)

Found = dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What one and two processes found, and under 0 the torch engine's history."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "spec.yaml").write_text(SPEC)
    test_regression.write(folder)
    (folder / "values.yaml").write_text(VALUES)
    running = [process for size in SIZES for process in _processes(folder, size)]
    reference = _torch_history(Project(folder), SPEC)
    reference["values"] = _torch_history(Project(folder), VALUES, "train.epochs=3")
    reference["levels"] = _torch_history(Project(folder), SPEC, *LEVELS)
    for process in running:
        assert process.wait(timeout=240) == 0
    results: Found = {
        size: json.loads((folder / f"found-{size}.json").read_text()) for size in SIZES
    }
    return {0: reference, **results}


def _processes(folder: Path, size: int) -> list[subprocess.Popen[bytes]]:
    port = str(free_port())
    meeting = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    common = {**os.environ, **meeting, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.engine.many", str(folder)],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for rank in range(size)
    ]  # fmt: skip


def _torch_history(project: Project, text: str, *sets: str) -> dict[str, Any]:
    one = "engine={type: torch, device: cpu, threads: 1}"
    compiled = compile_file(project.write(text, "torch.yaml"), (one, *sets), Options())
    assert compiled.draft is not None
    plan = compiled.draft.plan
    assert plan is not None
    builder = Builder(plan, Resolver(base=project.folder))
    model = builder.model()
    optimizer = builder.optimizer(model)
    trainer = Trainer(
        project.folder / f"torch-{plan.name}" / "train", model, options=plan.experiment.train,
        setup=builder.setup(),
    )  # fmt: skip
    return dict(
        trainer.train(
            builder.train_loader(), builder.eval_loader("valid"), builder.criterion(), optimizer,
            scheduler=builder.schedule(optimizer),
        )
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", SIZES)
def test_same_trace(found: Found, size: int, stage: int) -> None:
    """Losses, norms, rates and metrics are the torch engine's but for the order of sums."""
    history = found[size][f"history-{stage}"]
    reference = {n: each for n, each in found[0].items() if n not in ("values", "levels")}
    assert history.keys() == reference.keys()
    for name, values in reference.items():
        assert np.allclose(history[name], values, rtol=TOLERANCE, atol=0), name


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_exact_resume(found: Found, stage: int) -> None:
    """A training stopped inside an epoch and resumed ends with the bytes of an undisturbed one."""
    assert found[2][f"same-{stage}"]


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_curriculum(found: Found, size: int) -> None:
    """Levels give the torch engine's trace, and a stop in the second one changes no byte."""
    for name, values in found[0]["levels"].items():
        assert np.allclose(found[size]["levels"][name], values, rtol=TOLERANCE, atol=0), name
    assert found[size]["levels-stopped"] == 143
    assert found[size]["levels-same"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_one_decision(found: Found, stage: int) -> None:
    """A signal that one process got stops both at the same step, with the same exit code."""
    assert found[2][f"stopped-{stage}"] == [["SIGTERM", 143]] * 2


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_whole_weights(found: Found, stage: int) -> None:
    """`last.pth` holds the weights that the processes have together."""
    assert found[2][f"weights-{stage}"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_sizes(found: Found, stage: int) -> None:
    """The bytes told of a checkpoint are its file's; those of the shards are told beside them."""
    sizes = found[2][f"sizes-{stage}"]
    assert sizes
    for told, has, shards in sizes:
        assert told == has
        assert shards > 0


@pytest.mark.slow
def test_damaged_shards(found: Found) -> None:
    """A changed byte in the newest shards is named, and the ones before it are resumed."""
    assert "SHA-256 differs" in found[2]["newest"]


@pytest.mark.slow
def test_no_whole_shards(found: Found) -> None:
    """Where all are damaged, the resume is refused and never a fresh start."""
    assert found[2]["all"].count("SHA-256 differs") == 2


@pytest.mark.slow
def test_absent_manifest(found: Found) -> None:
    """Shards without a manifest are no checkpoint."""
    assert found[2]["absent"].startswith("no whole checkpoint")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_loss_of_model(found: Found, size: int) -> None:
    """Without a criterion the model's own loss is trained and validated."""
    losses = [value for _, value in found[size]["loss"]["valid/loss"]]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stage", [1, 3])
def test_values_of_a_regression(found: Found, size: int, stage: int) -> None:
    """Every process records the values of the whole validation data, those of the torch engine."""
    histories, reference = found[size][f"values-{stage}"], found[0]["values"]
    assert len(histories) == size
    for history in histories:
        assert history.keys() == reference.keys()
        for name, values in reference.items():
            assert np.allclose(history[name], values, rtol=1e-5, atol=0), name


@pytest.mark.slow
@pytest.mark.parametrize("stage", [2, 3])
def test_stop_inside_a_validation(found: Found, stage: int) -> None:
    """A stop that one process gets ends both at the same batch; the validation is done anew."""
    assert found[2][f"seen-{stage}"] == [143, 143]
    assert found[2][f"seen-same-{stage}"]


@pytest.mark.slow
def test_no_loss(found: Found) -> None:
    """A model that returns outputs where a loss is wanted is told both ways."""
    assert "Let it do so, or give train() a criterion" in found[2]["outputs"]


def _pid(project: Project, rank: int, attempt: int) -> int:
    """The process of a rank whose attempt has finished two epochs."""
    run_dir, until_s = project.folder / "runs/tiny", time.monotonic() + 100
    while time.monotonic() < until_s:
        events = [event for event in read_all(run_dir / "events.jsonl") if event.attempt == attempt]
        if sum(event.kind == "epoch.finished" for event in events) >= 2:
            return next(each.pid for each in last_words.said(run_dir) if each.rank == rank)
        time.sleep(0.05)
    raise AssertionError("no epoch was finished")


@pytest.mark.slow
def test_killed_ranks(project: Project) -> None:
    """Where a process is killed, all end and it is named; at last the score is the torch engine's.

    Rank 0 is killed as well, so that nobody but the command is left to tell it.
    """
    text = SPEC.replace("epochs: 2", "epochs: 25").replace("patience: 2", "patience: 25")
    project.write(text)
    for attempt, rank in enumerate((1, 0), start=1):
        killed = project.start("run", "spec.yaml", "--plain")
        os.kill(_pid(project, rank, attempt), signal.SIGKILL)
        _, talk = killed.communicate(timeout=30)
        assert killed.returncode == 137
        assert f"rank {rank} (process " in talk
    finished = project.call("run", "spec.yaml", "--plain")
    assert finished.returncode == 0, finished.stderr
    assert "resumed from train/checkpoints/shards/" in finished.stderr
    file = project.folder / "runs/tiny/test/metrics.json"
    score = json.loads(file.read_text())["overall"]
    one = ("--fresh", "--set", "engine={type: torch, device: cpu, threads: 1}")
    assert project.call("run", "spec.yaml", "--plain", *one).returncode == 0
    assert json.loads(file.read_text())["overall"] == pytest.approx(score, rel=1e-4)


def _worker(project: Project, **environment: str) -> subprocess.CompletedProcess[str]:
    project.write(SPEC)
    assert project.call("compile", "spec.yaml", "-o", "plan").returncode == 0
    unset = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "SLURM_PROCID")
    kept = {key: value for key, value in os.environ.items() if key not in unset}
    return subprocess.run(
        [sys.executable, "-m", "neurotrain.engine.worker", "--local_rank=0", "plan/plan.json"],
        cwd=project.folder, env={**kept, **environment}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "no launcher's variables are set"),
        ({"RANK": "0", "WORLD_SIZE": "3"}, "WORLD_SIZE=3"),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "4", "MASTER_ADDR": "n1"}, "SLURM_NTASKS=4"),
    ],
)
def test_wrong_size(project: Project, environment: dict[str, str], told: str) -> None:
    """Another number of processes than planned is told with both, and nothing is trained."""
    done = _worker(project, **environment)
    assert done.returncode == 2
    assert "plans 2 processes" in done.stderr
    assert told in done.stderr
    assert not (project.folder / "plan/train").exists()


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, (0, 1, 0)),
        ({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, (3, 8, 1)),
        (
            {"SLURM_PROCID": "2", "SLURM_NTASKS": "4", "SLURM_LOCALID": "0", "MASTER_ADDR": "n1"},
            (2, 4, 0),
        ),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, (0, 1, 0)),
    ],
)
def test_placement(environment: dict[str, str], place: tuple[int, int, int]) -> None:
    """Ranks come from DeepSpeed's launcher, torchrun or srun; without them there is one process."""
    found = placed(environment)
    assert (found.rank, found.world_size, found.local_rank) == place


@pytest.mark.parametrize(
    "environment",
    [{"RANK": "2", "WORLD_SIZE": "2"}, {"RANK": "x", "WORLD_SIZE": "2"}, {"RANK": "0"}],
)
def test_no_placement(environment: dict[str, str]) -> None:
    """Variables that make no placement are refused."""
    with pytest.raises(BadLaunch):
        placed(environment)


def test_size_of_plan() -> None:
    """The planned number of processes passes."""
    require_size(Placement(rank=1, world_size=2), 2, "plan.json")


def test_shares_are_the_batch(project: Project) -> None:
    """Together the processes take the samples of each global batch that one process takes."""
    one = project.builder(SPEC, "engine.processes=1", "train.batch={global: 32}")
    two = project.builder(SPEC)
    whole = [batch.samples for batch in one.train_loader().epoch(2)]
    shares = [list(two.train_loader(Share(rank, 2)).epoch(2)) for rank in range(2)]
    for number, samples in enumerate(whole):
        assert np.array_equal(np.concatenate([s[number].samples for s in shares]), samples)


def test_first_error(tmp_path: Path) -> None:
    """The culprit is the process that failed first, not those that ended because of it."""
    last_words.end(tmp_path, 0, 1, "another process ended first", of_another=True)
    last_words.end(tmp_path, 1, 65, "a file is damaged")
    last_words.end(tmp_path, 2, 3, "training diverged")
    culprit = last_words.culprit(tmp_path)
    assert culprit is not None
    assert (culprit.exit_code, culprit.message) == (65, "rank 1: a file is damaged")


def test_no_last_words(tmp_path: Path) -> None:
    """A process that began and is gone without a word was killed."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    last_words.begin(tmp_path, 1)
    file = tmp_path / "ranks/rank-1.json"
    file.write_text(file.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {gone.pid}'))
    culprit = last_words.culprit(tmp_path)
    assert culprit is not None
    assert culprit.exit_code == 137
    assert "ended without a word" in culprit.message
