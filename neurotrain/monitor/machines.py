"""`machine.sampled`, and what processes beside rank 0 tell: the load of machines.

Pure, like the rest of the fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from neurotrain.monitor import reading
from neurotrain.monitor.admission import is_plausible
from neurotrain.monitor.reading import MAX_ITEMS
from neurotrain.monitor.series import Series
from neurotrain.monitor.view import Gpu, Machine, Peaks, Rank, View
from neurotrain.recorder.events import Event

_MAX_RANK: Final = 4096
_MAX_RANKS: Final = 256


def sample_machine(view: View, event: Event) -> View:
    """The view with the newest load of rank 0's machine."""
    data = event.data
    gpus = data.get("gpus")
    rows = [reading.table(row) for row in gpus[:MAX_ITEMS]] if isinstance(gpus, list) else []
    machine = Machine(
        cpu=reading.finite(data.get("cpu")),
        num_cpus=reading.count(data.get("num_cpus")),
        process_cpu=reading.finite(data.get("process_cpu")),
        memory_used_bytes=reading.count(data.get("memory_used_bytes")),
        memory_total_bytes=reading.count(data.get("memory_total_bytes")),
        process_memory_bytes=reading.count(data.get("process_memory_bytes")),
        disk_free_bytes=reading.count(data.get("disk_free_bytes")),
        disk_total_bytes=reading.count(data.get("disk_total_bytes")),
        read_bytes_per_s=reading.finite(data.get("read_bytes_per_s")),
        write_bytes_per_s=reading.finite(data.get("write_bytes_per_s")),
        gpus=tuple(_gpu(row, index) for index, row in enumerate(rows)),
    )
    by_time = dict(view.by_time)
    for name, percent in _loads(machine).items():
        by_time[name] = by_time.get(name, Series()).add(event.time, percent, event.step)
    return replace(
        view, machine=machine, by_time=MappingProxyType(by_time), peaks=_peaks(view.peaks, machine)
    )


def fold_rank(view: View, event: Event) -> View:
    """The view after an event of another process than rank 0; of those, only the pace counts."""
    if event.rank > _MAX_RANK or not is_plausible(event):
        return replace(view, num_unknown=view.num_unknown + 1)
    old = view.ranks.get(event.rank, Rank(rank=event.rank))
    is_new = event.rank not in view.ranks and len(view.ranks) >= _MAX_RANKS
    if is_new or 0 < event.seq <= old.seq:
        return view
    known = replace(old, seq=event.seq, attempt=event.attempt, time=event.time, step=event.step)
    if event.kind == "step.finished":
        known = replace(
            known,
            samples_per_s=reading.finite(event.data.get("samples_per_s")),
            data_wait=reading.finite(event.data.get("data_wait")),
        )
    ranks = MappingProxyType({**view.ranks, event.rank: known})
    return replace(view, ranks=ranks, num_events=view.num_events + 1)


def percent_of(part: float | None, whole: float | None) -> float | None:
    """A part as percent of a whole, between 0 and 100; None where either is unknown."""
    return None if part is None or not whole else min(100.0, max(0.0, 100 * part / whole))


def _loads(machine: Machine) -> dict[str, float]:
    """What is drawn over time, in percent."""
    total = machine.memory_total_bytes
    found = {
        "cpu": percent_of(machine.cpu, 100),
        "memory": percent_of(machine.memory_used_bytes, total),
        "process": percent_of(machine.process_memory_bytes, total),
    }
    for gpu in machine.gpus[:16]:
        found[f"gpu {gpu.index}"] = percent_of(gpu.util, 100)
        memory = percent_of(gpu.memory_used_bytes, gpu.memory_total_bytes)
        found[f"gpu {gpu.index} memory"] = memory
    return {name: load for name, load in found.items() if load is not None}


def _peaks(old: Peaks, machine: Machine) -> Peaks:
    gpus = [gpu.memory_used_bytes for gpu in machine.gpus if gpu.memory_used_bytes is not None]
    return Peaks(
        process_memory_bytes=_most(old.process_memory_bytes, machine.process_memory_bytes),
        gpu_memory_bytes=_most(old.gpu_memory_bytes, *gpus),
    )


def _most(*found: int | None) -> int | None:
    return max((each for each in found if each is not None), default=None)


def _gpu(row: Mapping[str, object], index: int) -> Gpu:
    known = reading.count(row.get("index"))
    return Gpu(
        index=index if known is None else known,
        util=reading.finite(row.get("util")),
        memory_used_bytes=reading.count(row.get("memory_used_bytes")),
        memory_total_bytes=reading.count(row.get("memory_total_bytes")),
        temperature_c=reading.finite(row.get("temperature_c")),
        power_w=reading.finite(row.get("power_w")),
        is_throttled=row.get("is_throttled") is True,
    )
