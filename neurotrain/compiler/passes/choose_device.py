"""Decide the device and the threads that the plan binds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from neurotrain.compiler.draft import Draft
from neurotrain.compiler.topology import engine_type
from neurotrain.language.diagnostics import Report

_NVIDIA = Path("/dev/nvidiactl")


def choose_device(draft: Draft, report: Report) -> Draft:
    """Make `device: auto` a GPU where this machine has NVIDIA's driver, else the CPU.

    torch is not asked, because asking takes seconds; the run checks that the device is there.
    """
    if draft.options.decided is not None:
        return replace(draft, device=draft.options.decided.device)
    engine_type(draft)
    device = draft.read("engine", "device")
    if device == "auto":
        device = "cuda" if _NVIDIA.exists() else "cpu"
    return replace(draft, device=device)
