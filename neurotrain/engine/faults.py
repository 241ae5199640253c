"""What ends a run, as an exit code, one line and a remedy."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Final

import torch

from neurotrain.component.plugins import PluginAbsent
from neurotrain.dataset.base import CorruptSample
from neurotrain.dataset.files import InputsNotFound, UnreadableImage
from neurotrain.dataset.workers import WorkerCrashed, WorkerHung, WorkerKilled
from neurotrain.engine.activations import NoSuchLayer
from neurotrain.engine.build import DataChanged, EnvironmentLacks, StageNotReady
from neurotrain.engine.checkpoint import CorruptCheckpoint, ForeignCheckpoint
from neurotrain.engine.exactness import NotExact
from neurotrain.engine.memory import OutOfMemory, remedy
from neurotrain.engine.placement import BadLaunch
from neurotrain.engine.stepping import Diverged
from neurotrain.models.loading import WeightsDoNotFit
from neurotrain.models.pretrained import UnusableWeights
from neurotrain.optim.parameters import NoSuchParameter
from neurotrain.plan.plan import Plan
from neurotrain.plan.reading import BadPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How a run ended that did not finish."""

    exit_code: int
    message: str
    hint: str = ""
    state: str = "failed"


_MEMORY: Final = "take a smaller batch, or a machine with more memory"
_KNOWN: Final[tuple[tuple[tuple[type[Exception], ...], int, str, str], ...]] = (
    (
        (Diverged,), 3, "training diverged: ",
        "lower the learning rate, clip the gradient, or look at the data",
    ),
    ((OutOfMemory, torch.OutOfMemoryError, MemoryError), 4, "out of memory: ", _MEMORY),
    (
        (WorkerKilled,), 4, "",
        "look for the out-of-memory killer in the system's log; lower data.loader.num_workers",
    ),
    ((WorkerCrashed,), 65, "", "look at the file; data.loader.num_workers: 0 shows the traceback"),
    ((WorkerHung,), 74, "", "look at the disk or the network; raise data.loader.timeout"),
    ((NoSuchParameter, NoSuchLayer), 2, "", ""),
    ((EnvironmentLacks, PluginAbsent, ImportError), 5, "", ""),
    ((StageNotReady, WeightsDoNotFit, BadLaunch), 2, "", ""),
    ((NotExact,), 2, "", "resume with --allow-inexact, or there"),
    ((CorruptCheckpoint,), 65, "", "restore the file, or start over with --fresh"),
    ((CorruptSample, DataChanged, InputsNotFound, UnreadableImage, UnusableWeights), 65, "", ""),
    ((BadPlan, ForeignCheckpoint), 65, "", ""),
)  # fmt: skip
"""Exceptions with their exit code, what the line begins with, and the remedy."""


def fault_of(error: Exception, plan: Plan | None = None) -> Fault:
    """The fault that an exception is; one that is none of the world's is ours, with code 1.

    With the plan, the remedy for too little memory has its numbers.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    for kinds, exit_code, start, hint in _KNOWN:
        if isinstance(error, kinds):
            if isinstance(error, OutOfMemory) and plan is not None:
                hint = remedy(error.phase, plan)
            return Fault(exit_code=exit_code, message=start + text, hint=hint)
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "free space and give the same command again" if full else ""
        return Fault(exit_code=74, message=text, hint=hint)
    message = f"internal error: {type(error).__name__}: {text}"
    return Fault(exit_code=1, message=message, hint="the traceback is in logs/rank-0.log")
