"""One event more: `fold(view, event)` is the view after it.

Pure and total: no clock, no file, and whatever an event holds, it never raises. What it does not
know it counts and skips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from neurotrain.monitor import machines, reading, steps, wording
from neurotrain.monitor.admission import judge_event
from neurotrain.monitor.attempts import begin_attempt, supersede
from neurotrain.monitor.lines import STEP, Step, Told
from neurotrain.monitor.reading import MAX_ITEMS
from neurotrain.monitor.series import Series
from neurotrain.monitor.start import start
from neurotrain.monitor.view import (
    Checkpoint,
    EarlyStopping,
    End,
    EndKind,
    EpochTime,
    Mark,
    Note,
    Position,
    Stage,
    StageState,
    View,
    no_series,
)
from neurotrain.recorder.events import Event

T = TypeVar("T")
Fold: TypeAlias = Callable[[View, Event], View]

_MAX_NOTES: Final = 100
_MAX_EARLY: Final = 256
_MAX_CHECKPOINTS: Final = 256
_MAX_EPOCH_TIMES: Final = 64
_MAX_VALIDATIONS: Final = 16


def fold(view: View, event: Told) -> View:
    """The view after one event more; an event seen before changes nothing."""
    if event.kind == STEP and event.rank == 0 and event.attempt <= view.attempt:
        return steps.fold_steps(view, [event])
    if event.rank > 0 and isinstance(event, Event):
        return machines.fold_rank(view, event)
    verdict = judge_event(event, view.seq, view.attempt)
    if verdict == "seen":
        return view
    if verdict == "implausible":
        return replace(view, num_unknown=view.num_unknown + 1)
    if event.attempt > view.attempt:
        view = begin_attempt(view, event)
    if event.kind == STEP or isinstance(event, Step):
        return steps.fold_steps(view, [event])
    step = _KINDS.get(event.kind)
    view = replace(
        view,
        seq=max(event.seq, view.seq),
        num_events=view.num_events + 1,
        num_unknown=view.num_unknown + (step is None),
        started_at=event.time if view.started_at is None else view.started_at,
        updated_at=event.time,
    )
    return view if step is None else step(view, event)


def fold_all(view: View, events: Iterable[Told]) -> View:
    """The view after several events more."""
    waiting: list[Told] = []
    for event in events:
        if event.kind == STEP and event.rank == 0 and event.attempt <= view.attempt:
            waiting.append(event)
            continue
        if waiting:
            view, waiting = steps.fold_steps(view, waiting), []
        view = fold(view, event)
    return steps.fold_steps(view, waiting) if waiting else view


def _start_stage(view: View, event: Event) -> View:
    name = reading.text(event.data.get("stage"), 40)
    stage = Stage(name=name, state="running", started_at=event.time, step=event.step)
    if stage.trains and name != view.training:
        view = replace(_begin_training(view, event) if view.training else view, training=name)
    total = reading.count(event.data.get("total_epochs"))
    facts = view.facts if total is None else replace(view.facts, epochs=total)
    return replace(_with_stage(view, stage), facts=facts)


def _begin_training(view: View, event: Event) -> View:
    """The view when another training begins: its epochs count from 1 again.

    What the others left is out of the reach of its resume, which goes back to a step of its own.
    """
    view = _with_note(view, event, "info", f"{reading.text(event.data.get('stage'), 40)} begins")
    name = reading.text(event.data.get("stage"), 40)
    saved = (*view.earlier_checkpoints, *view.checkpoints)
    others = tuple(one for one in saved if one.training != name)
    done = {**view.steps_by_training, view.training: view.position.step}
    return replace(
        view,
        checkpoints=tuple(one for one in saved if one.training == name),
        earlier_checkpoints=others[-_MAX_CHECKPOINTS:],
        steps_by_training=MappingProxyType({k: v for k, v in done.items() if k != name}),
        stages=tuple(replace(stage, step=0) for stage in view.stages),
        notes=tuple(replace(note, step=0) for note in view.notes),
        epoch_times=tuple(replace(took, step=0) for took in view.epoch_times),
        position=Position(step=event.step),
        resumed_from=None,
        by_epoch=no_series(),
        by_step=no_series(),
        early_stopping=None,
        early_history=(),
    )


def _finish_stage(view: View, event: Event) -> View:
    known = _stage(view, event)
    result = tuple(reading.numbers(event.data.get("result")).items())
    seconds = reading.finite(event.data.get("seconds"))
    return _with_stage(
        view, replace(known, state="done", seconds=seconds, result=result, step=event.step)
    )


def _skip_stage(view: View, event: Event) -> View:
    """What an earlier attempt has told to be done stays done, with what it found."""
    known, reason = _stage(view, event), reading.text(event.data.get("reason"))
    state: StageState = "done" if known.state == "done" else "skipped"
    return _with_stage(view, replace(known, state=state, reason=reason, step=event.step))


def _start_epoch(view: View, event: Event) -> View:
    old = view.position
    position = Position(
        epoch=max(0, event.epoch),
        step=event.step,
        batch=0,
        num_batches=reading.count(event.data.get("num_batches")),
        loss=old.loss,
        lr=_or(reading.real(event.data.get("lr")), old.lr),
        grad_norm=old.grad_norm,
        samples_per_s=old.samples_per_s,
        tokens_per_s=old.tokens_per_s,
        data_wait=old.data_wait,
        epoch_started_at=event.time,
        num_finished=old.num_finished,
        level=reading.text(event.data.get("level"), 60),
    )
    return replace(view, position=position)


def _change_level(view: View, event: Event) -> View:
    """A note of the change; a resume from before the epoch tells the same once more."""
    num_samples, num_batches = (
        reading.count(event.data.get(name)) for name in ("num_samples", "num_batches")
    )
    sizes = [] if num_samples is None else [wording.plural(num_samples, "sample")]
    if num_batches is not None:
        sizes.append("1 batch" if num_batches == 1 else f"{num_batches} batches")
    size = f": {', '.join(sizes)} an epoch" if sizes else ""
    text = f"level {reading.text(event.data.get('level'), 60)}{size}"
    is_told = any((note.step, note.text) == (event.step, text) for note in view.notes)
    return view if is_told else _with_note(view, event, "info", text)


def _finish_validation(view: View, event: Event) -> View:
    metrics = reading.numbers(event.data.get("metrics"))
    view = _with_metrics(view, metrics, event)
    seconds = reading.finite(event.data.get("seconds"))
    took = view.validation_s if seconds is None else (*view.validation_s, max(0.0, seconds))
    position = replace(view.position, validated=True)
    return replace(view, position=position, validation_s=took[-_MAX_VALIDATIONS:])


def _detail_epoch(view: View, event: Event) -> View:
    return _with_metrics(view, reading.numbers(event.data.get("metrics")), event)


def _finish_epoch(view: View, event: Event) -> View:
    view = _with_metrics(view, reading.numbers(event.data.get("metrics")), event)
    position = view.position
    seconds = reading.finite(event.data.get("seconds"))
    if position.epoch == event.epoch and position.epoch_started_at is not None:
        seconds = max(event.time - position.epoch_started_at, seconds or 0.0)
    times = view.epoch_times
    if seconds is not None and seconds >= 0:
        validated = event.data.get("validated") is True
        took = EpochTime(
            epoch=event.epoch, seconds=seconds, validated=validated, step=event.step,
            training=view.training,
        )  # fmt: skip
        times = (*times, took)[-_MAX_EPOCH_TIMES:]
    finished = replace(
        position, num_finished=max(0, event.epoch), batch=position.num_batches, step=event.step
    )
    return replace(view, position=finished, epoch_times=times)


def _update_early_stopping(view: View, event: Event) -> View:
    data = event.data
    early = EarlyStopping(
        monitor=reading.text(data.get("monitor"), 60) or view.facts.monitor,
        mode="max" if data.get("mode") == "max" else "min",
        min_delta=reading.finite(data.get("min_delta")),
        value=reading.real(data.get("value")),
        best=reading.real(data.get("best")),
        best_epoch=reading.count(data.get("best_epoch")),
        counter=reading.count(data.get("counter")) or 0,
        patience=reading.count(data.get("patience")) or 0,
        needed=reading.real(data.get("needed")),
        stops_at_epoch=reading.count(data.get("stops_at_epoch")),
        stopped=data.get("stopped") is True,
        reason=reading.text(data.get("reason")),
        step=event.step,
        epoch=max(0, event.epoch),
    )
    history = (*view.early_history, early)[-_MAX_EARLY:]
    view = replace(view, early_stopping=early, early_history=history)
    if early.stopped:
        return _with_note(view, event, "info", f"early stopping: {early.reason or 'stopped'}")
    if early.counter == 0 and early.best_epoch == event.epoch:
        best = f"best {early.monitor} {wording.value(early.best)} @ e{event.epoch}"
        return _with_note(view, event, "good", best)
    return view


def _save_checkpoint(view: View, event: Event) -> View:
    path = reading.text(event.data.get("path"))
    roles = reading.texts(event.data.get("roles"))
    saved = Checkpoint(
        path=path, roles=roles, epoch=max(0, event.epoch), step=event.step, time=event.time,
        num_bytes=reading.count(event.data.get("bytes")),
        shards_bytes=reading.count(event.data.get("shards_bytes")),
        seconds=reading.finite(event.data.get("seconds")),
        stall_s=reading.finite(event.data.get("stall_s")),
        verified=_flag(event.data.get("verified")),
        training=view.training,
    )  # fmt: skip
    gone = {path, *reading.texts(event.data.get("removed"))}
    kept = tuple(_give_up(old, saved) for old in view.checkpoints if old.path not in gone)
    earlier = tuple(old for old in view.earlier_checkpoints if old.path not in gone)
    return replace(
        view, checkpoints=(*kept, saved)[-_MAX_CHECKPOINTS:], earlier_checkpoints=earlier
    )


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _give_up(old: Checkpoint, saved: Checkpoint) -> Checkpoint:
    """An older checkpoint when a newer one takes roles that only one of a training can have."""
    if old.training != saved.training:
        return old
    taken = {"best", "last"} & set(saved.roles)
    return replace(old, roles=tuple(role for role in old.roles if role not in taken))


def _report_progress(view: View, event: Event) -> View:
    known = replace(
        _stage(view, event),
        done=reading.count(event.data.get("done")),
        total=reading.count(event.data.get("total")),
        progress_at=event.time,
    )
    return _with_stage(view, known)


def _raise_warning(view: View, event: Event) -> View:
    view = replace(view, num_warnings=view.num_warnings + 1)
    return _with_note(view, event, "warn", reading.text(event.data.get("message")))


def _load_weights(view: View, event: Event) -> View:
    return _with_note(view, event, "info", reading.text(event.data.get("message")))


def _skip_update(view: View, event: Event) -> View:
    return replace(_raise_warning(view, event), num_skipped=view.num_skipped + 1)


def _finish_run(view: View, event: Event) -> View:
    return _with_end(view, event, "finished")


def _fail_run(view: View, event: Event) -> View:
    return _with_end(view, event, "failed")


def _interrupt_run(view: View, event: Event) -> View:
    return _with_end(view, event, "interrupted")


def _with_end(view: View, event: Event, kind: EndKind) -> View:
    data = event.data
    outputs = reading.table(data.get("outputs"))
    named = [(reading.text(name, 40), reading.text(path)) for name, path in outputs.items()]
    end = End(
        kind=kind,
        time=event.time,
        seconds=reading.finite(data.get("seconds")),
        exit_code=reading.count(data.get("exit_code")),
        result=tuple(reading.numbers(data.get("result")).items()),
        score_name=reading.text(data.get("score_name"), 60),
        outputs=tuple((name, path) for name, path in named[:MAX_ITEMS] if path),
        message=reading.text(data.get("message")),
        hint=reading.text(data.get("hint")),
        log=reading.text(data.get("log")),
        signal=reading.text(data.get("signal"), 20),
        checkpoint=reading.text(data.get("checkpoint")),
    )
    return replace(view, end=end)


def _with_metrics(view: View, metrics: Mapping[str, float], event: Event) -> View:
    by_epoch = dict(view.by_epoch)
    for name, known in metrics.items():
        if name in by_epoch or len(by_epoch) < MAX_ITEMS:
            by_epoch[name] = by_epoch.get(name, Series()).add(event.epoch, known, event.step)
    return replace(view, by_epoch=MappingProxyType(by_epoch))


def _with_stage(view: View, stage: Stage) -> View:
    if not stage.name:
        return view
    names = [known.name for known in view.stages]
    if stage.name in names:
        kept = tuple(stage if known.name == stage.name else known for known in view.stages)
        return replace(view, stages=kept)
    room = len(names) < reading.MAX_STAGES
    return replace(view, stages=(*view.stages, stage)) if room else view


def _stage(view: View, event: Event) -> Stage:
    name = reading.text(event.data.get("stage"), 40)
    return next((known for known in view.stages if known.name == name), Stage(name=name))


def _with_note(view: View, event: Event, mark: Mark, text: str) -> View:
    note = Note(time=event.time, mark=mark, text=text, step=event.step)
    return replace(view, notes=(*view.notes, note)[-_MAX_NOTES:])


def _or(known: T | None, otherwise: T | None) -> T | None:
    return otherwise if known is None else known


_KINDS: Final[Mapping[str, Fold]] = MappingProxyType(
    {
        "run.started": start,
        "run.resumed": supersede,
        "stage.started": _start_stage,
        "stage.finished": _finish_stage,
        "stage.skipped": _skip_stage,
        "epoch.started": _start_epoch,
        "curriculum.changed": _change_level,
        "validation.finished": _finish_validation,
        "epoch.finished": _finish_epoch,
        "epoch.detailed": _detail_epoch,
        "early_stopping.updated": _update_early_stopping,
        "checkpoint.saved": _save_checkpoint,
        "progress.reported": _report_progress,
        "machine.sampled": machines.sample_machine,
        "weights.loaded": _load_weights,
        "warning.raised": _raise_warning,
        "update.skipped": _skip_update,
        "training.rolled_back": _raise_warning,
        "run.finished": _finish_run,
        "run.failed": _fail_run,
        "run.interrupted": _interrupt_run,
    }
)
