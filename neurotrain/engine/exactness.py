"""Whether a resume here gives the same bits as where the checkpoint was written."""

from __future__ import annotations

import platform

import numpy as np
import torch


class NotExact(Exception):
    """This machine computes other bits than the one that wrote the checkpoint."""


def here(device: torch.device) -> dict[str, str]:
    """What the bits of a computation depend on besides the plan."""
    if device.type == "cuda":
        kind = torch.cuda.get_device_name(device)
    else:
        kind = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    return {"torch": str(torch.__version__), "numpy": np.__version__, "device": kind}


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What differs, as `name: before, now`."""
    names = sorted(before.keys() | now.keys())
    return [
        f"{name}: {before.get(name, 'unknown')}, here {now.get(name, 'unknown')}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def check(before: dict[str, str], device: torch.device, *, allowed: bool) -> str:
    """Say what makes a resume inexact, or nothing where it is exact.

    Raises:
        NotExact: it is inexact and that is not allowed.
    """
    differing = differences(before, here(device))
    if not differing:
        return ""
    text = f"the checkpoint was written elsewhere ({'; '.join(differing)})"
    if not allowed:
        raise NotExact(f"{text}: the result would not be the same to the last bit")
    return f"{text}; resumed as allowed"
