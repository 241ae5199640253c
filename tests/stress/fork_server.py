"""Runs plans in forked processes and kills them: `python -m tests.stress.fork_server`.

Importing torch takes longer than the runs that are killed here, so it is imported once. Each line
of stdin is an order as JSON; each line of stdout says how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib.figure
import monai.networks.nets.unet
import scipy.ndimage
import sklearn.datasets
import torch

import neurotrain.engine.attempt
from neurotrain.engine.storage import Disk
from neurotrain.engine.worker import main

OPERATIONS = ("create", "write", "flush", "flush_folder", "replace", "link", "remove")


def die_at(number: int) -> None:
    """Kill this process group at the n-th durable file operation, a write in its middle."""
    count = 0

    def wrapped(name: str) -> Any:
        original = getattr(Disk, name)

        def operate(disk: Disk, *arguments: Any) -> Any:
            nonlocal count
            count += 1
            if count < number:
                return original(disk, *arguments)
            if name == "write":
                file, data = arguments
                original(disk, file, data[: len(data) // 2])
                file.flush()
            os.killpg(0, signal.SIGKILL)
            raise AssertionError("still alive")

        return operate

    for name in OPERATIONS:
        setattr(Disk, name, wrapped(name))


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run once; how it ended and how long it took."""
    started_s = time.monotonic()
    pid = os.fork()
    if pid == 0:
        be_run(order)
    os.setpgid(pid, pid)
    if order.get("after_s") is not None:
        time.sleep(order["after_s"])
        os.killpg(pid, order.get("signal", signal.SIGKILL))
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": time.monotonic() - started_s}


def be_run(order: dict[str, Any]) -> None:
    """Be the run. Does not return."""
    code = 1
    try:
        os.setpgid(0, 0)
        log = os.open(Path(order["run"]) / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if order.get("at_operation") is not None:
            die_at(order["at_operation"])
        code = main([order["run"]])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    imported = (neurotrain.engine.attempt, matplotlib.figure, monai.networks.nets.unet)
    assert all((*imported, scipy.ndimage, sklearn.datasets))
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
