"""What is wrong, or soon will be, with a run: pure judgements with the values they rest on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.forecast import step_pace
from neurotrain.monitor.machines import percent_of
from neurotrain.monitor.saving import is_disk_short, num_fitting
from neurotrain.monitor.state import State
from neurotrain.monitor.view import Machine, Mark, Rank, View

_SLOW: Final = 1.25
_WAITS: Final = 0.30
_FULL: Final = 95.0
_NO_STEP: Final = 5.0
_LEAST_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at."""

    mark: Mark
    text: str


def alerts(view: View, state: State, now: float) -> list[Alert]:
    """Everything that is wrong now, the worst first; nothing of a run that is over."""
    if state not in (State.TRAIN, State.VALIDATE, State.TEST, State.PREDICT):
        return []
    found = [*_numbers(view), *_silence(view, state, now), *_machine(view), *_ranks(view)]
    position = view.position
    if position.data_wait is not None and position.data_wait > _WAITS:
        share = wording.percent(position.data_wait)
        found.append(Alert("warn", f"{share} of the time goes into waiting for data"))
    return sorted(found, key=lambda alert: alert.mark != "bad")


def ranks_of(view: View) -> list[Rank]:
    """Where all processes of the attempt stand, rank 0 first."""
    position = view.position
    first = Rank(
        rank=0, step=position.step, time=view.updated_at or 0.0, attempt=view.attempt,
        samples_per_s=position.samples_per_s, data_wait=position.data_wait,
    )  # fmt: skip
    others = [view.ranks[number] for number in sorted(view.ranks)]
    return [first, *(rank for rank in others if rank.attempt >= view.attempt)]


def slowness(rank: Rank, ranks: list[Rank]) -> float | None:
    """How many times longer for a sample this rank takes than the median of the others."""
    paces = [each.samples_per_s for each in ranks if each.rank != rank.rank and each.samples_per_s]
    return median(paces) / rank.samples_per_s if rank.samples_per_s and paces else None


def _numbers(view: View) -> list[Alert]:
    found = []
    loss, norm = view.position.loss, view.position.grad_norm
    for name, value in (("loss", loss), ("gradient norm", norm)):
        if value is not None and not math.isfinite(value):
            found.append(Alert("bad", f"the {name} is {wording.value(value)}"))
    if view.num_skipped:
        skipped = wording.plural(view.num_skipped, "update")
        found.append(Alert("warn", f"{skipped} left out: not finite"))
    return found


def _silence(view: View, state: State, now: float) -> list[Alert]:
    pace = step_pace(view)
    if state is not State.TRAIN or pace is None or view.updated_at is None or not now:
        return []
    clock = view.by_step["time"].last
    silent_s = 0.0 if clock is None else now - max(clock.last, view.updated_at)
    if silent_s < max(_LEAST_S, _NO_STEP * pace.median_s):
        return []
    return [Alert("warn", f"no step for {wording.duration(silent_s)}")]


def _machine(view: View) -> list[Alert]:
    machine = view.machine
    if machine is None:
        return []
    found = []
    if is_disk_short(view):
        free = wording.size(machine.disk_free_bytes)
        found.append(Alert("bad", f"{free} of disk left: {num_fitting(view)} checkpoints"))
    memory = percent_of(machine.memory_used_bytes, machine.memory_total_bytes)
    if memory is not None and memory > _FULL:
        found.append(Alert("warn", f"memory is {memory:.0f}% full"))
    return found + _gpus(machine)


def _gpus(machine: Machine) -> list[Alert]:
    found = []
    for gpu in machine.gpus:
        full = percent_of(gpu.memory_used_bytes, gpu.memory_total_bytes)
        if full is not None and full > _FULL:
            found.append(Alert("warn", f"GPU {gpu.index} memory is {full:.0f}% full"))
        if gpu.is_throttled:
            heat = "" if gpu.temperature_c is None else f" at {gpu.temperature_c:.0f} °C"
            found.append(Alert("warn", f"GPU {gpu.index} is throttled{heat}"))
    return found


def _ranks(view: View) -> list[Alert]:
    ranks = ranks_of(view)
    slow = [(rank.rank, slowness(rank, ranks)) for rank in ranks]
    return [
        Alert("warn", f"rank {number} takes {times:.1f}× the time of the others")
        for number, times in slow
        if times is not None and times > _SLOW
    ]
