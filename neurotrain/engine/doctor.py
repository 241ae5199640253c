"""What this machine and its software can do, found without building or training anything."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from neurotrain.component.base import Options
from neurotrain.engine.probe import ANSWER

_TIMEOUT_S: Final = 300
_TOOLS: Final[Mapping[str, str]] = {
    "c++": "DeepSpeed cannot build its CPU Adam, so nothing can be offloaded",
    "ninja": "DeepSpeed cannot build any of its ops",
    "nvcc": "DeepSpeed cannot build its ops for GPUs",
    "numactl": "processes cannot be bound to cores",
    "ssh": "launcher: hostfile does not work from here",
    "pdsh": "launcher: hostfile needs it, or NODE_RANK on each machine",
    "srun": "launcher: slurm does not work from here",
}
"""Programs that are looked for, and what is not possible without them."""


class Gpu(Options, frozen=True, kw_only=True):
    """One GPU that torch sees."""

    name: str
    memory_bytes: int


class Torch(Options, frozen=True, kw_only=True):
    """What torch says, or why it cannot."""

    version: str | None = None
    cuda: str | None = None
    """The version of CUDA that it is built for."""
    gpus: tuple[Gpu, ...] = ()
    error: str | None = None


class DeepSpeed(Options, frozen=True, kw_only=True):
    """What DeepSpeed says, or why it cannot."""

    version: str | None = None
    accelerator: str | None = None
    backend: str | None = None
    """What its processes talk through: gloo, nccl."""
    formats: tuple[str, ...] = ()
    ops: dict[str, str] = msgspec.field(default_factory=dict)
    """By name: built, buildable or no."""
    error: str | None = None


class Machine(Options, frozen=True, kw_only=True):
    """This machine."""

    python: str
    cores: int
    torch: Torch
    deepspeed: DeepSpeed
    tools: dict[str, str | None]
    """Programs by name, with their path."""


def examine() -> Machine:
    """Look at this machine; what is absent or broken is part of the answer."""
    compiler = os.environ.get("CXX", "c++")
    return Machine(
        python=platform.python_version(),
        cores=os.cpu_count() or 1,
        torch=msgspec.convert(_asked("torch"), Torch),
        deepspeed=msgspec.convert(_asked("deepspeed"), DeepSpeed),
        tools={name: shutil.which(compiler if name == "c++" else name) for name in _TOOLS},
    )


def lines(machine: Machine) -> Iterator[str]:
    """The same for a person, a line each."""
    yield _line("python", f"{machine.python}, {machine.cores} cores")
    torch, deepspeed = machine.torch, machine.deepspeed
    yield _line("torch", torch.version or f"absent: {torch.error}")
    if torch.version:
        yield from (
            _line("gpu", f"{gpu.name}, {gpu.memory_bytes / 2**30:.0f} GiB") for gpu in torch.gpus
        )
        if not torch.gpus:
            built = f"built for CUDA {torch.cuda}" if torch.cuda else "built without CUDA"
            yield _line("gpu", f"none: torch, {built}, sees no GPU")
    if deepspeed.version is None:
        yield _line("deepspeed", f"absent: {deepspeed.error}")
    else:
        told = f"{deepspeed.version}, on {deepspeed.accelerator}, through {deepspeed.backend}"
        yield _line("deepspeed", told)
        yield _line("formats", ", ".join(deepspeed.formats))
        for state in ("built", "buildable", "no"):
            names = [name for name, each in deepspeed.ops.items() if each == state]
            yield _line(f"ops: {state}", ", ".join(names) or "none")
    for name, without in _TOOLS.items():
        yield _line(name, machine.tools[name] or f"absent: {without}")


def _line(name: str, text: str) -> str:
    return f"{name:<16} {text}"


def _asked(about: str) -> dict[str, Any]:
    """The answer of a probe, or `{"error": …}` with the last thing that it said."""
    command = [sys.executable, "-m", "neurotrain.engine.probe", about]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"gave no answer in {_TIMEOUT_S} s"}
    answers = [line for line in done.stdout.splitlines() if line.startswith(ANSWER)]
    if done.returncode == 0 and answers:
        answer: dict[str, Any] = json.loads(answers[-1].removeprefix(ANSWER))
        return answer
    said = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
    return {"error": said[-1].strip()}
