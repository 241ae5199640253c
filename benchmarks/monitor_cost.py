"""What a monitor costs the run that it watches, and what it costs itself while events come.

    python -m benchmarks.monitor_cost [--pairs 5] [--epochs 60]

Trains specs/digits.yaml in pairs, without and with a monitor in a terminal of its own (80x24, then
200x60), in turn and in turned order, and tells for each step of the later epochs the time on the
wall (median of the epochs) and the processor time of the training process, which other programs on
the machine disturb less; beside them the median of the differences within the pairs and the range
of these. Then it writes events at 1, 400 and 5000 a second itself, with a monitor at 200x60, and
measures the monitor's processor time, its frames, and how long a marked event takes to the screen.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import psutil

from neurotrain.recorder import control
from neurotrain.recorder.events import EventLog, read_all

SPEC: Final = Path(__file__).parents[1] / "specs" / "digits.yaml"
SETTLED: Final = 10
"""The epoch from whose end on is measured: by then the monitor shows the run."""
STEPS_PER_EPOCH: Final = 1000
APART_S: Final = 0.02
"""Bytes that come closer together are one frame."""


class Terminal:
    """A monitor in a terminal whose other end a thread of this process reads."""

    def __init__(self, run_dir: Path, width: int, height: int) -> None:
        self.pid, self._end = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            command = [sys.executable, "-m", "neurotrain", "monitor", str(run_dir), "--readonly"]
            os.execv(sys.executable, command)
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.came: list[tuple[float, bytes]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                block = os.read(self._end, 1 << 16)
            except OSError:  # the other end is closed
                return
            self.came.append((time.time(), block))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._end, keys)

    def cpu_s(self) -> float:
        """The processor time of the monitor so far."""
        used = psutil.Process(self.pid).cpu_times()
        return float(used.user + used.system)

    def memory_mb(self) -> float:
        """What the monitor holds."""
        return float(psutil.Process(self.pid).memory_info().rss) / 1e6

    def num_frames(self, start: float) -> int:
        """How many times something was drawn from a moment on."""
        times = [at for at, _ in self.came if at >= start]
        return bool(times) + sum(b - a > APART_S for a, b in pairwise(times))

    def shown_at(self, text: bytes) -> float | None:
        """When a text came."""
        held = b""
        for at, block in list(self.came):
            held = held[-200:] + block
            if text in held:
                return at
        return None

    def close(self) -> None:
        """End the monitor."""
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        self._reader.join(5.0)
        os.close(self._end)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a step, in microseconds; of the monitor, in percent of a core."""

    wall: float
    cpu: float
    monitor: float = 0.0
    frames_per_s: float = 0.0


