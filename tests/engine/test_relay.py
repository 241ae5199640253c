"""A training that changes its spread over processes on the way, with real processes.

The oracle of the numbers is the torch engine undisturbed; that of what is carried over is
DeepSpeed's own converter to its universal checkpoints.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch

from neurotrain.engine.checkpoint import ForeignCheckpoint, load
from neurotrain.engine.consolidated import Consolidated, Fragment, of_shards, of_torch
from tests.ports import free_port

from .conftest import Project
from .test_deepspeed import SPEC

TORCH: Final = "engine={type: torch, device: cpu, threads: 1}"
TOLERANCE: Final = 1e-6
"""Relative; sums of float32 in another order."""
LEGS: Final = (
    ("4", 1, TORCH), ("7", 2, 1), ("9", 1, TORCH), ("12", 2, 2), ("14", 1, 3), ("16", 1, TORCH),
    ("19!", 2, 3), ("22", 2, 3), ("0", 2, 0),
)  # fmt: skip
"""Until which step, on how many processes, with which ZeRO stage; `!` dies in its first save."""
MOMENTS: Final = ("exp_avg", "exp_avg_sq")


def many(size: int, stage: int, more: str = "") -> str:
    """The engine's override."""
    block = f"type: deepspeed, device: cpu, threads: 1, processes: {size}, zero: {{stage: {stage}}}"
    return f"engine={{{block}{more}}}"


def run_leg(folder: Path, leg: str, size: int, *overrides: str) -> list[int]:
    """Train a leg; how each process ended."""
    port = str(free_port())
    meeting = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    common = {**os.environ, **meeting, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with (folder / "legs.log").open("ab") as log:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.engine.relay", str(folder), leg, *overrides],
                env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)}, stdout=log, stderr=log,
            )
            for rank in range(size)
        ]  # fmt: skip
        return [process.wait(timeout=120) for process in processes]


def last(folder: Path) -> dict[str, Any]:
    """The last checkpoint."""
    return load(folder / "runs/train/checkpoints/last.pth")


def assert_same_course(state: dict[str, Any], reference: dict[str, Any]) -> None:
    """History, counters and weights are those of the undisturbed training."""
    history, wanted = state["metrics_history"], reference["metrics_history"]
    assert history.keys() == wanted.keys()
    for name, values in wanted.items():
        assert np.allclose(history[name], values, rtol=TOLERANCE, atol=0), name
    for name in ("epoch", "batch", "step", "micro_step", "best_epoch", "early_stopping_epoch"):
        assert state[name] == reference[name], name
    for name, weight in reference["model_state_dict"].items():
        assert torch.allclose(state["model_state_dict"][name], weight, rtol=0, atol=1e-6), name


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training by legs of all stages, in `runs`, and the undisturbed one in `whole`."""
    folder = tmp_path_factory.mktemp("relay")
    (folder / "spec.yaml").write_text(SPEC)
    assert run_leg(folder, "0", 1, TORCH) == [0]
    (folder / "runs").rename(folder / "whole")
    for leg, size, stage in LEGS:
        override = stage if isinstance(stage, str) else many(size, stage)
        codes = run_leg(folder, leg, size, override)
        ended = codes[:1] == [9] if leg.endswith("!") else codes == [0] * size
        assert ended, (leg, codes, (folder / "legs.log").read_text()[-4000:])
    return folder


def universal(shards: Path, into: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Each parameter with its moments, by DeepSpeed's converter."""
    converter = pytest.importorskip("deepspeed.checkpoint.ds_to_universal")
    converter.main(
        Namespace(
            input_folder=str(shards), output_folder=str(into), num_extract_workers=1,
            num_merge_workers=1, keep_temp_folder=False, strict=True, inject_missing_state=True,
        )
    )  # fmt: skip
    return {
        folder.name: {file.stem: _value(file) for file in folder.glob("*.pt")}
        for folder in (into / "zero").iterdir()
        if folder.is_dir()
    }


def _value(file: Path) -> Any:
    read = torch.load(file, weights_only=False)
    return read["param"] if isinstance(read, dict) else read


def moments(state: dict[str, Any]) -> dict[str, dict[str, torch.Tensor]]:
    """Each parameter with its moments, of a torch engine's checkpoint."""
    weights = state["model_state_dict"]
    return {
        name: {"fp32": weights[name], **{key: own[key] for key in MOMENTS}}
        for name, own in zip(weights, state["optimizer_state_dict"]["state"].values(), strict=True)
    }


@pytest.mark.slow
def test_same_course(relay: Path) -> None:
    """Seven changes of world size, stage and engine, one of them killed, end as no change does."""
    assert_same_course(last(relay), load(relay / "whole/train/checkpoints/last.pth"))


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 9, 16])
def test_parts_are_exactly_the_whole(relay: Path, tmp_path: Path, step: int) -> None:
    """What ZeRO 1, 2 and 3 on two processes took over are the torch engine's bits."""
    taken = relay / f"runs/taken-{step}"
    (shards,) = (file.parent for file in taken.glob("shards/*/manifest.json"))
    found = universal(shards, tmp_path / "universal")
    before = load(relay / f"runs/left-{step}.pth")
    for name, values in moments(before).items():
        for key, value in values.items():
            assert torch.equal(found[name][key].reshape(value.shape), value), (name, key)


@pytest.mark.slow
@pytest.mark.parametrize("step", [7, 14])
def test_whole_is_exactly_the_parts(relay: Path, tmp_path: Path, step: int) -> None:
    """What the torch engine took over from ZeRO 1 and 3 are the bits of its parts."""
    after = load(relay / f"runs/taken-{step}/last.pth")
    shards = relay / f"runs/left-{step}"
    found = universal(shards, tmp_path / "universal")
    for name, values in moments(after).items():
        for key, value in values.items():
            assert torch.equal(found[name][key].reshape(value.shape), value), (name, key)
        assert float(found[name].get("step", step)) == step
    steps = {float(own["step"]) for own in after["optimizer_state_dict"]["state"].values()}
    assert steps == {step}


