"""Compare what the run keeps with the free space of the disk it will write to."""

from __future__ import annotations

from typing import Final

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.plan.quantities import quantity

_PATH: Final[SpecPath] = ("train", "checkpoints")


def check_room(draft: Draft, report: Report) -> Draft:
    """Report checkpoints that the disk has no room for.

    The free space is the machine's and stays out of the plan. A checkpoint of 20 GB on a disk with
    5 GB free is answered by `no-room-for-checkpoint`.
    """
    free = need(draft.options.free_bytes)
    found = {prediction.name: prediction.value for prediction in draft.predictions}
    checkpoint, peak = need(found.get("checkpoint")), need(found.get("disk at its peak"))
    left = f"the output folder has {quantity(free, 'B')} free"
    if checkpoint > free:
        message = f"a checkpoint takes {quantity(checkpoint, 'B')}, {left}"
        hint = "make room, write elsewhere, or take a smaller model"
        report.add(fault(codes.NO_ROOM, _PATH, message, hint))
    elif peak > free:
        message = f"the run keeps up to {quantity(peak, 'B')}, {left}"
        hint = "make room, write elsewhere, or keep fewer: every, keep_last"
        report.add(fault(codes.DISK_FILLS, _PATH, message, hint))
    return draft
