"""`step.finished`, many at a time: by far the most frequent event, so read column by column.

Pure, like the rest of the fold; folding steps one by one or together tells the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from neurotrain.monitor import reading
from neurotrain.monitor.admission import judge_event
from neurotrain.monitor.lines import Step, Told, step_of
from neurotrain.monitor.series import Series
from neurotrain.monitor.view import Position, View

_CURVES: Final = ("loss", "lr", "grad_norm", "samples_per_s", "data_wait")
_CLOCK: Final = "time"


def fold_steps(view: View, told: Sequence[Told]) -> View:
    """The view after several steps more, none of a later attempt than the view's."""
    counted, num_unknown = _admit(view, told)
    if not counted:
        return replace(view, num_unknown=num_unknown) if num_unknown > view.num_unknown else view
    position, xs = _walk(view, counted)
    by_step = dict(view.by_step)
    numbers = [step.step for step in counted]
    clock = [step.time for step in counted]
    by_step[_CLOCK] = by_step.get(_CLOCK, Series()).extend(xs, clock, numbers)
    for name in _CURVES:
        at, values = _told(name, counted)
        if values:
            whole = len(at) == len(xs)
            where = xs if whole else [xs[n] for n in at]
            which = numbers if whole else [numbers[n] for n in at]
            by_step[name] = by_step.get(name, Series()).extend(where, values, which)
    return replace(
        view,
        seq=max(view.seq, max(step.seq for step in counted)),
        num_events=view.num_events + len(counted),
        num_unknown=num_unknown,
        started_at=counted[0].time if view.started_at is None else view.started_at,
        updated_at=counted[-1].time,
        position=position,
        by_step=MappingProxyType(by_step),
    )


def _admit(view: View, told: Sequence[Told]) -> tuple[list[Step], int]:
    seq, num_unknown = view.seq, view.num_unknown
    counted: list[Step] = []
    for each in told:
        verdict = judge_event(each, seq, view.attempt)
        if verdict == "counts":
            counted.append(each if isinstance(each, Step) else step_of(each))
            seq = max(seq, each.seq)
        elif verdict == "implausible":
            num_unknown += 1
    return counted, num_unknown


def _told(name: str, steps: Sequence[Step]) -> tuple[Sequence[int], list[float]]:
    """Which steps tell a value of that name, and the values."""
    told = list(map(attrgetter(f"data.{name}"), steps))
    if set(map(type, told)) == {float}:
        return range(len(told)), told
    known = [(at, reading.real(value)) for at, value in enumerate(told)]
    found = [(at, value) for at, value in known if value is not None]
    return [at for at, _ in found], [value for _, value in found]


def _walk(view: View, steps: Sequence[Step]) -> tuple[Position, list[float]]:
    """Where the last step leaves the training, and the epochs done at every step."""
    xs: list[float] = []
    old, steps_per_epoch = view.position, view.facts.steps_per_epoch
    epoch, num_batches, lr = old.epoch, old.num_batches, old.lr
    for step in steps:
        data = step.data
        epoch = step.epoch or epoch
        batch = data.batch
        if data.num_batches is not None:
            num_batches = data.num_batches
        if data.lr is not None:
            lr = data.lr if type(data.lr) is float else reading.real(data.lr)
        if epoch > 0 and batch is not None and num_batches:
            xs.append(epoch - 1 + min(1.0, batch / num_batches))
        elif steps_per_epoch:
            xs.append(step.step / steps_per_epoch)
        else:
            xs.append(float(epoch))
    last = steps[-1]
    position = Position(
        epoch=epoch,
        step=last.step,
        batch=batch,
        num_batches=num_batches,
        loss=reading.real(last.data.loss),
        lr=lr,
        grad_norm=reading.real(last.data.grad_norm),
        samples_per_s=reading.finite(last.data.samples_per_s),
        tokens_per_s=reading.finite(last.data.tokens_per_s),
        data_wait=reading.finite(last.data.data_wait),
        epoch_started_at=old.epoch_started_at,
        num_finished=old.num_finished,
        level=old.level,
    )
    return position, xs
