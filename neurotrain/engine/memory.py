"""Memory that did not suffice: where, and what to change by how much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import torch

from neurotrain.plan.plan import Plan

Phase = Literal["training", "evaluation"]
_ON_CPU: Final = "can't allocate memory"
"""How torch's allocator for the CPU says it, in a plain RuntimeError."""


class OutOfMemory(Exception):
    """The device has too little memory for a phase (exit code 4)."""

    def __init__(self, phase: Phase, cause: str) -> None:
        super().__init__(f"{phase}: {cause}")
        self.phase = phase


@contextmanager
def memory_for(phase: Phase) -> Iterator[None]:
    """Say which phase took too much.

    Raises:
        OutOfMemory: in place of torch's own words for it.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(phase, _brief(error)) from error
    except RuntimeError as error:
        if _ON_CPU not in str(error):
            raise
        raise OutOfMemory(phase, _brief(error)) from error


def remedy(phase: Phase, plan: Plan) -> str:
    """What to write instead, from the numbers of the plan."""
    return _for_training(plan) if phase == "training" else _for_evaluation(plan)


def _for_training(plan: Plan) -> str:
    micro, accumulation = plan.facts.micro_batch, plan.facts.accumulation
    if micro > 1:
        total = micro * accumulation
        smaller = max(size for size in range(1, micro // 2 + 1) if total % size == 0)
        told = f"--set 'train.batch={{micro: {smaller}, accumulation: {total // smaller}}}'"
        return f"{told} makes the same updates with less memory (now {micro} and {accumulation})"
    if plan.experiment.train.precision == "fp32":
        return "the micro-batch is 1 already: --set train.precision=bf16, smaller crops or model"
    return "the micro-batch is 1 already: take smaller crops, or a smaller model"


def _for_evaluation(plan: Plan) -> str:
    test, size = plan.experiment.test, plan.facts.image_size
    if test.batch > 1:
        return f"--set test.batch={test.batch // 2} takes half of it (now {test.batch})"
    if test.sliding_window is None and plan.facts.task == "segmentation" and size is not None:
        window = f"[{max(32, size[0] // 2)}, {max(32, size[1] // 2)}]"
        return f"--set 'test.sliding_window={window}' cuts images in windows"
    return "images go one by one already: take a smaller sliding window, or a smaller model"


def _brief(error: BaseException) -> str:
    """The first sentence of what torch says."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.partition(". GPU ")[0][:300]
