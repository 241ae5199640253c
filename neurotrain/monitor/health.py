"""What is wrong, or soon will be, with a run: pure judgements with the values they rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.forecast import step_pace
from neurotrain.monitor.machines import percent_of
from neurotrain.monitor.saving import is_disk_short, num_fitting
from neurotrain.monitor.series import Series
from neurotrain.monitor.state import State
from neurotrain.monitor.view import Machine, Mark, Rank, View

_SLOW: Final = 1.25
_WAITS: Final = 0.30
_FULL: Final = 95.0
_NO_STEP: Final = 5.0
_LEAST_S: Final = 20.0
_SIGMAS: Final = 10.0
_LOG_SIGMAS: Final = 5.0
_MIN_TIMES: Final = 3.0
_MIN_NORMS: Final = 32
_LATEST: Final = 8
"""How many of the newest samples are judged against those before, or together."""
_MIN_SINCE_BEST: Final = 5
_RISE: Final = 0.05
_JUDGED: Final = (State.TRAIN, State.VALIDATE, State.TEST, State.PREDICT)


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at; an `info` is worth knowing and no alarm."""

    mark: Mark
    text: str
    name: str
    """What it is about, the same as long as it lasts."""
    worth: float = 0.0
    """How bad it is, where that can grow."""
    since: float | None = None
    """When it was first seen, in the run's time; None where nobody has looked before."""
    acknowledged: bool = False

    @property
    def counts(self) -> bool:
        """Whether it waits for somebody."""
        return self.mark != "info" and not self.acknowledged


def alerts(view: View, state: State, now: float, heartbeat: float | None = None) -> list[Alert]:
    """Everything that is wrong now, the worst first; nothing of a run that is over.

    `heartbeat` is the time of the last one, in seconds since the Unix epoch like `now`.
    """
    if state is State.STALE and heartbeat is not None and now:
        silent = wording.duration(max(0.0, now - heartbeat))
        return [Alert("bad", f"no heartbeat for {silent}", "heartbeat")]
    if state not in _JUDGED:
        return []
    found = [*_numbers(view), *_silence(view, state, now), *_machine(view), *_ranks(view)]
    if state is State.TRAIN:
        found += [*_spike(view), *_waiting(view)]
    found += _overfitting(view)
    return sorted(found, key=lambda alert: ("bad", "warn", "info").index(alert.mark))


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
            found.append(Alert("bad", f"the {name} is {wording.value(value)}", name))
    if view.num_skipped:
        skipped = wording.plural(view.num_skipped, "update")
        found.append(Alert("warn", f"{skipped} left out: not finite", "skipped", view.num_skipped))
    return found


def _spike(view: View) -> list[Alert]:
    """A gradient norm among the newest that stands out from those before it.

    It must do so by ten sigmas, and by five of the logarithms, which a long tail does not reach,
    and be three times the median. A sigma is 1.4826 times the median absolute deviation, which is
    the standard deviation where values are normal (Rousseeuw and Croux 1993).
    """
    norms = [each for each in view.by_step.get("grad_norm", Series()).recent if each.num == 1]
    before, newest = norms[:-_LATEST], norms[-_LATEST:]
    usual = [each.last for each in before if 0 < each.last < math.inf]
    top = max(newest, key=lambda each: each.high if each.high == each.high else -1.0, default=None)
    if len(usual) < _MIN_NORMS or top is None or not 0 < top.high < math.inf:
        return []
    middle, spread = _spread(usual)
    if spread <= 0:
        return []
    log_middle, log_spread = _spread([math.log(each) for each in usual])
    if top.high <= max(middle + _SIGMAS * spread, _MIN_TIMES * middle):
        return []
    if math.log(top.high) <= log_middle + _LOG_SIGMAS * max(log_spread, 0.01):
        return []
    sigmas = f"{(top.high - middle) / spread:.0f} σ above {wording.value(middle)}"
    told = f"gradient norm {wording.value(top.high)} at step {top.last_step}: {sigmas}"
    return [Alert("warn", told, "gradient spike", top.high)]


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """The median, and the standard deviation by the median distance from it."""
    middle = median(values)
    distance = median(abs(each - middle) for each in values)
    return middle, max(1.4826 * distance, 0.01 * abs(middle))


