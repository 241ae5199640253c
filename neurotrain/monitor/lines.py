"""From the lines of an event file to events; steps, of which there are most, by a typed decoder.

Knows no run. A line that the decoder does not take is read like any other: what it tells is the
same.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from neurotrain.monitor import reading
from neurotrain.recorder import events
from neurotrain.recorder.events import Event

STEP: Final = "step.finished"
_MARK: Final = b'"step.finished"'
_MAX_COUNT: Final = 10**15

Value: TypeAlias = float | Literal["NaN", "Infinity", "-Infinity"] | None
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=_MAX_COUNT)]


class StepData(msgspec.Struct, frozen=True, gc=False):
    """What a step tells, as an event holds it; other fields of it are skipped."""

    loss: Value = None
    lr: Value = None
    grad_norm: Value = None
    samples_per_s: Value = None
    tokens_per_s: Value = None
    data_wait: Value = None
    batch: Count | None = None
    num_batches: Count | None = None


class Step(msgspec.Struct, frozen=True, gc=False):
    """A `step.finished` of rank 0 with numbers that can be."""

    kind: Literal["step.finished"]
    time: float
    data: StepData
    seq: int = 0
    attempt: Count = 0
    rank: Literal[0] = 0
    step: Count = 0
    epoch: Count = 0
    v: int = 1


Told: TypeAlias = Event | Step

_STEPS: Final = msgspec.json.Decoder(Step)


def decode(line: bytes) -> Told | None:
    """What a line tells, or None where it is torn or no event."""
    if _MARK in line:
        try:
            return _STEPS.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            pass
    return events.decode(line)


def step_of(event: Event) -> Step:
    """The step that a plausible event of rank 0 tells."""
    told = event.data
    data = StepData(
        loss=reading.real(told.get("loss")),
        lr=reading.real(told.get("lr")),
        grad_norm=reading.real(told.get("grad_norm")),
        samples_per_s=reading.real(told.get("samples_per_s")),
        tokens_per_s=reading.real(told.get("tokens_per_s")),
        data_wait=reading.real(told.get("data_wait")),
        batch=reading.count(told.get("batch")),
        num_batches=reading.count(told.get("num_batches")),
    )
    return Step(
        kind=STEP, time=event.time, data=data, seq=event.seq, attempt=event.attempt,
        step=event.step, epoch=event.epoch, v=event.v,
    )  # fmt: skip
