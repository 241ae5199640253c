"""`step.finished`, many at a time: by far the most frequent event, so read in one go.

Pure, like the rest of the fold; folding steps one by one or together tells the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from neurotrain.monitor import reading
from neurotrain.monitor.admission import judge_event
from neurotrain.monitor.series import Bucket, Series, sample
from neurotrain.monitor.view import Position, View
from neurotrain.recorder.events import Event

KIND: Final = "step.finished"
_CURVES: Final = ("loss", "lr", "grad_norm", "samples_per_s", "data_wait")
_CLOCK: Final = "time"


def fold_steps(view: View, events: Sequence[Event]) -> View:
    """The view after several steps more, none of a later attempt than the view's."""
    counted, num_unknown = _admit(view, events)
    if not counted:
        return replace(view, num_unknown=num_unknown) if num_unknown > view.num_unknown else view
    position, samples = _walk(view, counted)
    by_step = dict(view.by_step)
    for name, found in samples.items():
        if found:
            by_step[name] = by_step.get(name, Series()).extend(found)
    return replace(
        view,
        seq=max(view.seq, *(event.seq for event in counted)),
        num_events=view.num_events + len(counted),
        num_unknown=num_unknown,
        started_at=counted[0].time if view.started_at is None else view.started_at,
        updated_at=counted[-1].time,
        position=position,
        by_step=MappingProxyType(by_step),
    )


def _admit(view: View, events: Sequence[Event]) -> tuple[list[Event], int]:
    seq, num_unknown = view.seq, view.num_unknown
    counted: list[Event] = []
    for event in events:
        verdict = judge_event(event, seq, view.attempt)
        if verdict == "counts":
            counted.append(event)
            seq = max(seq, event.seq)
        elif verdict == "implausible":
            num_unknown += 1
    return counted, num_unknown


def _walk(view: View, events: Sequence[Event]) -> tuple[Position, dict[str, list[Bucket]]]:
    """Where the last step leaves the training, and the samples of every step."""
    samples: dict[str, list[Bucket]] = {name: [] for name in (*_CURVES, _CLOCK)}
    old, steps_per_epoch = view.position, view.facts.steps_per_epoch
    epoch, num_batches, lr = old.epoch, old.num_batches, old.lr
    for event in events:
        data = event.data
        epoch = event.epoch or epoch
        batch, told = reading.count(data.get("batch")), reading.count(data.get("num_batches"))
        num_batches = num_batches if told is None else told
        x = _epochs_done(epoch, batch, num_batches, event.step, steps_per_epoch)
        samples[_CLOCK].append(sample(x, event.time, event.step))
        for name in _CURVES:
            value = reading.real(data.get(name))
            if value is not None:
                samples[name].append(sample(x, value, event.step))
                lr = value if name == "lr" else lr
    last = events[-1]
    position = Position(
        epoch=epoch,
        step=last.step,
        batch=batch,
        num_batches=num_batches,
        loss=reading.real(last.data.get("loss")),
        lr=lr,
        grad_norm=reading.real(last.data.get("grad_norm")),
        samples_per_s=reading.finite(last.data.get("samples_per_s")),
        tokens_per_s=reading.finite(last.data.get("tokens_per_s")),
        data_wait=reading.finite(last.data.get("data_wait")),
        epoch_started_at=old.epoch_started_at,
        num_finished=old.num_finished,
    )
    return position, samples


def _epochs_done(
    epoch: int, batch: int | None, num_batches: int | None, step: int, steps_per_epoch: int | None
) -> float:
    """The epochs done with their fraction: where a step lies on the charts' axis."""
    if epoch > 0 and batch is not None and num_batches:
        return epoch - 1 + min(1.0, batch / num_batches)
    if steps_per_epoch:
        return step / steps_per_epoch
    return float(epoch)
