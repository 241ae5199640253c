"""Solve the batch sizes and count the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from neurotrain.compiler.codes import training as codes
from neurotrain.compiler.draft import Batches, Draft, Tainted, fault, need
from neurotrain.compiler.topology import world_size
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.plan.plan import Phase
from neurotrain.spec.train import Batch

_PATH = ("train", "batch")
_LEVELS = ("data", "curriculum", "levels")
_DROPPED_SHARE = 0.2


def plan_batches(draft: Draft, report: Report) -> Draft:
    """Find global, micro and accumulation from any two, and the steps of an epoch.

    `{global: 16, micro: 6}` is answered by `batch-arithmetic` with the nearest legal values.
    """
    processes = world_size(draft)
    batch = draft.read(*_PATH)
    if batch.global_ is None and batch.micro is None:
        draft.read(*_PATH, "global")
    solved = _solve(batch, processes, report)
    if solved is None:
        return draft
    transforms = draft.read("data", "transforms", "train")
    crops = 1
    for transform in transforms:
        crops *= transform.per_image
    images = need(draft.parts).samples.get("train")
    shares = [
        ("data", key) for key in ("valid", "test")
        if draft.has("data", key, "fraction") or draft.has("data", key, "folds")
    ]  # fmt: skip
    if any(report.taints(path) for path in (("data", "train"), *shares)):
        raise Tainted("how many samples there are is not known")
    micro, accumulation = solved
    batches = Batches(
        micro=micro, accumulation=accumulation, world_size=processes,
        num_samples=None if images is None else need(draft.parts).num_samples("train")[0] * crops,
    )  # fmt: skip
    curriculum = draft.read("data", "curriculum")
    if batches.num_samples is None:
        return replace(draft, batches=batches)
    if batches.num_samples == 0:
        raise Tainted("an empty part is told already")
    if curriculum is not None:
        sizes = {level: num * crops for level, num in need(draft.level_sizes).items()}
        starts = curriculum.starts
        used = set(starts.values())
        named = [level for level in sizes if level in used]
        if not all([_fits((*_LEVELS, level), sizes[level], batches, report) for level in named]):
            return draft
        return replace(draft, batches=_by_level(batches, starts, crops, draft))
    lengths = tuple(num * crops for num in need(draft.parts).num_samples("train"))
    if need(draft.parts).folds:
        batches = replace(batches, fold_samples=lengths)
    fits = _fits(_place(batch), min(lengths), batches, report)
    return replace(draft, batches=batches) if fits else draft


def _by_level(batches: Batches, starts: Mapping[int, str], crops: int, draft: Draft) -> Batches:
    """The batches with the epochs of each level that the training comes to."""
    sizes, epochs = need(draft.level_sizes), draft.read("train", "epochs")
    phases = tuple(
        Phase(
            epoch=epoch,
            level=level,
            num_samples=sizes[level],
            samples_per_epoch=sizes[level] * crops,
            steps_per_epoch=batches.steps_of(sizes[level] * crops),
        )
        for epoch, level in starts.items()
        if epoch < epochs
    )
    return replace(batches, num_samples=phases[0].samples_per_epoch, phases=phases)


def _solve(batch: Batch, processes: int, report: Report) -> tuple[int, int] | None:
    """Micro-batch and accumulation, or None where they contradict the rest."""
    given, micro, accumulation = batch.global_, batch.micro, batch.accumulation
    if given is None and micro is None:
        message, hint = "batch states no number of samples", "write {global: 16}"
        report.add(fault(codes.BATCH_ARITHMETIC, _PATH, message, hint))
        return None
    if given is None:
        assert micro is not None
        return micro, accumulation or 1
    part = micro or accumulation or 1
    wanted = given // (part * processes)
    exact = given == part * wanted * processes
    if exact and (micro is None or accumulation in (None, wanted)):
        return (micro, wanted) if micro is not None else (wanted, part)
    message, hint = _equation(batch, processes), _remedy(batch, part * processes, processes)
    where = ((("engine",), f"the {processes} processes come from here"),)
    related = where if processes > 1 else ()
    place = _place(batch) if micro is None and accumulation is None else _PATH
    report.add(fault(codes.BATCH_ARITHMETIC, place, message, hint, related=related))
    return None


def _place(batch: Batch) -> SpecPath:
    """The size that decides how many samples an update takes, else all of them."""
    if batch.global_ is not None:
        return (*_PATH, "global")
    return (*_PATH, "micro") if batch.accumulation is None else _PATH


def _equation(batch: Batch, processes: int) -> str:
    micro = "micro" if batch.micro is None else f"{batch.micro} (micro)"
    accumulation = (
        "accumulation" if batch.accumulation is None else f"{batch.accumulation} (accumulation)"
    )
    product = f"{micro} x {accumulation} x {processes} (processes)"
    return f"{batch.global_} (global) = {product} does not hold in whole numbers"


def _remedy(batch: Batch, unit: int, processes: int) -> str:
    """The nearest legal sizes; `unit` is what a global batch is a multiple of."""
    assert batch.global_ is not None
    if batch.micro is not None and batch.accumulation is not None:
        whole = batch.global_ // unit
        other = f", or accumulation: {whole}" if whole * unit == batch.global_ else ""
        return f"write global: {unit * batch.accumulation}{other}"
    below = max(1, batch.global_ // unit) * unit
    hint = f"the nearest legal values are global: {below} and global: {below + unit}"
    wanted = batch.micro
    if wanted is None or batch.global_ % processes:
        return hint
    share = batch.global_ // processes
    near = min(
        (size for size in range(1, min(share, 2 * wanted) + 1) if share % size == 0),
        key=lambda size: (abs(size - wanted), -size),
    )
    return f"{hint}, or micro: {near}"


def _fits(path: SpecPath, num_samples: int, batches: Batches, report: Report) -> bool:
    """Whether an epoch of so many samples has an update; what it leaves over is told."""
    steps, noun = batches.steps_of(num_samples), "an epoch"
    if path[: len(_LEVELS)] == _LEVELS:
        noun = f"an epoch of '{path[-1]}'"
    if steps == 0:
        message = f"{noun} has {num_samples} samples, one update takes {batches.global_}"
        hint = f"write a batch of at most {num_samples}"
        related = () if path[: len(_PATH)] == _PATH else ((_PATH, "the batch is written here"),)
        report.add(fault(codes.BATCH_TOO_LARGE, path, message, hint, related=related))
        return False
    dropped = num_samples - steps * batches.global_
    if dropped / num_samples > _DROPPED_SHARE:
        message = f"{dropped} of {num_samples} samples are left over in each epoch, which has "
        message += f"{steps} updates of {batches.global_}"
        hint = "take a batch size that divides the number of samples"
        report.add(fault(codes.DROPPED_SAMPLES, path, message, hint))
    return True
