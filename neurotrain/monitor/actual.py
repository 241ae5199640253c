"""The plan against what happened: steps, time, memory, disk. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.forecast import Forecast, run_left, step_pace
from neurotrain.monitor.saving import last_saved
from neurotrain.monitor.view import Predicted, View

_SIZES: Final = ("bytes", "B")
_POWERS: Final = ("", " k", " M", " G", " T", " P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One line of the comparison."""

    name: str
    planned: str
    actual: str
    is_over: bool = False
    """Whether the actual value exceeds the plan."""


def compare(view: View) -> list[Compared]:
    """What was planned beside what is; a dash where one of them is not known."""
    facts, position = view.facts, view.position
    told = {each.name: each for each in facts.predictions}
    return [
        Compared(name="epochs", planned=_count(facts.epochs), actual=str(position.num_finished)),
        _steps(view, told),
        *_paces(view, told),
        *_sizes(view, told),
        *_others(told),
    ]


def eta(left: Forecast | None, *, short: bool = False) -> str:
    """`1h 02m ±3m left`, and which stages come on top of it."""
    if left is None:
        return ""
    spread = f" ±{wording.duration(left.spread_s)}" if left.spread_s and left.spread_s >= 1 else ""
    more = f", then {' and '.join(left.left_out)}" if left.left_out and not short else ""
    return f"{wording.duration(left.seconds)}{spread} left{more}"


def total_time(view: View, elapsed_s: float | None) -> str:
    """How long the run will have taken in all, as far as it can be told."""
    left = run_left(view)
    if left is None or elapsed_s is None:
        return ""
    return wording.duration(elapsed_s + left.seconds)


def _steps(view: View, told: dict[str, Predicted]) -> Compared:
    facts = view.facts
    planned = None
    if "optimizer steps" in told:
        planned = int(told["optimizer steps"].value)
    elif facts.epochs and facts.steps_per_epoch:
        planned = facts.epochs * facts.steps_per_epoch
    done = view.num_steps
    return Compared(
        name="steps", planned=_count(planned), actual=str(done),
        is_over=planned is not None and done > planned,
    )  # fmt: skip


def _paces(view: View, told: dict[str, Predicted]) -> list[Compared]:
    pace = step_pace(view)
    planned = told.get("time of a step")
    rows = []
    if pace is not None:
        now = f"{_seconds(pace.median_s)}, p95 {_seconds(pace.p95_s)}"
        wanted = "–" if planned is None else _seconds(planned.value)
        rows.append(Compared(name="time a step", planned=wanted, actual=now))
    flops = told.get("operations of a step")
    if flops is not None:
        rate = "–" if pace is None or not pace.median_s else _si(flops.value / pace.median_s)
        rows.append(Compared(name="FLOP a step", planned=_si(flops.value), actual=""))
        rows.append(Compared(name="FLOP a second", planned="–", actual=rate))
    return rows


def _sizes(view: View, told: dict[str, Predicted]) -> list[Compared]:
    memory = [each for each in told.values() if each.name.startswith("memory of ")]
    planned = sum(each.value for each in memory) if memory else None
    on_gpu = view.facts.device.startswith("cuda")
    peak = view.peaks.gpu_memory_bytes if on_gpu else view.peaks.process_memory_bytes
    rows = [
        _size("GPU memory" if on_gpu else "process memory", planned, peak, with_rest=not on_gpu)
    ]
    last, file = last_saved(view), told.get("checkpoint")
    if last is not None or file is not None:
        rows.append(_size("checkpoint", _value(file), last.num_bytes if last is not None else None))
    disk = told.get("disk at its peak")
    saved = (*view.checkpoints, *view.earlier_checkpoints)
    kept = {(PurePosixPath(one.path).parent, one.step): one.all_bytes for one in saved}
    if disk is not None or kept:
        rows.append(_size("disk at its peak", _value(disk), sum(kept.values()) or None))
    return rows


def _size(
    name: str, planned: float | None, actual: float | None, *, with_rest: bool = False
) -> Compared:
    """A row of sizes; `with_rest` where the actual one holds more than was planned for."""
    over = planned is not None and actual is not None and actual > 1.1 * planned and not with_rest
    rest = " + program" if with_rest and planned is not None else ""
    return Compared(
        name=name, planned=wording.size(planned) + rest, actual=wording.size(actual), is_over=over
    )


def _others(told: dict[str, Predicted]) -> list[Compared]:
    """Predictions that nothing measured stands beside."""
    known = ("optimizer steps", "time of a step", "operations of a step", "checkpoint",
             "disk at its peak")  # fmt: skip
    return [
        Compared(name=each.name, planned=_quantity(each), actual="")
        for each in told.values()
        if each.name not in known
    ]


def _quantity(told: Predicted) -> str:
    if told.unit in _SIZES:
        return wording.size(told.value)
    whole = told.value.is_integer() and abs(told.value) < 1e15
    number = wording.short_count(int(told.value)) if whole else wording.small(told.value)
    return number if told.unit in told.name else f"{number} {told.unit}".rstrip()


def _value(told: Predicted | None) -> float | None:
    return None if told is None else told.value


def _count(number: int | None) -> str:
    return "–" if number is None else str(number)


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _si(number: float) -> str:
    power = 0
    while abs(number) >= 1000 and power < len(_POWERS) - 1:
        number, power = number / 1000, power + 1
    return f"{number:.3g}{_POWERS[power]}"
