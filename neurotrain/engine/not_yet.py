"""What this version plans and cannot run: training with DeepSpeed.

The only place that knows it; the runtime of DeepSpeed takes its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

EXIT_CODE: Final = 5
_MESSAGE: Final = (
    "this version plans a training with DeepSpeed and does not run it yet; "
    "engine: {type: torch} runs on one device"
)


def lacking(engine: str) -> str:
    """Why a plan with an engine of this type cannot be run here; empty where it can."""
    return _MESSAGE if engine == "deepspeed" else ""


def lacking_in(file: Path) -> str:
    """The same of the plan in a file; one that cannot be read is told where it is loaded."""
    try:
        plan = msgspec.json.decode(file.read_bytes(), type=_Plan)
    except (OSError, msgspec.MsgspecError, ValueError):
        return ""
    return lacking(plan.experiment.engine.type)


class _Engine(msgspec.Struct, frozen=True):
    type: str


class _Experiment(msgspec.Struct, frozen=True):
    engine: _Engine


class _Plan(msgspec.Struct, frozen=True):
    experiment: _Experiment
