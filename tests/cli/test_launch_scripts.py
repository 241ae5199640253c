"""The scripts beside a DeepSpeed plan: run for real, with a stand-in for the program they start.

The stand-in writes down its arguments, which DeepSpeed's own launcher and torchrun then read.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from neurotrain.cli.compiling import compile_file
from neurotrain.cli.run_folder import write_plan
from neurotrain.compiler.draft import Options

SPEC: Final = """
version: 1
name: many
task: {type: classification}
data: {train: {type: digits}, valid: {fraction: 0.2}, transforms: {train: [normalize], eval: [normalize]}}
model: mlp
loss: [cross_entropy]
train: {batch: {global: 32}}
engine: {type: deepspeed, device: cpu, threads: 3, processes: 2}
"""  # noqa: E501
TOLD: Final = """#!/bin/sh
printf '%s\\n' "$@" > told.args
env > told.env
exit "${TOLD_CODE:-0}"
"""
SRUN: Final = """#!/bin/sh
shift
SLURM_PROCID=3 SLURM_LOCALID=1 exec "$@"
"""
SCONTROL: Final = """#!/bin/sh
if [ "$1" = requeue ]; then echo "$2" > requeued; else printf 'node-7\\nnode-8\\n'; fi
"""
HOSTS: Final = "# the cluster\nfirst slots=4\nsecond slots=2\n"


@dataclass(frozen=True)
class Folder:
    """A compiled plan in a folder, with stand-ins for the programs of a cluster."""

    path: Path

    def run(self, script: str, *options: str, **environment: str) -> int:
        """Run a script from elsewhere; the exit code."""
        path = f"{self.path / 'bin'}:{os.environ['PATH']}"
        given = {"PATH": path, "PYTHON": str(self.path / "bin/told"), **environment}
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_UNSET)}
        done = subprocess.run([self.path / script, *options], cwd="/", env={**kept, **given})
        return done.returncode

    @property
    def arguments(self) -> list[str]:
        """What the program was started with."""
        return (self.path / "told.args").read_text().splitlines()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the program saw."""
        lines = (self.path / "told.env").read_text().splitlines()
        return dict(line.partition("=")[::2] for line in lines)


_UNSET: Final = ("DS_", "OMP_", "MASTER_", "NODE_RANK", "CUDA_VISIBLE", "WORLD_SIZE", "RANK")


def _folder(tmp_path: Path, *overrides: str) -> Folder:
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "hosts").write_text(HOSTS)
    given = [override.replace("HERE", str(tmp_path)) for override in overrides]
    compiled = compile_file(tmp_path / "spec.yaml", given, Options())
    assert compiled.draft is not None
    assert compiled.draft.plan is not None, compiled.report.items
    folder = tmp_path / "plan"
    write_plan(folder, compiled.draft.plan, tmp_path, ())
    (folder / "bin").mkdir()
    stand_ins = {"told": TOLD, "sbatch": TOLD, "srun": SRUN, "scontrol": SCONTROL}
    for name, text in stand_ins.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return Folder(folder)


def _read_by_deepspeed(arguments: list[str]) -> Any:
    runner = pytest.importorskip("deepspeed.launcher.runner")
    assert arguments[:2] == ["-m", "deepspeed.launcher.runner"]
    return runner.parse_args(arguments[2:])


def _read_by_torchrun(arguments: list[str]) -> Any:
    from torch.distributed.run import get_args_parser

    assert arguments[:2] == ["-m", "torch.distributed.run"]
    return get_args_parser().parse_args(arguments[2:])


HOSTFILE: Final = ("engine.nodes=2", "engine.launcher=hostfile", "engine.hostfile=HERE/hosts")
SLURM: Final = ("engine.nodes=2", "engine.launcher=slurm")


def test_local_launch_is_read_by_deepspeed(tmp_path: Path) -> None:
    """Two processes here, whatever hostfile the machine has; further options reach the worker."""
    folder = _folder(tmp_path, "engine.master_port=29777")
    assert folder.run("launch.sh", "--only", "trainer") == 0
    read = _read_by_deepspeed(folder.arguments)
    assert (read.num_gpus, read.master_port, read.module) == (2, 29777, True)
    assert read.user_script == "neurotrain.engine.worker"
    assert read.user_args == ["plan.json", "--only", "trainer"]
    assert folder.environment["DS_ACCELERATOR"] == "cpu"
    runner = pytest.importorskip("deepspeed.launcher.runner")
    assert runner.fetch_hostfile(read.hostfile) is None


def test_chosen_gpus_are_kept(tmp_path: Path) -> None:
    """CUDA_VISIBLE_DEVICES chooses the GPUs; DeepSpeed ignores it next to --num_gpus."""
    folder = _folder(tmp_path, "engine.device=cuda")
    assert folder.run("launch.sh", CUDA_VISIBLE_DEVICES="2,5") == 0
    read = _read_by_deepspeed(folder.arguments)
    assert (read.include, read.num_gpus) == ("localhost:2,5", -1)
    assert "DS_ACCELERATOR" not in folder.environment
    assert folder.run("launch.sh") == 0
    assert _read_by_deepspeed(folder.arguments).num_gpus == 2


def test_exit_code_of_the_program_is_that_of_the_script(tmp_path: Path) -> None:
    """A failure is not hidden."""
    folder = _folder(tmp_path)
    assert folder.run("launch.sh", TOLD_CODE="75") == 75
    assert folder.run("torchrun.sh", TOLD_CODE="3") == 3


