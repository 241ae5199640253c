"""The facts about a run, one JSON line each, and their reading.

Standard library only, because the monitor and every tool read with it. A training run, with its
events in their places:

    run.started                     plan summary: name, stages, epochs, steps, monitor, data
    run.resumed                     from_step: later records of earlier attempts are superseded
    stage.started                   per stage of the graph: trainer, tester, predictor
      weights.loaded                message: what of the pretrained weights matched
      curriculum.changed            level, before, num_samples, num_batches; before its first epoch
      epoch.started                 lr, num_batches; level of a curriculum
        step.finished               loss, lr, grad_norm, samples_per_s, tokens_per_s; few a second
      validation.finished           metrics, seconds
      epoch.finished                metrics: the values recorded for the epoch
      epoch.detailed                metrics: those of parameters and layers, in parts that fit
      early_stopping.updated        best, counter, patience, needed, stops_at_epoch, stopped
      checkpoint.saved              path, roles, bytes, shards_bytes (beside the file at path),
                                    seconds, stall_s, verified, removed
      progress.reported             done, total: batches of testing and predicting
      machine.sampled               load of cpu, memory, disk and gpus
      warning.raised                message
      update.skipped                message, count, samples
      training.rolled_back          message, count, samples
    stage.finished                  seconds, result;   or stage.skipped  reason
    run.finished | run.failed | run.interrupted

An event is written by one `write` call, so a crash can tear only the last line; readers skip a torn
line and kinds that they do not know. `seq` grows over all attempts of a run.
"""

from __future__ import annotations

import errno
import json
import math
import os
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

VERSION: Final = 1
MAX_LINE_BYTES: Final = 64 * 1024
_NON_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact about a run."""

    kind: str
    """`noun.past`, such as `epoch.finished`."""
    seq: int
    attempt: int
    time: float
    """Seconds since the Unix epoch, UTC."""
    rank: int = 0
    step: int = 0
    """Optimizer updates done so far."""
    epoch: int = 0
    """The epoch that the fact is about, counted from 1; 0 where there is none."""
    data: Data = field(default_factory=dict)
    v: int = VERSION


def encode(event: Event) -> bytes:
    """The event's line, newline included. Non-finite numbers become strings.

    Raises:
        ValueError: the line is longer than `MAX_LINE_BYTES`.
    """
    record = {
        "v": event.v,
        "seq": event.seq,
        "attempt": event.attempt,
        "time": round(event.time, 6),
        "rank": event.rank,
        "kind": event.kind,
        "step": event.step,
        "epoch": event.epoch,
        "data": _finite(event.data),
    }
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    encoded = line.encode("utf-8", "backslashreplace") + b"\n"
    if len(encoded) > MAX_LINE_BYTES:
        raise ValueError(f"event {event.kind} takes {len(encoded)} bytes; {MAX_LINE_BYTES} fit")
    return encoded


def decode(line: bytes) -> Event | None:
    """The event on a line, or None where the line is torn or not an event."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("data"), dict):
        return None
    kind, time = record.get("kind"), number(record.get("time"))
    counts = [record.get(name, 0) for name in ("seq", "attempt", "rank", "step", "epoch", "v")]
    if not isinstance(kind, str) or time is None:
        return None
    if not all(isinstance(count, int) and not isinstance(count, bool) for count in counts):
        return None
    seq, attempt, rank, step, epoch, version = counts
    return Event(
        kind=kind, seq=seq, attempt=attempt, time=time, rank=rank, step=step, epoch=epoch,
        data=record["data"], v=version,
    )  # fmt: skip


def number(value: object) -> float | None:
    """A number as an event holds it, the strings for non-finite ones included; else None."""
    if isinstance(value, str):
        return _NON_FINITE.get(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def read_lines(path: Path, offset: int = 0, max_bytes: int = 1 << 20) -> tuple[list[bytes], int]:
    """Whole lines from a byte offset on, and the offset behind the last of them."""
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            block = stream.read(max_bytes)
    except FileNotFoundError:
        return [], offset
    whole = block.rfind(b"\n") + 1
    if whole == 0 and len(block) == max_bytes:
        return [], offset + len(block)
    return [line for line in block[:whole].split(b"\n") if line], offset + whole


def read(path: Path, offset: int = 0, max_bytes: int = 1 << 20) -> tuple[list[Event], int]:
    """Events from a byte offset on, and the offset behind the last whole line read."""
    lines, end = read_lines(path, offset, max_bytes)
    decoded = (decode(line) for line in lines)
    return [event for event in decoded if event is not None], end


def read_all(path: Path) -> Iterator[Event]:
    """Every event of a file."""
    offset = 0
    while True:
        events, end = read(path, offset)
        yield from events
        if end == offset:
            return
        offset = end


def effective(events: Iterator[Event]) -> list[Event]:
    """The events that count: what a resume redid is dropped from the earlier attempts.

    `run.resumed` with `from_step` n supersedes records of earlier attempts beyond step n, of the
    stage that it is in.
    """
    kept: list[tuple[str, Event]] = []
    stage = ""
    for event in events:
        if event.kind == "stage.started":
            stage = str(event.data.get("stage", ""))
        if event.kind == "run.resumed":
            from_step = number(event.data.get("from_step")) or 0
            kept = [
                (own, old) for own, old in kept
                if own != stage or old.step <= from_step or old.attempt == event.attempt
            ]  # fmt: skip
        kept.append((stage, event))
    return [event for _, event in kept]


class EventLog:
    """Appends events to a run's file; the only writer of that file.

    It begins an attempt, or goes on with the last one that the file has.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path, *, rank: int = 0, goes_on: bool = False) -> None:
        self.path = path
        self.rank = rank
        path.parent.mkdir(parents=True, exist_ok=True)
        last_seq, last_attempt = _last_numbers(path)
        self._next_seq = last_seq + 1
        self.attempt = last_attempt + (0 if goes_on else 1)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._torn = _ends_torn(path)

    def write(self, kind: str, *, step: int = 0, epoch: int = 0, **data: Any) -> Event:
        """Append one event with the next number and return it."""
        event = Event(
            kind=kind, seq=self._next_seq, attempt=self.attempt, time=clock.time(),
            rank=self.rank, step=step, epoch=epoch, data=data,
        )  # fmt: skip
        line = encode(event)
        written = os.write(self._file, b"\n" + line if self._torn else line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, "an event was written in part", str(self.path))
        self._next_seq += 1
        return event

    def close(self) -> None:
        """Close the file; later writes fail."""
        os.close(self._file)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(below) for below in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _last_numbers(path: Path) -> tuple[int, int]:
    last_seq = last_attempt = 0
    for event in read_all(path):
        last_seq, last_attempt = max(last_seq, event.seq), max(last_attempt, event.attempt)
    return last_seq, last_attempt


def _ends_torn(path: Path) -> bool:
    size = path.stat().st_size
    if size == 0:
        return False
    with path.open("rb") as stream:
        stream.seek(size - 1)
        return stream.read(1) != b"\n"