def train(folder: Path, epochs: int, size: tuple[int, int] | None) -> Cost:
    """One training of its own, watched in a terminal of a size, or by nobody."""
    run_dir = folder / "digits"
    command = [
        sys.executable, "-m", "neurotrain", "run", str(SPEC), "--plain", "--runs-dir", str(folder),
        "--set", f"train.epochs={epochs}", "--only", "trainer",
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process, log = psutil.Process(child.pid), run_dir / "events.jsonl"
    _await(log, "run.started", 1)
    terminal = None if size is None else Terminal(run_dir, *size)
    _await(log, "epoch.finished", SETTLED)
    before, start = process.cpu_times(), time.time()
    watched_s = 0.0 if terminal is None else terminal.cpu_s()
    _await(log, "epoch.finished", epochs)
    after, took_s = process.cpu_times(), time.time() - start
    monitor = frames = 0.0
    if terminal is not None:
        monitor = 100 * (terminal.cpu_s() - watched_s) / took_s
        frames = terminal.num_frames(start) / took_s
        terminal.close()
    child.wait()
    events = list(read_all(log))
    steps = next(each.data["num_batches"] for each in events if each.kind == "epoch.started")
    ends = [each.time for each in events if each.kind == "epoch.finished"][SETTLED - 1 :]
    wall = statistics.median(b - a for a, b in pairwise(ends)) / steps
    cpu = (after.user + after.system - before.user - before.system) / (len(ends) - 1) / steps
    return Cost(1e6 * wall, 1e6 * cpu, monitor, frames)


def _await(log: Path, kind: str, num: int) -> None:
    """Until the log holds that many events of a kind; looks as often with and without a monitor."""
    mark = f'"kind":"{kind}"'.encode()
    while not log.exists() or log.read_bytes().count(mark) < num:
        time.sleep(0.05)


def compare(size: tuple[int, int], pairs: int, epochs: int) -> None:
    """Pairs of trainings, without and with a monitor of a size."""
    alone: list[Cost] = []
    watched: list[Cost] = []
    for at in range(pairs):
        for with_monitor in (False, True) if at % 2 == 0 else (True, False):
            with tempfile.TemporaryDirectory() as folder:
                cost = train(Path(folder), epochs, size if with_monitor else None)
                (watched if with_monitor else alone).append(cost)
    print(f"\n{pairs} pairs at {size[0]}x{size[1]}, load now {os.getloadavg()[0]:.2f}")
    for name in ("wall", "cpu"):
        before = [getattr(cost, name) for cost in alone]
        after = [getattr(cost, name) for cost in watched]
        change = sorted(100 * (b / a - 1) for a, b in zip(before, after, strict=True))
        print(
            f"{name:<5} {statistics.median(before):7.0f} us a step alone "
            f"({min(before):.0f} to {max(before):.0f}), {statistics.median(after):.0f} watched "
            f"({min(after):.0f} to {max(after):.0f}); in the pairs "
            f"{statistics.median(change):+.1f} % ({change[0]:+.1f} to {change[-1]:+.1f})"
        )
    used = statistics.median(cost.monitor for cost in watched)
    frames = statistics.median(cost.frames_per_s for cost in watched)
    print(f"monitor {used:.1f} % of a core, {frames:.1f} frames a second")


def follow(rate: float, seconds: float, *, charts: bool = False) -> None:
    """Events that this process writes at a rate, and a mark among them twice a second.

    With `charts` the view of the metrics is shown, which tells no marks.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        log = _begin(run_dir)
        terminal = Terminal(run_dir, 200, 60)
        while not terminal.came or time.time() - terminal.came[-1][0] < 1.0:
            _beat(run_dir)
            time.sleep(0.2)
        if charts:
            terminal.type(b"2")
            time.sleep(1.0)
        start, used_s, step, marks = time.time(), terminal.cpu_s(), 0, list[tuple[bytes, float]]()
        beat_at = mark_at = start
        while (now := time.time()) < start + seconds:
            while step < (now - start) * rate:
                step += 1
                _step(log, step)
            if now >= mark_at and seconds - (now - start) > 1:
                marks.append((f"mark {len(marks):04d}".encode(), time.time()))
                log.write("warning.raised", step=step, message=marks[-1][0].decode())
                mark_at += 0.5 if rate > 1 else seconds
            if now >= beat_at:
                _beat(run_dir)
                beat_at += control.HEARTBEAT_S
            time.sleep(min(0.005, 0.5 / rate))
        took_s = time.time() - start
        used = 100 * (terminal.cpu_s() - used_s) / took_s
        frames = terminal.num_frames(start) / took_s
        memory = terminal.memory_mb()
        time.sleep(1.0)
        terminal.close()
    shown = [(terminal.shown_at(mark), at) for mark, at in marks]
    lags = sorted(1000 * (seen - at) for seen, at in shown if seen is not None)
    told = "metrics view" if charts else f"{len(lags)} of {len(marks)} marks"
    if lags:
        told += f", median {statistics.median(lags):.0f} ms, most {lags[-1]:.0f} ms"
    print(
        f"{step / took_s:6.0f} events/s for {took_s:.0f} s: {used:5.1f} % of a core, "
        f"{frames:4.1f} frames/s, {memory:.0f} MB; {told}"
    )


def _begin(run_dir: Path) -> EventLog:
    log = EventLog(run_dir / "events.jsonl")
    log.write(
        "run.started", name="bench", epochs=1000, steps_per_epoch=STEPS_PER_EPOCH,
        stages=["trainer"], monitor={"name": "valid/dice", "mode": "max"},
    )  # fmt: skip
    log.write("stage.started", stage="trainer", total_epochs=1000)
    for epoch in range(1, 21):
        metrics = {f"valid/{name}": 1 - 1 / epoch for name in ("loss", "dice", "iou", "accuracy")}
        log.write("epoch.finished", epoch=epoch, step=0, metrics=metrics, seconds=1.0)
    return log


def _step(log: EventLog, step: int) -> None:
    data: dict[str, Any] = {
        "loss": 0.1 + (step % 97) / 970, "lr": 1e-3, "grad_norm": 1 + (step % 13) / 13,
        "samples_per_s": 400.0 + step % 7, "data_wait": 0.03,
        "batch": (step - 1) % STEPS_PER_EPOCH + 1, "num_batches": STEPS_PER_EPOCH,
    }  # fmt: skip
    log.write("step.finished", step=step, epoch=21 + (step - 1) // STEPS_PER_EPOCH, **data)


def _beat(run_dir: Path) -> None:
    status = control.Status(
        pid=os.getpid(), host=socket.gethostname(), boot_id=control.boot_id(), attempt=1,
        state="training", exit_code=None, seq=0, time=time.time(),
    )  # fmt: skip
    control.write_status(run_dir, status)


def main() -> None:
    """Pairs, then rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    given = parser.parse_args()
    print(f"load before {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    follow(1.0, 30.0, charts=True)
    for rate, seconds in ((1.0, 30.0), (400.0, 15.0), (5000.0, 10.0)):
        follow(rate, seconds)
    for size in ((80, 24), (200, 60)) if given.pairs else ():
        compare(size, given.pairs, given.epochs)


if __name__ == "__main__":
    main()
