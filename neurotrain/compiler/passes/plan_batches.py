"""Solve the batch sizes and count the steps."""

from __future__ import annotations

from dataclasses import replace

from neurotrain.compiler.codes import training as codes
from neurotrain.compiler.draft import Batches, Draft, fault, need
from neurotrain.language.diagnostics import Report
from neurotrain.spec.train import Batch

_PATH = ("train", "batch")
_WORLD_SIZE = 1
_DROPPED_SHARE = 0.2


def plan_batches(draft: Draft, report: Report) -> Draft:
    """Find global, micro and accumulation from any two, and the steps of an epoch.

    `{global: 16, micro: 6}` is answered by `batch-arithmetic` with the nearest legal values.
    """
    solved = _solve(draft.read(*_PATH), report)
    if solved is None:
        return draft
    transforms = draft.read("data", "transforms", "train")
    crops = 1
    for transform in transforms:
        crops *= transform.per_image
    images = need(draft.parts).samples.get("train")
    micro, accumulation = solved
    batches = Batches(
        micro=micro, accumulation=accumulation, world_size=_WORLD_SIZE,
        num_samples=None if images is None else len(images) * crops,
    )  # fmt: skip
    if batches.num_samples is None:
        return replace(draft, batches=batches)
    if batches.steps_per_epoch == 0:
        message = (
            f"an epoch has {batches.samples_per_epoch} samples, one update takes {batches.global_}"
        )
        hint = f"write a batch of at most {batches.samples_per_epoch}"
        report.add(fault(codes.BATCH_TOO_LARGE, _PATH, message, hint))
        return draft
    _tell_dropped(batches, report)
    return replace(draft, batches=batches)


def _solve(batch: Batch, report: Report) -> tuple[int, int] | None:
    """Micro-batch and accumulation, or None where they contradict the rest."""
    given, micro, accumulation = batch.global_, batch.micro, batch.accumulation
    if given is None and micro is None:
        message, hint = "batch states no number of samples", "write {global: 16}"
        report.add(fault(codes.BATCH_ARITHMETIC, _PATH, message, hint))
        return None
    if given is None:
        assert micro is not None
        return micro, accumulation or 1
    if micro is None and accumulation is None:
        return given, 1
    part = micro if micro is not None else accumulation
    assert part is not None
    wanted = given // (part * _WORLD_SIZE)
    exact = given == part * wanted * _WORLD_SIZE
    if exact and (micro is None or accumulation in (None, wanted)):
        return (micro, wanted) if micro is not None else (wanted, part)
    report.add(fault(codes.BATCH_ARITHMETIC, _PATH, _equation(batch), _remedy(batch, part)))
    return None


def _equation(batch: Batch) -> str:
    micro = "micro" if batch.micro is None else f"{batch.micro} (micro)"
    accumulation = (
        "accumulation" if batch.accumulation is None else f"{batch.accumulation} (accumulation)"
    )
    product = f"{micro} x {accumulation} x {_WORLD_SIZE} (processes)"
    return f"{batch.global_} (global) = {product} does not hold in whole numbers"


def _remedy(batch: Batch, part: int) -> str:
    assert batch.global_ is not None
    if batch.micro is not None and batch.accumulation is not None:
        return f"write global: {batch.micro * batch.accumulation * _WORLD_SIZE}"
    below = max(1, batch.global_ // (part * _WORLD_SIZE)) * part * _WORLD_SIZE
    return f"the nearest legal values are global: {below} and global: {below + part * _WORLD_SIZE}"


def _tell_dropped(batches: Batches, report: Report) -> None:
    used = batches.steps_per_epoch * batches.global_
    dropped = batches.samples_per_epoch - used
    if dropped / batches.samples_per_epoch > _DROPPED_SHARE:
        message = (
            f"{dropped} of {batches.samples_per_epoch} samples are left over in each epoch, "
            f"which has {batches.steps_per_epoch} updates of {batches.global_}"
        )
        hint = "take a batch size that divides the number of samples"
        report.add(fault(codes.DROPPED_SAMPLES, _PATH, message, hint))