def test_hostfile_launch_is_read_by_deepspeed(tmp_path: Path) -> None:
    """The hostfile is beside the script and gives the machines that are planned."""
    folder = _folder(tmp_path, *HOSTFILE)
    assert folder.run("launch.sh") == 0
    read = _read_by_deepspeed(folder.arguments)
    runner = pytest.importorskip("deepspeed.launcher.runner")
    pool = runner.fetch_hostfile(folder.path / read.hostfile)
    active = runner.apply_num_nodes_and_gpus(
        {host: list(range(slots)) for host, slots in pool.items()}, read.num_nodes, read.num_gpus
    )
    assert active == {"first": [0, 1], "second": [0, 1]}
    assert read.master_addr == "first"
    assert read.no_ssh is False


def test_machines_can_be_started_by_hand(tmp_path: Path) -> None:
    """With NODE_RANK the launcher uses no ssh and starts its own machine's processes."""
    folder = _folder(tmp_path, *HOSTFILE, "engine.master_addr=10.0.0.7")
    assert folder.run("launch.sh", NODE_RANK="1") == 0
    read = _read_by_deepspeed(folder.arguments)
    assert (read.no_ssh, read.node_rank, read.master_addr) == (True, 1, "10.0.0.7")


def test_missing_hostfile_stops_the_launch(tmp_path: Path) -> None:
    """A plan that was copied without its hostfile starts nothing."""
    folder = _folder(tmp_path, *HOSTFILE)
    (folder.path / "hostfile").unlink()
    assert folder.run("launch.sh") != 0
    assert not (folder.path / "told.args").exists()


def test_torchrun_on_one_machine(tmp_path: Path) -> None:
    """Its own parser reads the processes, the place to meet and the worker's module."""
    folder = _folder(tmp_path)
    assert folder.run("torchrun.sh", "--allow-inexact") == 0
    read = _read_by_torchrun(folder.arguments)
    assert (read.nnodes, read.nproc_per_node, read.node_rank) == ("1", "2", 0)
    assert (read.master_addr, read.master_port, read.module) == ("127.0.0.1", 29500, True)
    assert read.training_script_args == ["plan.json", "--allow-inexact"]
    assert folder.environment["OMP_NUM_THREADS"] == "3"


def test_torchrun_on_many_machines(tmp_path: Path) -> None:
    """Each machine has to be told its number and where to meet."""
    folder = _folder(tmp_path, *SLURM)
    assert folder.run("torchrun.sh") != 0
    assert folder.run("torchrun.sh", NODE_RANK="1") != 0
    assert folder.run("torchrun.sh", NODE_RANK="1", MASTER_ADDR="node-7") == 0
    read = _read_by_torchrun(folder.arguments)
    assert (read.nnodes, read.node_rank, read.master_addr) == ("2", 1, "node-7")


def test_slurm_gives_every_process_its_rank(tmp_path: Path) -> None:
    """Rank, local rank and world size come from Slurm, the place to meet is the first node."""
    folder = _folder(tmp_path, *SLURM, "engine.device=cuda")
    submitted = {"SLURM_SUBMIT_DIR": str(folder.path), "SLURM_JOB_NODELIST": "node-[7-8]"}
    assert folder.run("slurm.sbatch", "--only", "trainer", **submitted) == 0
    assert folder.arguments == ["-m", "neurotrain.engine.worker", "plan.json", "--only", "trainer"]
    seen = folder.environment
    wanted = {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "MASTER_ADDR": "node-7"}
    assert {key: seen[key] for key in wanted} == wanted
    assert seen["MASTER_PORT"] == "29500"
    text = (folder.path / "slurm.sbatch").read_text()
    for line in ("--nodes=2", "--ntasks-per-node=2", "--gpus-per-node=2", "--cpus-per-task=3"):
        assert f"#SBATCH {line}\n" in text


def test_interrupted_slurm_job_is_queued_again(tmp_path: Path) -> None:
    """Exit code 75 asks for it, any other does not."""
    folder = _folder(tmp_path, *SLURM)
    submitted = {"SLURM_SUBMIT_DIR": str(folder.path), "SLURM_JOB_NODELIST": "x"}
    job = {**submitted, "SLURM_JOB_ID": "1234"}
    assert folder.run("slurm.sbatch", TOLD_CODE="1", **job) == 1
    assert not (folder.path / "requeued").exists()
    assert folder.run("slurm.sbatch", TOLD_CODE="75", **job) == 75
    assert (folder.path / "requeued").read_text() == "1234\n"


def test_slurm_launch_submits_in_its_folder(tmp_path: Path) -> None:
    """`launch.sh` hands the script over; submitted elsewhere it says where it belongs."""
    folder = _folder(tmp_path, *SLURM)
    assert folder.run("launch.sh") == 0
    assert folder.arguments == ["slurm.sbatch"]
    assert folder.run("slurm.sbatch", SLURM_SUBMIT_DIR=str(tmp_path)) == 2


def test_scripts_follow_the_plan(tmp_path: Path) -> None:
    """A plan for one process in the same folder leaves no script for many."""
    folder = _folder(tmp_path).path
    assert {"launch.sh", "torchrun.sh", "slurm.sbatch"} <= {file.name for file in folder.iterdir()}
    one = compile_file(tmp_path / "spec.yaml", ["engine={type: torch, device: cpu}"], Options())
    assert one.draft is not None
    assert one.draft.plan is not None
    write_plan(folder, one.draft.plan, tmp_path, ())
    assert not (folder / "slurm.sbatch").exists()
    assert "deepspeed.launcher" not in (folder / "launch.sh").read_text()
