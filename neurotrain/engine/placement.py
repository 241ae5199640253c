"""Which of how many processes this one is, from the environment that its launcher made.

Needs no torch, so that a wrong number of processes is told before anything is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

_BY_RANKS: Final = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
"""What DeepSpeed's launcher and torchrun set."""
_BY_SLURM: Final = ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")
_MASTER: Final = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


class BadLaunch(Exception):
    """The launcher started other processes than planned, or they cannot meet (exit code 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """This process among those that train together."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    source: str = "no launcher's variables are set"
    """Where the numbers come from."""

    @property
    def leads(self) -> bool:
        """Whether it is the one that decides, tells and writes results."""
        return self.rank == 0


def placed(environment: Mapping[str, str]) -> Placement:
    """The placement that the environment states; alone where it states none.

    Raises:
        BadLaunch: what it states is no placement.
    """
    names = _BY_RANKS if "RANK" in environment or "WORLD_SIZE" in environment else _BY_SLURM
    if names is _BY_SLURM and not ("SLURM_PROCID" in environment and "MASTER_ADDR" in environment):
        return Placement()
    rank_name, size_name, local_name = names
    try:
        rank, size = int(environment[rank_name]), int(environment[size_name])
        local = int(environment.get(local_name, "0"))
    except (KeyError, ValueError) as error:
        raise BadLaunch(f"{rank_name} and {size_name} must be whole numbers: {error}") from error
    if not 0 <= rank < size:
        raise BadLaunch(f"{rank_name}={rank} is none of {size} processes ({size_name})")
    return Placement(rank=rank, world_size=size, local_rank=local, source=f"{size_name}={size}")


def require_size(placement: Placement, planned: int, where: str) -> None:
    """Compare the number of processes with the planned one.

    Raises:
        BadLaunch: they differ; the text has both, and where each comes from.
    """
    if placement.world_size != planned:
        raise BadLaunch(
            f"{where} plans {planned} processes (engine: processes x nodes), the launcher started "
            f"{placement.world_size} ({placement.source}): start it with neurotrain run or the "
            "launch.sh beside the plan, or compile with another engine.processes"
        )


def settle(placement: Placement) -> None:
    """Complete the variables by which processes meet, in the words of torch."""
    os.environ.update(
        RANK=str(placement.rank), WORLD_SIZE=str(placement.world_size),
        LOCAL_RANK=str(placement.local_rank),
    )  # fmt: skip
    for name, value in _MASTER.items():
        os.environ.setdefault(name, value)


def planned_size(file: Path) -> int | None:
    """How many processes a plan's DeepSpeed starts; None where it has no DeepSpeed.

    A file that cannot be read is told where it is loaded.
    """
    try:
        plan = msgspec.json.decode(file.read_bytes(), type=_Plan)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    return plan.facts.world_size if plan.experiment.engine.type == "deepspeed" else None


class _Engine(msgspec.Struct, frozen=True):
    type: str


class _Experiment(msgspec.Struct, frozen=True):
    engine: _Engine


class _Facts(msgspec.Struct, frozen=True):
    world_size: int


class _Plan(msgspec.Struct, frozen=True):
    experiment: _Experiment
    facts: _Facts
