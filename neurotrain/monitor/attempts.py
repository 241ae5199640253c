"""Attempts of one run: a new one begins, and a resume takes back what it does again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from neurotrain.monitor import reading
from neurotrain.monitor.lines import Told
from neurotrain.monitor.series import Series
from neurotrain.monitor.view import Note, Position, Stage, View
from neurotrain.recorder.events import Event


def begin_attempt(view: View, event: Told) -> View:
    """The view when the first event of a later attempt comes: the earlier end counts no more."""
    earlier_s = view.earlier_s
    if view.started_at is not None and view.updated_at is not None:
        earlier_s += max(0.0, view.updated_at - view.started_at)
    return replace(
        view,
        attempt=event.attempt,
        started_at=event.time,
        earlier_s=earlier_s,
        end=None,
        stages=tuple(_halted(stage) for stage in view.stages),
        position=replace(view.position, epoch_started_at=None),
    )


def supersede(view: View, event: Event) -> View:
    """The view after `run.resumed`: what lies beyond its step has not happened."""
    step = reading.count(event.data.get("from_step")) or 0
    kept_early = tuple(early for early in view.early_history if early.step <= step)
    kept_notes = tuple(note for note in view.notes if note.step <= step)
    epoch_times = tuple(took for took in view.epoch_times if took.step <= step)
    kept = replace(
        view,
        by_epoch=_until(view.by_epoch, step),
        by_step=_until(view.by_step, step),
        early_history=kept_early,
        early_stopping=kept_early[-1] if kept_early else None,
        checkpoints=tuple(saved for saved in view.checkpoints if saved.step <= step),
        epoch_times=epoch_times,
        stages=tuple(
            stage if stage.name == view.training else _until_stage(stage, step)
            for stage in view.stages
        ),
        end=None,
        resumed_from=step,
        num_warnings=sum(note.mark == "warn" for note in kept_notes),
        position=_position(view, step),
    )
    note = Note(time=event.time, mark="info", text=_told(event, step), step=step)
    return replace(kept, notes=(*kept_notes, note))


def _position(view: View, step: int) -> Position:
    num_finished = 0
    for series in view.by_epoch.values():
        last = series.until(step).last
        num_finished = max(num_finished, 0 if last is None else int(last.last_x))
    if view.position.step <= step:
        return replace(view.position, num_finished=num_finished)
    return Position(epoch=num_finished, step=step, num_finished=num_finished)


def _until(many: Mapping[str, Series], step: int) -> Mapping[str, Series]:
    cut = {name: series.until(step) for name, series in many.items()}
    return MappingProxyType({name: series for name, series in cut.items() if series})


def _until_stage(stage: Stage, step: int) -> Stage:
    return Stage(name=stage.name) if stage.step > step else _halted(stage)


def _halted(stage: Stage) -> Stage:
    return Stage(name=stage.name) if stage.state == "running" else stage


def _told(event: Event, step: int) -> str:
    checkpoint = reading.text(event.data.get("checkpoint"))
    if not checkpoint:
        return f"resumed: no checkpoint yet, starting at step {step}"
    return f"resumed from step {step}  ({checkpoint})"
