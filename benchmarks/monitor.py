"""What the monitor costs on a run of a million events.

    python benchmarks/monitor.py [--events 1000000]

Writes a recorded run, then opens the monitor headless at 120x40 and measures: the time until the
first frame with content, until everything is read, from a key to the drawn cells (median and p95
of 120), the share of a core while nothing happens, and the resident memory; and what it
takes to read a window's samples again from the log. What stays is taken
from the garbage collector before the keys, as the app does in a terminal. Then it opens the monitor
in terminals of three sizes and measures from a key's byte to the last byte of what is drawn for it.
Beside the figures stands the load of the machine before, since they mean little on a busy one.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import gc
import json
import math
import os
import pty
import select
import signal
import socket
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

import psutil

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.detail import MAX_SAMPLES, wanted
from neurotrain.monitor.screen import RunScreen
from neurotrain.recorder import control

STEPS_PER_EPOCH = 1000
IDLE_S = 20.0
NUM_KEYS = 120
TYPED = (b"\x1b[C", b"y", b"m", b"+", b"v", b"x")
SIZES = ((80, 24), (120, 40), (200, 60))
KEYS = ("right", "y", "m", "plus", "v", "x")


def write_run(folder: Path, num_events: int) -> None:
    """A live run with that many steps, an epoch every thousand, and one spike in the loss."""
    start = {
        "name": "bench", "epochs": num_events // STEPS_PER_EPOCH + 1,
        "steps_per_epoch": STEPS_PER_EPOCH, "stages": ["trainer"],
        "monitor": {"name": "valid/dice", "mode": "max"},
    }  # fmt: skip
    now = time.time() - num_events / 100
    with (folder / "events.jsonl").open("w") as log:
        log.write(_line(1, "run.started", now, 0, 0, start))
        for step in range(1, num_events + 1):
            epoch = (step - 1) // STEPS_PER_EPOCH + 1
            loss = 9.0 if step == num_events // 3 else 1 / math.sqrt(step) + 0.1
            batch = (step - 1) % STEPS_PER_EPOCH + 1
            data = {
                "loss": loss, "lr": 1e-3, "grad_norm": 1.0, "samples_per_s": 400.0,
                "data_wait": 0.03, "batch": batch, "num_batches": STEPS_PER_EPOCH,
            }  # fmt: skip
            now += 0.01
            log.write(_line(step + 1, "step.finished", now, step, epoch, data))
            if batch == STEPS_PER_EPOCH:
                told = {"metrics": {"train/loss": loss, "valid/dice": 1 - loss}, "seconds": 10.0}
                log.write(_line(0, "epoch.finished", now, step, epoch, told))
    status = control.Status(
        pid=os.getpid(), host=socket.gethostname(), boot_id=control.boot_id(), attempt=1,
        state="finished", exit_code=0, seq=num_events, time=time.time(),
    )  # fmt: skip
    control.write_status(folder, status)


def _line(seq: int, kind: str, now: float, step: int, epoch: int, data: dict[str, object]) -> str:
    event = {"v": 1, "seq": seq, "attempt": 1, "time": now, "rank": 0, "kind": kind}
    return json.dumps({**event, "step": step, "epoch": epoch, "data": data}) + "\n"


async def measure(folder: Path, num_events: int) -> None:
    """Open, wait, press keys, do nothing."""
    process, started_s = psutil.Process(), time.perf_counter()
    app = Monitor(folder, readonly=True)
    async with app.run_test(size=(120, 40)) as pilot:
        while not (isinstance(app.screen, RunScreen) and app.screen.view.num_events):
            await asyncio.sleep(0.005)
        print(f"first frame        {time.perf_counter() - started_s:6.2f} s")
        while app.screen.view.num_events < num_events:
            await asyncio.sleep(0.02)
        took_s = time.perf_counter() - started_s
        print(f"all events read    {took_s:6.2f} s   {num_events / took_s / 1000:.0f} k/s")
        gc.collect()
        gc.freeze()
        _measure_detail(app.screen)
        took = []
        for at in range(NUM_KEYS):
            key_s = time.perf_counter()
            await app.screen.run_action(_action(KEYS[at % len(KEYS)]))
            app.screen._compositor.render_strips()
            took.append(1000 * (time.perf_counter() - key_s))
        median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        print(f"key to cells       {median:6.1f} ms  p95 {p95:.1f} ms")
        await pilot.pause(12.0)
        before = process.cpu_times()
        await asyncio.sleep(IDLE_S)
        after = process.cpu_times()
        busy = after.user + after.system - before.user - before.system
        print(f"idle               {100 * busy / IDLE_S:6.2f} % of a core")
        print(f"memory             {process.memory_info().rss / 1e6:6.0f} MB")


def _measure_detail(screen: RunScreen) -> None:
    """What a window that is read again takes: of a thousand samples, and of the most."""
    end = screen.view.by_step["time"].buckets[-1].last_x
    for num in (1000, MAX_SAMPLES - 2000):
        took = []
        for at in range(20):
            low = end * (0.02 + 0.04 * at)
            window = wanted(screen.view, "epoch", (low, low + num / STEPS_PER_EPOCH))
            assert window is not None
            started_s = time.perf_counter()
            screen._tail.detail(window)
            took.append(1000 * (time.perf_counter() - started_s))
        median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        print(f"reread of {num:<8} {median:6.0f} ms  p95 {p95:.0f} ms")


def measure_in_terminal(folder: Path, width: int, height: int) -> None:
    """Keys over a terminal of its own, whose other end is this process."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(sys.executable, [sys.executable, "-m", "neurotrain", "monitor", str(folder)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    _drawn(terminal, quiet_s=3.0, most_s=60.0)
    took = []
    for at in range(NUM_KEYS):
        started_s = time.perf_counter()
        os.write(terminal, TYPED[at % len(TYPED)])
        took.append(1000 * (_drawn(terminal, quiet_s=0.15, most_s=1.0) - started_s))
    os.kill(child, signal.SIGTERM)
    _drawn(terminal, quiet_s=1.0, most_s=5.0)
    os.waitpid(child, 0)
    os.close(terminal)
    median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    print(f"key in {width}x{height:<11} {median:6.1f} ms  p95 {p95:.1f} ms")


def _drawn(terminal: int, *, quiet_s: float, most_s: float) -> float:
    """The moment of the last byte before the terminal is quiet, or before it has taken too long."""
    started_s = last_s = time.perf_counter()
    while time.perf_counter() - started_s < most_s:
        if not select.select([terminal], [], [], quiet_s)[0]:
            break
        try:
            os.read(terminal, 1 << 20)
        except OSError:  # the other end is closed
            break
        last_s = time.perf_counter()
    return last_s


def _action(key: str) -> str:
    names = {"right": "right", "y": "log_scale", "m": "smooth", "plus": "zoom_in", "v": "cursor"}
    return f"choose('{names.get(key, 'axis')}')"


def main() -> None:
    """Write, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    print(f"load before        {os.getloadavg()[0]:6.2f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder), given.events)
        asyncio.run(measure(Path(folder), given.events))
        for width, height in SIZES:
            measure_in_terminal(Path(folder), width, height)


if __name__ == "__main__":
    main()
