"""The machine's load: processor, memory, disk, GPUs."""

from __future__ import annotations

from neurotrain.monitor import wording
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, bar, box, line
from neurotrain.monitor.view import Gpu, Machine, View
from neurotrain.monitor.widgets.pane import Pane


class MachineRow(Pane):
    """Speed and load on one row."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """One line: speed first, then the machine."""
        spans: list[Span] = [(" ", "plain")]
        for name, told in [*_speed(frame.view), *_load(frame.view.machine)]:
            width -= len(name) + len(told) + 4
            if width > 0:
                spans += [(f"{name} ", "dim"), (f"{told}   ", "plain")]
        return [tuple(spans)]


class MachineBlock(Pane):
    """The load in a box, with bars."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """A row for the processor, the memory, each GPU."""
        machine = frame.view.machine
        title = line(("Machine", "title"))
        if machine is None:
            body = [line((" not sampled yet", "dim"))]
            return box(title, (), body, width, height, frame.glyphs)
        disk = machine.disk_free_bytes
        right = line((f"disk free {wording.size(disk)}", "dim")) if disk is not None else ()
        told = "  ".join(f"{name} {value}" for name, value in _speed(frame.view))
        body = [
            _bar_row(frame, "cpu", _share(machine.cpu, 100), "", width - 2),
            _bar_row(frame, "memory", _memory_share(machine), _memory(machine), width - 2),
            *(_gpu_row(frame, gpu, width - 2) for gpu in machine.gpus),
            line((f" {told}", "plain")),
        ]
        return box(title, right, body, width, height, frame.glyphs)


def num_rows(view: View) -> int:
    """How many rows the block has."""
    return 3 + len(view.machine.gpus if view.machine is not None else ())


def _speed(view: View) -> list[tuple[str, str]]:
    position = view.position
    told: list[tuple[str, str]] = []
    if position.samples_per_s is not None:
        told.append(("samples/s", wording.small(position.samples_per_s)))
    if position.tokens_per_s is not None:
        told.append(("tokens/s", wording.small(position.tokens_per_s)))
    if position.data_wait is not None:
        told.append(("data wait", wording.percent(position.data_wait)))
    return told


def _load(machine: Machine | None) -> list[tuple[str, str]]:
    if machine is None:
        return []
    told = [("cpu", wording.percent(_share(machine.cpu, 100)))]
    told += [(f"gpu {gpu.index}", wording.percent(_share(gpu.util, 100))) for gpu in machine.gpus]
    told.append(("memory", _memory(machine)))
    if machine.disk_free_bytes is not None:
        told.append(("disk free", wording.size(machine.disk_free_bytes)))
    return told


def _bar_row(frame: Frame, name: str, share: float | None, told: str, inner: int) -> Line:
    room = max(4, inner - 33)
    return line(
        (f" {name:<8}", "dim"), *bar(share or 0.0, room, frame.glyphs),
        f" {wording.percent(share):>4}  ", (told, "dim"),
    )  # fmt: skip


def _gpu_row(frame: Frame, gpu: Gpu, inner: int) -> Line:
    memory = f"{wording.size(gpu.memory_used_bytes)} / {wording.size(gpu.memory_total_bytes)}"
    return _bar_row(frame, f"gpu {gpu.index}", _share(gpu.util, 100), memory, inner)


def _memory(machine: Machine) -> str:
    used, total = machine.memory_used_bytes, machine.memory_total_bytes
    return f"{wording.size(used)} / {wording.size(total)}"


def _memory_share(machine: Machine) -> float | None:
    return _share(machine.memory_used_bytes, machine.memory_total_bytes)


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else min(1.0, max(0.0, part / whole))
