"""What a training goes on from: its own checkpoint, or the state of another spread over processes.

Another number of processes, ZeRO stage or engine takes over the consolidated state. Weights, the
optimizer's state, history, counters and early stopping are what they were; running statistics are
those of process 0. From there on sums are taken in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch

from neurotrain.engine.checkpoint import (
    CheckpointFolder,
    ForeignCheckpoint,
    Found,
    require_epochs,
    require_plan,
)
from neurotrain.engine.exactness import check
from neurotrain.engine.ranks import Ranks
from neurotrain.engine.setup import Setup
from neurotrain.engine.shards import ShardFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a training is spread over processes."""

    world_size: int = 1
    accumulation: int = 1
    stage: int | None = None
    """The ZeRO stage; None with the torch engine."""

    @property
    def told(self) -> str:
        """It in words."""
        count = f"{self.world_size} process{'es' * (self.world_size > 1)}"
        engine = "the torch engine" if self.stage is None else f"ZeRO stage {self.stage}"
        return f"{count} ({engine})"


class Opened(NamedTuple):
    """What a training goes on from."""

    state: dict[str, Any]
    is_taken_over: bool
    """Whether another spread over processes left it."""
    warnings: list[str]


def shards_of(checkpoints: CheckpointFolder, ranks: Ranks | None = None) -> ShardFolder:
    """The sharded checkpoints beside the whole ones."""
    return ShardFolder(checkpoints.folder / "shards", ranks or Ranks())


def newest(checkpoints: CheckpointFolder, shards: ShardFolder) -> Found | None:
    """The newest valid checkpoint of either engine; None where there is none.

    Where there are parts, the whole files beside them come from these, and later than they.

    Raises:
        CorruptCheckpoint: there are some, but all are damaged.
    """
    found = shards.newest()
    return found if found is not None else checkpoints.newest()


def is_complete(found: Found) -> bool:
    """Whether a checkpoint has all that a resume needs: whole weights of DeepSpeed's have not."""
    return found.path.is_dir() or bool(found.state["optimizer_state_dict"])


def opened(
    found: Found, spread: Spread, setup: Setup, num_epochs: int, device: torch.device,
    *, allow_inexact: bool,
) -> Opened:  # fmt: skip
    """What a checkpoint gives to a training, and what is to be told of that.

    Raises:
        ForeignCheckpoint: it belongs to another training, or its state cannot be taken over.
        NotExact: this machine computes other bits, and that is not allowed.
    """
    state = _fitting(found, spread, setup, num_epochs)
    is_taken_over = "taken_over" in state
    told = check(state["environment"], device, allowed=allow_inexact or is_taken_over)
    told = _told_of(state, spread) if is_taken_over else told
    warnings = [f"passed over: {problem}" for problem in found.passed_over]
    return Opened(state, is_taken_over, [told, *warnings] if told else warnings)


def _fitting(found: Found, spread: Spread, setup: Setup, num_epochs: int) -> dict[str, Any]:
    """The state of a checkpoint, its counts those of this spread over processes.

    Raises:
        ForeignCheckpoint: it belongs to another training, or its state cannot be taken over.
    """
    state = found.state
    before = Spread(**state["spread"]) if "spread" in state else spread
    if _is_same(state, before, spread, setup):
        require_plan(state, setup.plan_digest, found.path, num_epochs)
        return state
    if not setup.portable_digest or state.get("portable_digest") != setup.portable_digest:
        if not setup.plan_digest:
            raise ForeignCheckpoint(
                f"{found.path} was written by {before.told}, these are {spread.told}"
            )
        require_plan(state, setup.plan_digest, found.path)
    require_epochs(state, found.path, num_epochs)
    return {**_in_micro_steps(state, before.accumulation, spread.accumulation), "taken_over": True}


def _told_of(state: Mapping[str, Any], spread: Spread) -> str:
    """What is kept of a state that is taken over, and what not."""
    before = Spread(**state["spread"])
    return (
        f"the state of {before.told} is taken over by {spread.told}: weights, optimizer state, "
        "schedule, history and counters are exactly those; running statistics, if there are any, "
        "those of process 0. The result is not to the last bit that of one undisturbed run"
    )


def recorded(spread: Spread, setup: Setup) -> dict[str, Any]:
    """What a checkpoint says about who wrote it."""
    return {
        "plan_digest": setup.plan_digest,
        "portable_digest": setup.portable_digest,
        "spread": asdict(spread),
    }


def _is_same(state: Mapping[str, Any], before: Spread, spread: Spread, setup: Setup) -> bool:
    """Whether a state is this training's own; without a plan whether the processes are alike."""
    if not setup.plan_digest:
        return (before.world_size, before.stage) == (spread.world_size, spread.stage)
    return before == spread and state["plan_digest"] == setup.plan_digest


def _in_micro_steps(state: dict[str, Any], before: int, after: int) -> dict[str, Any]:
    """The counts of micro-steps where an update has another number of them; saves are between
    updates, so that they divide."""
    if before == after:
        return state
    meters, start = state["meters"], state.get("epoch_start")
    return {
        **state,
        "epoch_start": _in_micro_steps(start, before, after) if start else start,
        "batch": state["batch"] // before * after,
        "micro_step": state["micro_step"] // before * after,
        "meters": {
            **meters,
            "loss": meters["loss"] / before * after,
            "task_losses": {
                k: v / before * after for k, v in meters.get("task_losses", {}).items()
            },
            "num_losses": meters["num_losses"] // before * after,
        },
    }