def _waiting(view: View) -> list[Alert]:
    """Judged by the median of the latest steps: a single one may wait for a cold cache."""
    waits = [each.last for each in view.by_step.get("data_wait", Series()).recent[-_LATEST:]]
    waits = [each for each in waits if math.isfinite(each)]
    if len(waits) < _LATEST or median(waits) <= _WAITS:
        return []
    told = f"{wording.percent(median(waits))} of the time goes into waiting for data"
    return [Alert("warn", told, "data wait", median(waits))]


def _overfitting(view: View) -> list[Alert]:
    """Since the best epoch the validation loss has risen while the training loss fell."""
    train, valid = (view.by_epoch.get(f"{part}/loss", Series()) for part in ("train", "valid"))
    best = valid.best("min")
    if best is None:
        return []
    since = [each for each in valid.buckets if each.first_x > best[1]]
    known = [each.last for each in train.buckets if each.first_x <= best[1]]
    if len(since) < _MIN_SINCE_BEST or not known or train.last is None:
        return []
    now = median(each.last for each in since[-3:])
    fell = train.last.last < known[-1]
    if not (fell and now > best[0] + _RISE * abs(best[0])) or now <= since[0].last:
        return []
    told = f"overfitting since e{best[1]:.0f}: valid/loss {wording.value(best[0])} to "
    told += f"{wording.value(now)}, train/loss {wording.value(known[-1])} to "
    return [Alert("info", told + wording.value(train.last.last), "overfitting")]


def _silence(view: View, state: State, now: float) -> list[Alert]:
    pace = step_pace(view)
    if state is not State.TRAIN or pace is None or view.updated_at is None or not now:
        return []
    clock = view.by_step["time"].last
    silent_s = 0.0 if clock is None else now - max(clock.last, view.updated_at)
    if silent_s < max(_LEAST_S, _NO_STEP * pace.median_s):
        return []
    return [Alert("warn", f"no step for {wording.duration(silent_s)}", "no step")]


def _machine(view: View) -> list[Alert]:
    machine = view.machine
    if machine is None:
        return []
    found = []
    if is_disk_short(view):
        free = wording.size(machine.disk_free_bytes)
        told = f"{free} of disk left: {wording.plural(num_fitting(view) or 0, 'checkpoint')}"
        found.append(Alert("bad", told, "disk"))
    memory = percent_of(machine.memory_used_bytes, machine.memory_total_bytes)
    if memory is not None and memory > _FULL:
        found.append(Alert("warn", f"memory is {memory:.0f}% full", "memory"))
    return found + _gpus(machine, view)


def _gpus(machine: Machine, view: View) -> list[Alert]:
    found = []
    for gpu in machine.gpus:
        name = f"GPU {gpu.index}"
        full = percent_of(gpu.memory_used_bytes, gpu.memory_total_bytes)
        if full is None and gpu.util is None and view.by_time.get(f"gpu {gpu.index}"):
            found.append(Alert("bad", f"{name} no longer answers", f"{name} lost"))
        if full is not None and full > _FULL:
            found.append(Alert("warn", f"{name} memory is {full:.0f}% full", f"{name} memory"))
        if gpu.is_throttled:
            heat = "" if gpu.temperature_c is None else f" at {gpu.temperature_c:.0f} °C"
            found.append(Alert("warn", f"{name} is throttled{heat}", f"{name} throttled"))
    return found


def _ranks(view: View) -> list[Alert]:
    ranks = ranks_of(view)
    slow = [(rank.rank, slowness(rank, ranks)) for rank in ranks]
    return [
        Alert("warn", f"rank {number} takes {times:.1f}× the time of the others",
              f"rank {number}", times)
        for number, times in slow
        if times is not None and times > _SLOW
    ]  # fmt: skip
