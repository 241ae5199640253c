"""The machine and the processes: load now and over time, pace by rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.forecast import step_pace
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.health import ranks_of, slowness
from neurotrain.monitor.ink import Line, bar, box, line, sparkline
from neurotrain.monitor.machines import percent_of
from neurotrain.monitor.saving import num_fitting
from neurotrain.monitor.series import Series
from neurotrain.monitor.view import Gpu, Machine, Rank
from neurotrain.monitor.widgets.pane import Pane

_NAME: Final = 12
_TOLD: Final = 30
_SLOW: Final = 1.25


class System(Pane):
    """A row for each thing that is measured: bar, value, course."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the rows that fit."""
        body = [*_load(frame, width - 2), line(""), *_pace(frame, width - 2)]
        body += [line(""), *_ranks(frame, width - 2)]
        title, right = line(("System", "title")), line((frame.view.facts.host, "dim"))
        return box(title, right, body, width, height, frame.glyphs)


def _load(frame: Frame, inner: int) -> list[Line]:
    machine = frame.view.machine
    if machine is None:
        return [line((" the run has not sampled its machine yet", "dim"))]
    total = machine.memory_total_bytes
    process = "" if machine.process_cpu is None else f"this run {machine.process_cpu / 100:.1f}"
    cores = "" if machine.num_cpus is None else f" of {machine.num_cpus} cores"
    disk = percent_of(_used(machine), machine.disk_total_bytes)
    rows = [
        _row(frame, "cpu", "cpu", percent_of(machine.cpu, 100), process + cores, inner),
        _row(frame, "memory", "memory", percent_of(machine.memory_used_bytes, total),
             f"{wording.size(machine.memory_used_bytes)} of {wording.size(total)}", inner),
        _row(frame, "this run", "process", percent_of(machine.process_memory_bytes, total),
             f"{wording.size(machine.process_memory_bytes)}, "
             f"peak {wording.size(frame.view.peaks.process_memory_bytes)}", inner),
        _row(frame, "disk", "", disk, _disk(frame, machine), inner),
    ]  # fmt: skip
    if machine.read_bytes_per_s is not None:
        told = f"read {wording.size(machine.read_bytes_per_s)}/s"
        told += f"   write {wording.size(machine.write_bytes_per_s)}/s"
        rows.append(line((f" {fit('disk i/o', _NAME)}", "dim"), told))
    for gpu in machine.gpus:
        rows += _gpu(frame, gpu, inner)
    if not machine.gpus:
        rows.append(line((f" {fit('gpu', _NAME)}none that NVML knows", "dim")))
    return rows


def _used(machine: Machine) -> int | None:
    if machine.disk_total_bytes is None or machine.disk_free_bytes is None:
        return None
    return machine.disk_total_bytes - machine.disk_free_bytes


def _disk(frame: Frame, machine: Machine) -> str:
    fitting = num_fitting(frame.view)
    room = "" if fitting is None else f", {wording.short_count(fitting)} saves"
    return f"{wording.size(machine.disk_free_bytes)} free{room}"


def _gpu(frame: Frame, gpu: Gpu, inner: int) -> list[Line]:
    heat = "" if gpu.temperature_c is None else f"{gpu.temperature_c:.0f} °C  "
    power = "" if gpu.power_w is None else f"{gpu.power_w:.0f} W  "
    slow = "throttled" if gpu.is_throttled else ""
    memory = percent_of(gpu.memory_used_bytes, gpu.memory_total_bytes)
    used = f"{wording.size(gpu.memory_used_bytes)} of {wording.size(gpu.memory_total_bytes)}"
    name = f"gpu {gpu.index}"
    return [
        _row(frame, name, name, percent_of(gpu.util, 100), heat + power + slow, inner),
        _row(frame, "  memory", f"{name} memory", memory, used, inner),
    ]


def _row(
    frame: Frame, name: str, series: str, percent: float | None, told: str, inner: int
) -> Line:
    """Name, bar, percentage, words, and the course of the latest minutes where there is room."""
    room = max(6, min(24, inner - _NAME - _TOLD - 8))
    course = max(0, inner - _NAME - room - _TOLD - 9)
    style = "bad" if percent is not None and percent > 95 and name != "cpu" else "plain"
    shown = "–" if percent is None else f"{percent:.0f}%"
    return line(
        (f" {fit(name, _NAME)}", "dim"), *bar((percent or 0.0) / 100, room, frame.glyphs),
        (f" {shown:>4}  ", style), fit(told, min(_TOLD, max(0, inner - _NAME - room - 8))),
        (" " + _course(frame, series, course - 1), "train"),
    )  # fmt: skip


def _course(frame: Frame, name: str, room: int) -> str:
    found = frame.view.by_time.get(name, Series()).buckets
    if room < 8 or not found:
        return ""
    return sparkline([each.high for each in found[-room:]], 0.0, 100.0, frame.glyphs)


def _pace(frame: Frame, inner: int) -> list[Line]:
    position, pace = frame.view.position, step_pace(frame.view)
    rows = [("samples/s", wording.small(position.samples_per_s), "samples_per_s")]
    if position.tokens_per_s is not None:
        rows.append(("tokens/s", wording.small(position.tokens_per_s), ""))
    if pace is not None:
        told = f"{1000 * pace.median_s:.3g} ms, p95 {1000 * pace.p95_s:.3g} ms"
        rows.append(("step", told, ""))
    rows.append(("data wait", wording.percent(position.data_wait), "data_wait"))
    last = [saved.stall_s for saved in frame.view.checkpoints if saved.stall_s is not None]
    if last:
        rows.append(("save", f"held the training for {1000 * last[-1]:.3g} ms", ""))
    return [_pace_row(frame, name, told, series, inner) for name, told, series in rows]


def _pace_row(frame: Frame, name: str, told: str, series: str, inner: int) -> Line:
    room = inner - _NAME - _TOLD - 2
    values: Sequence[float] = [
        each.last for each in frame.view.by_step.get(series, Series()).buckets[-max(0, room) :]
    ]
    drawn = sparkline(values, 0.0, max(values, default=1.0), frame.glyphs) if room >= 8 else ""
    return line((f" {fit(name, _NAME)}", "dim"), fit(told, _TOLD), (f" {drawn}", "train"))


def _ranks(frame: Frame, inner: int) -> list[Line]:
    ranks = ranks_of(frame.view)
    if len(ranks) < 2:
        world = frame.view.facts.world_size or 1
        told = "one process" if world == 1 else f"of {world} processes only rank 0 tells its pace"
        return [line((f" {fit('ranks', _NAME)}{told}", "dim"))]
    newest = max(rank.step for rank in ranks)
    head = f" {fit('rank', _NAME)}{'step':>9}{'behind':>8}{'samples/s':>11}{'data wait':>11}  skew"
    return [line((head, "dim")), *(_rank(rank, ranks, newest) for rank in ranks)]


def _rank(rank: Rank, ranks: list[Rank], newest: int) -> Line:
    slow = slowness(rank, ranks)
    told = "" if slow is None else f"  {slow:.2f}× the others"
    style = "warn" if slow is not None and slow > _SLOW else "plain"
    return line(
        f" {fit(str(rank.rank), _NAME)}{rank.step:>9}{newest - rank.step:>8}"
        f"{wording.small(rank.samples_per_s):>11}{wording.percent(rank.data_wait):>11}",
        (told, style),
    )
