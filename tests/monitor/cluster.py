"""A recorded run with everything that a larger one tells: settings, predictions, GPUs, ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neurotrain.recorder.events import Event, decode, encode

SETTINGS = {
    "train.epochs": "30",
    "train.batch.global": "16",
    "train.optimizer.type": "adamw",
    "train.optimizer.learning_rate": "0.003",
    "train.checkpoints.every": "10 epochs",
    "train.checkpoints.keep_last": "2",
    "model.type": "unet",
}
PREDICTIONS = [
    {"name": "optimizer steps", "value": 1200.0, "unit": "steps", "method": "epochs times steps"},
    {"name": "operations of a step", "value": 4.2e9, "unit": "FLOP", "method": "counted on meta"},
    {"name": "memory of parameters", "value": 4.7e5, "unit": "bytes", "method": "counted"},
    {"name": "memory of activations", "value": 8.1e8, "unit": "bytes", "method": "counted"},
    {"name": "checkpoint", "value": 1.43e6, "unit": "bytes", "method": "weights and optimizer"},
    {"name": "disk at its peak", "value": 5.7e6, "unit": "bytes", "method": "four checkpoints"},
]


def gpu(index: int, **more: Any) -> dict[str, Any]:
    """One GPU's load."""
    return {
        "index": index, "util": 96.0, "memory_used_bytes": 61_000_000_000,
        "memory_total_bytes": 80_000_000_000, "temperature_c": 64, "power_w": 381.0,
        "is_throttled": False,
    } | more  # fmt: skip


def enrich(run_dir: Path, *, settings: dict[str, str] | None = None) -> Path:
    """Add to a recorded run of one process what two processes on two GPUs would tell."""
    file = run_dir / "events.jsonl"
    found = [event for line in file.read_bytes().splitlines() if (event := decode(line))]
    for event in found:
        if event.kind == "run.started":
            event.data.update(
                settings=SETTINGS if settings is None else settings, predictions=PREDICTIONS,
                device="cuda", world_size=2,
            )  # fmt: skip
        if event.kind == "machine.sampled":
            event.data.update(
                num_cpus=64, process_cpu=410.0, disk_total_bytes=100_000_000_000,
                read_bytes_per_s=3.1e8, write_bytes_per_s=1.2e7,
                gpus=[gpu(0), gpu(1, util=71.0, temperature_c=81, is_throttled=True)],
            )  # fmt: skip
        if event.kind == "checkpoint.saved":
            event.data.update(verified=True, stall_s=0.004)
    file.write_bytes(b"".join(map(encode, found)))
    steps = [event for event in found if event.kind == "step.finished"]
    second = [_slower(event, seq) for seq, event in enumerate(steps, start=1)]
    (run_dir / "events.1.jsonl").write_bytes(b"".join(map(encode, second)))
    lines = [f"14:0{at // 60}:{at % 60:02d} INFO  rank 1 says {at}" for at in range(300)]
    (run_dir / "logs" / "rank-1.log").write_text("\n".join([*lines, "14:05:00 WARN  hot"]) + "\n")
    for saved in {event.data["path"] for event in found if event.kind == "checkpoint.saved"}:
        (run_dir / saved).parent.mkdir(parents=True, exist_ok=True)
        (run_dir / saved).write_bytes(bytes(1_430_000))
    return run_dir


def _slower(event: Event, seq: int) -> Event:
    told = json.loads(encode(event)) | {"rank": 1, "seq": seq, "step": max(0, event.step - 2)}
    told["data"]["samples_per_s"] = event.data["samples_per_s"] * 0.7
    made = decode(json.dumps(told).encode())
    assert made is not None
    return made
