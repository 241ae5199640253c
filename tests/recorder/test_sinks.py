"""Loggers: what arrives in TensorBoard and W&B, and that a broken one hurts nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from neurotrain.recorder.events import Event
from neurotrain.recorder.sinks import Background, TensorBoardSink, scalars


def event(kind: str, step: int = 0, seq: int = 1, **data: Any) -> Event:
    """An event of the first attempt."""
    return Event(kind=kind, seq=seq, attempt=1, time=1e9 + seq, step=step, data=data)


def shown(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard itself reads."""
    reader = EventAccumulator(str(folder))
    reader.Reload()
    tags = reader.Tags()["scalars"]
    return {tag: [(each.step, each.value) for each in reader.Scalars(tag)] for tag in tags}


def test_tensorboard_shows_the_values(tmp_path: Path) -> None:
    """Step values, epoch values and the test's result, at their steps."""
    sink = TensorBoardSink(tmp_path)
    sink.write(event("step.finished", 3, loss=0.5, lr=0.25, grad_norm=None, samples_per_s=8.0))
    sink.write(event("epoch.finished", 4, metrics={"valid/dice": 0.75, "valid/loss": "NaN"}))
    sink.write(event("stage.finished", 4, stage="tester", result={"dice": 0.875}))
    sink.write(event("machine.sampled", 4, cpu=0.5))
    sink.close()
    found = shown(tmp_path)
    assert found.pop("valid/loss")[0][0] == 4
    assert found == {
        "step/loss": [(3, 0.5)],
        "step/lr": [(3, 0.25)],
        "step/samples_per_s": [(3, 8.0)],
        "valid/dice": [(4, 0.75)],
        "test/dice": [(4, 0.875)],
    }


def test_tensorboard_hides_what_a_resume_does_again(tmp_path: Path) -> None:
    """After a resume from step 2 the values of steps 3 and 4 are the new ones alone."""
    first, second = TensorBoardSink(tmp_path), TensorBoardSink(tmp_path)
    for step in (1, 2, 3, 4):
        first.write(event("step.finished", step, loss=float(step)))
    first.close()
    time.sleep(1.1)
    second.write(event("run.resumed", 2, from_step=2))
    for step in (3, 4):
        second.write(event("step.finished", step, loss=10.0 * step))
    second.close()
    assert shown(tmp_path)["step/loss"] == [(1, 1.0), (2, 2.0), (3, 30.0), (4, 40.0)]


class Broken:
    """A sink whose disk is full."""

    def __init__(self) -> None:
        self.calls = 0

    def write(self, event: Event) -> None:
        """Fail."""
        self.calls += 1
        raise OSError(28, "No space left on device")

    def close(self) -> None:
        """Nothing to do."""


def test_a_broken_sink_is_told_once_and_left_out() -> None:
    """It neither raises nor is asked again."""
    told: list[str] = []
    broken = Broken()
    feed = Background("tensorboard", broken, told.append)
    for step in range(100):
        feed.put(event("step.finished", step, loss=1.0))
    feed.close()
    assert broken.calls == 1
    assert len(told) == 1
    assert "No space left on device" in told[0]


class Slow:
    """A sink that hangs until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.taken = 0

    def write(self, event: Event) -> None:
        """Wait."""
        self.released.wait(30)
        self.taken += 1

    def close(self) -> None:
        """Nothing to do."""


def test_a_hanging_sink_never_waits_and_its_losses_are_told() -> None:
    """Handing over returns at once also when the queue is full; what is lost is counted."""
    told: list[str] = []
    slow = Slow()
    feed = Background("wandb", slow, told.append)
    for step in range(10_050):
        feed.put(event("step.finished", step, loss=1.0))
    slow.released.set()
    feed.close()
    lost = 10_050 - slow.taken
    assert lost >= 48
    assert told == [f"the logger 'wandb' was too slow: it lost {lost} events"]


@pytest.mark.parametrize("kind", ["epoch.started", "machine.sampled", "progress.reported"])
def test_other_events_have_no_values(kind: str) -> None:
    """Only what a chart over steps can show is handed on."""
    assert list(scalars(event(kind, loss=1.0, lr=0.1))) == []
