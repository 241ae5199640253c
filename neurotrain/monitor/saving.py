"""What follows from the checkpoints of a run: the next save, what it deletes, how to resume. Pure.

It knows the settings by their paths in the plan, as `run.started` tells them.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurotrain.monitor.view import Checkpoint, View

_EPOCHS: Final = re.compile(r"(\d{1,9}) epochs?")
_MAX_SHARE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSave:
    """The next checkpoint that is kept by number."""

    epoch: int
    deletes: tuple[str, ...]
    """The files that it makes superfluous."""


def next_save(view: View) -> NextSave | None:
    """The next save by number; None where there is none, or the run has not told its rule."""
    every, keep = save_every(view), view.facts.setting("train.checkpoints.keep_last")
    done = view.position.num_finished
    if every is None or not keep.isdecimal():
        return None
    epoch = (done // every + 1) * every
    if view.facts.epochs is not None and epoch > view.facts.epochs:
        return None
    kept = sorted(numbered(view), key=lambda saved: saved.epoch)
    gone = kept[: max(0, len(kept) + 1 - max(1, int(keep[:9])))]
    return NextSave(epoch=epoch, deletes=tuple(saved.path for saved in gone))


def save_every(view: View) -> int | None:
    """The epochs between two saves by number."""
    told = _EPOCHS.fullmatch(view.facts.setting("train.checkpoints.every"))
    return int(told[1]) or None if told is not None else None


def numbered(view: View) -> list[Checkpoint]:
    """The checkpoints that are kept by number."""
    return [saved for saved in view.checkpoints if "epoch" in saved.roles]


def best_saved(view: View) -> Checkpoint | None:
    """The checkpoint with the best weights."""
    return next((saved for saved in view.checkpoints if "best" in saved.roles), None)


def last_saved(view: View) -> Checkpoint | None:
    """The checkpoint from which a resume goes on."""
    return next((saved for saved in view.checkpoints if "last" in saved.roles), None)


def num_fitting(view: View) -> int | None:
    """How many checkpoints more fit onto the disk."""
    last, machine = last_saved(view), view.machine
    if last is None or not last.all_bytes or machine is None or machine.disk_free_bytes is None:
        return None
    return machine.disk_free_bytes // last.all_bytes


def is_disk_short(view: View) -> bool:
    """Whether hardly a few checkpoints more fit."""
    fitting = num_fitting(view)
    return fitting is not None and fitting < _MAX_SHARE


def resume_command(run_dir: Path) -> str:
    """What to type to go on with a run, from the current folder."""
    words = ["neurotrain", "run", str(run_dir / "plan.json")]
    if run_dir.parent != Path("runs"):
        words += ["--runs-dir", str(run_dir.parent)]
    return shlex.join(words)