@pytest.mark.slow
def test_counts_in_micro_steps(tmp_path: Path) -> None:
    """Four micro-batches an update on one process are two on two, within an epoch; and momentum."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    momentum = "train.optimizer={type: sgd, learning_rate: 0.1, momentum: 0.9}"
    sets = (momentum, "train.batch={global: 32, micro: 8}")
    assert run_leg(tmp_path, "0", 1, TORCH, *sets) == [0]
    reference = last(tmp_path)
    shutil.rmtree(tmp_path / "runs")
    untested = ", config: {zero_allow_untested_optimizer: true}"
    assert run_leg(tmp_path, "5", 1, TORCH, *sets) == [0]
    assert run_leg(tmp_path, "16", 2, many(2, 2, untested), *sets) == [0, 0]
    assert last(tmp_path)["micro_step"] == 32
    assert run_leg(tmp_path, "0", 1, TORCH, *sets) == [0]
    assert_same_course(last(tmp_path), reference)


@pytest.mark.slow
def test_counts_of_the_beginning_of_an_epoch(tmp_path: Path) -> None:
    """What a roll-back would go back to counts micro-batches as the new accumulation does."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    rolls = "train.nan_policy={type: roll_back}"
    for leg, micro in (("13", 8), ("14", 16)):
        batch = f"train.batch={{global: 32, micro: {micro}}}"
        assert run_leg(tmp_path, leg, 1, TORCH, rolls, batch) == [0]
    state = last(tmp_path)
    assert state["epoch_start"]["micro_step"] > 0
    assert state["epoch_start"]["micro_step"] == state["micro_step"] - state["batch"]


def _newest_parts(folder: Path) -> dict[str, bytes]:
    """What each process wrote of itself at last."""
    found = folder.glob("runs/train/checkpoints/shards/*/manifest.json")
    return {file.name: file.read_bytes() for file in sorted(max(found).parent.glob("rank-*.pth"))}


@pytest.mark.slow
def test_running_statistics_of_every_process(tmp_path: Path) -> None:
    """With batch normalisation a resume inside an epoch gives each process its own back.

    Of these DeepSpeed saves those of process 0 alone below stage 3.
    """
    text = SPEC.replace("{type: mlp, hidden: [16]}", "{type: simple_cnn, channels: [4]}")
    (tmp_path / "spec.yaml").write_text(text)
    for leg in ("0", "15"):
        assert run_leg(tmp_path, leg, 2, many(2, 2)) == [0, 0]
        if leg == "0":
            whole, parts = last(tmp_path), _newest_parts(tmp_path)
            shutil.rmtree(tmp_path / "runs")
    assert run_leg(tmp_path, "0", 2, many(2, 2)) == [0, 0]
    assert _newest_parts(tmp_path) == parts
    resumed = last(tmp_path)["model_state_dict"]
    assert all(torch.equal(resumed[name], each) for name, each in whole["model_state_dict"].items())
    newest = max((tmp_path / "runs").rglob("manifest.json")).parent
    first, second = (load(newest / name)["buffers"] for name in sorted(parts))
    assert not torch.equal(first["1.running_mean"], second["1.running_mean"])


@pytest.mark.slow
def test_another_spread_from_the_command_line(project: Project) -> None:
    """The same command with another engine goes on, tests, and says what it took over."""
    project.write(SPEC.replace("{type: cosine, warmup: 1 epoch}", "{type: constant}"))
    one = project.call("run", "spec.yaml", "--plain", "--set", TORCH, "--set", "train.epochs=1")
    assert one.returncode == 0, one.stderr
    two = project.call("run", "spec.yaml", "--plain", "--set", many(2, 1))
    assert two.returncode == 0, two.stderr
    assert "from the consolidated state, not bit for bit" in two.stderr
    assert "the state of 1 process (the torch engine) is taken over by 2 processes" in two.stderr
    assert "at epoch 2, step 11" in two.stderr
    again = project.call("run", "spec.yaml", "--plain", "--set", many(2, 1))
    assert "resumed" not in again.stderr
    assert again.stdout.splitlines()[0] == two.stdout.splitlines()[0]


def test_state_of_another_shape_is_refused() -> None:
    """What is not by element cannot be divided."""
    state = {"state": {0: {"row": torch.zeros(2)}}, "param_groups": [{"params": [0]}]}
    with pytest.raises(ForeignCheckpoint, match=r"'row' of 'w' has shape \(2,\)"):
        of_torch({"w": torch.zeros(2, 3)}, state, ["w"])


def test_other_parameters_are_refused() -> None:
    """An optimizer of another model is told with both numbers."""
    state: dict[str, Any] = {"state": {}, "param_groups": [{"params": [0, 1]}]}
    with pytest.raises(ForeignCheckpoint, match="has 2 parameters, this one 1"):
        of_torch({"w": torch.zeros(2)}, state, ["w"])


def test_missing_parts_are_found(tmp_path: Path) -> None:
    """Parts that do not make up a parameter's shape are told, and an empty folder."""
    part = Fragment(torch.zeros(5), {}, 0, 5)
    whole = Consolidated(fragments={"w": [part]}, shapes={"w": (2, 3)}, fixed={})
    with pytest.raises(Exception, match="the parts of 'w' do not make up its shape"):
        whole.weight("w")
    with pytest.raises(Exception, match="model states are not in"):
        of_shards(tmp_path, ["w"])
