"""How loaded the machine of a run is: processor, memory, disk, and GPUs where there are any.

A sample takes a few milliseconds. It is meant for the heartbeat's thread, and nothing in it raises:
what cannot be measured is left out.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import psutil

_MAX_GPUS: Final = 16
_THROTTLED: Final = 0x8 | 0x20 | 0x40 | 0x80
"""NVML's reasons for lower clocks that slow a training: hardware, heat, power brake."""


class Machine:
    """Samples the load; rates are means since the sample before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = psutil.Process()
        self._gpus = _Gpus()
        self._at_s, self._io = time.monotonic(), _disk_bytes()
        psutil.cpu_percent()
        self._process.cpu_percent()

    def sample(self) -> dict[str, Any]:
        """The data of `machine.sampled`."""
        memory = psutil.virtual_memory()
        found: dict[str, Any] = {
            "cpu": psutil.cpu_percent(),
            "num_cpus": psutil.cpu_count(),
            "process_cpu": self._process.cpu_percent(),
            "memory_used_bytes": memory.total - memory.available,
            "memory_total_bytes": memory.total,
            "process_memory_bytes": self._resident(),
            **self._rates(),
            "gpus": self._gpus.sample(),
        }
        try:
            disk = shutil.disk_usage(self._folder)
        except OSError:
            return found
        return {**found, "disk_free_bytes": disk.free, "disk_total_bytes": disk.total}

    def _resident(self) -> int:
        """Memory of the process and of those it started, such as loading processes."""
        total = int(self._process.memory_info().rss)
        for child in self._process.children(recursive=True):
            try:
                total += int(child.memory_info().rss)
            except psutil.Error:
                continue
        return total

    def _rates(self) -> dict[str, float]:
        now_s, io = time.monotonic(), _disk_bytes()
        took_s, before = now_s - self._at_s, self._io
        self._at_s, self._io = now_s, io
        if io is None or before is None or took_s <= 0:
            return {}
        read, written = ((new - old) / took_s for new, old in zip(io, before, strict=True))
        return {"read_bytes_per_s": max(0.0, read), "write_bytes_per_s": max(0.0, written)}


class _Gpus:
    """The GPUs as NVML sees them; none where there is no NVML."""

    def __init__(self) -> None:
        self._nvml: ModuleType | None = None
        self._handles: list[Any] = []
        try:
            import pynvml
        except ImportError:
            return
        try:
            pynvml.nvmlInit()
            num = min(_MAX_GPUS, pynvml.nvmlDeviceGetCount())
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(num)]
        except pynvml.NVMLError:
            return
        self._nvml = pynvml

    def sample(self) -> list[dict[str, Any]]:
        """A row a GPU; a value that a GPU does not tell is left out."""
        return [self._row(index, handle) for index, handle in enumerate(self._handles)]

    def _row(self, index: int, handle: Any) -> dict[str, Any]:
        nvml = self._nvml
        assert nvml is not None
        row: dict[str, Any] = {"index": index}
        asked: dict[str, Callable[[], Any]] = {
            "util": lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
            "memory_used_bytes": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used,
            "memory_total_bytes": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total,
            "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(handle, 0),
            "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
            "is_throttled": lambda: bool(
                nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle) & _THROTTLED
            ),
        }
        for name, ask in asked.items():
            try:
                row[name] = ask()
            except nvml.NVMLError:
                continue
        return row


def _disk_bytes() -> tuple[int, int] | None:
    """Bytes read and written by all disks so far; None where the system does not say."""
    try:
        counters = psutil.disk_io_counters()
    except (OSError, RuntimeError):
        return None
    return None if counters is None else (counters.read_bytes, counters.write_bytes)
