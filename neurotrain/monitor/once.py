"""A run's state without a screen: lines for people, a record for programs.

Imports no Textual, so that a script pays nothing for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeAlias

from neurotrain.monitor import wording
from neurotrain.monitor.actual import eta
from neurotrain.monitor.clean import clean
from neurotrain.monitor.forecast import Forecast, run_left, step_pace
from neurotrain.monitor.health import alerts
from neurotrain.monitor.plots import best_of, has_best
from neurotrain.monitor.runs import Listing, RunSummary, find, is_run
from neurotrain.monitor.saving import next_save, resume_command
from neurotrain.monitor.state import State, is_running, judge
from neurotrain.monitor.tail import Tail, follow_to_end
from neurotrain.monitor.view import EarlyStopping, End, Stage, View

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

VERSION: Final = 1
_HEAD: Final = 16
_VERIFIED: Final = {True: "  verified", False: "  damaged", None: ""}


def text(run_dir: Path) -> str:
    """The state of a run, or a row for each run of a folder, as plain lines."""
    if not is_run(run_dir) and find(run_dir):
        return "".join(f"{line}\n" for line in _list_lines(Listing(run_dir).read_all(time.time())))
    view, state = _read(run_dir)
    rows = [*_head_rows(run_dir, view, state), *_progress_rows(view, state)]
    rows += _early_rows(view.early_stopping) + _metric_rows(view) + _checkpoint_rows(view)
    rows += _end_rows(view.end) if view.end is not None else []
    rows += [
        ("note" if alert.mark == "info" else "alert", alert.text)
        for alert in alerts(view, state, time.time())
    ]
    if state in (State.STOPPED, State.FAILED, State.CRASHED):
        rows.append(("resume", clean(resume_command(run_dir))))
    head = max([_HEAD, *(len(name) + 2 for name, _ in rows)])
    return "".join(f"{name:<{head}}{told}\n" for name, told in rows)


def record(run_dir: Path) -> dict[str, Json]:
    """The state of a run, or of each run of a folder under `runs`, as JSON values.

    Its keys do not depend on the run: what is unknown is null. Numbers that are not finite are the
    strings that events use.
    """
    if not is_run(run_dir) and find(run_dir):
        rows = Listing(run_dir).read_all(time.time())
        return {"version": VERSION, "runs": [_summary(row) for row in rows]}
    return state_record(run_dir, *_read(run_dir))


def state_record(run_dir: Path, view: View, state: State) -> dict[str, Json]:
    """The state of one run as JSON values."""
    facts, position, end = view.facts, view.position, view.end
    left = run_left(view) if is_running(state) else None
    pace = step_pace(view)
    return {
        "version": VERSION,
        "name": facts.name or clean(run_dir.name),
        "state": state.value,
        "is_running": is_running(state),
        "exit_code": None if end is None else 0 if end.kind == "finished" else end.exit_code,
        "synthetic": facts.synthetic,
        "task": facts.task or None,
        "device": facts.device or None,
        "attempt": view.attempt,
        "resumed_from_step": view.resumed_from,
        "elapsed_s": _json(_elapsed(view)),
        "eta_s": None if left is None else _json(round(left.seconds, 1)),
        "eta_spread_s": None if left is None else _json(left.spread_s),
        "step_s": None if pace is None else _json(pace.median_s),
        "data_wait": _json(position.data_wait),
        "resume": clean(resume_command(run_dir)),
        "next_save": _next_save(view),
        "training": view.training or None,
        "epoch": max(position.epoch, position.num_finished),
        "epochs": facts.epochs,
        "epochs_finished": position.num_finished,
        "level": position.level or None,
        "step": position.step,
        "batch": position.batch,
        "num_batches": position.num_batches,
        "learning_rate": _json(position.lr),
        "stages": [_stage(stage) for stage in view.stages],
        "metrics": {name: _metric(name, view) for name in view.by_epoch},
        "early_stopping": _early(view.early_stopping),
        "checkpoints": [
            {"path": saved.path, "roles": list(saved.roles), "epoch": saved.epoch,
             "step": saved.step, "bytes": saved.num_bytes, "verified": saved.verified}
            for saved in (*view.earlier_checkpoints, *view.checkpoints)
        ],
        "score_name": end.score_name or None if end is not None else None,
        "result": _scores(end.result) if end is not None else {},
        "outputs": dict(end.outputs) if end is not None else {},
        "message": end.message or None if end is not None else None,
        "hint": end.hint or None if end is not None else None,
        "warnings": [note.text for note in view.notes if note.mark == "warn"],
        "num_warnings": view.num_warnings,
        "alerts": [each.text for each in alerts(view, state, time.time()) if each.counts],
        "machine": _machine(view),
        "settings": dict(facts.settings),
    }  # fmt: skip


def _read(run_dir: Path) -> tuple[View, State]:
    view, now = follow_to_end(run_dir), time.time()
    return view, judge(view, Tail(run_dir).liveness(now), now)


def _elapsed(view: View) -> float | None:
    if view.started_at is None or view.updated_at is None:
        return None
    return round(view.earlier_s + max(0.0, view.updated_at - view.started_at), 1)


def _head_rows(run_dir: Path, view: View, state: State) -> list[tuple[str, str]]:
    facts = view.facts
    known = [facts.device, facts.model, facts.precision, facts.spec]
    rows = [
        ("run", f"{facts.name or clean(run_dir.name)}  {state.value}"),
        ("", "  ".join(part for part in known if part)),
        ("data", "synthetic data" if facts.synthetic else ""),
        ("folder", clean(str(run_dir))),
        ("elapsed", wording.duration(_elapsed(view)) if view.started_at is not None else ""),
        ("stages", "  ".join(f"{stage.name}: {_told(stage, state)}" for stage in view.stages)),
        ("warnings", str(view.num_warnings) if view.num_warnings else ""),
    ]
    return [row for row in rows if row[1]]


def _told(stage: Stage, state: State) -> str:
    if stage.state == "running" and not is_running(state):
        return "not finished"
    if stage.state == "running" and stage.total:
        return f"running, {stage.done} of {stage.total}"
    return stage.state


def _progress_rows(view: View, state: State) -> list[tuple[str, str]]:
    position, facts = view.position, view.facts
    epoch = max(position.epoch, position.num_finished)
    if not epoch:
        return []
    of = f" of {facts.epochs}" if facts.epochs else ""
    left = run_left(view) if state in (State.TRAIN, State.VALIDATE) else None
    which = f", {view.training}" if len(view.trainings) > 1 else ""
    rows = [("epoch", f"{epoch}{of}{which}{_left(left)}")]
    if position.level:
        rows.append(("level", _level(view)))
    if position.num_batches and position.num_finished < epoch:
        rows.append(("batch", f"{position.batch or 0} of {position.num_batches}"))
    return rows


def _level(view: View) -> str:
    """The level of a curriculum, and which comes next."""
    position, facts = view.position, view.facts
    coming = next((phase for phase in facts.phases if phase.first > position.epoch), None)
    after = "" if coming is None else f", from epoch {coming.first} on {coming.level}"
    return position.level + after


def _left(left: Forecast | None) -> str:
    return "" if left is None else f", {eta(left)}"


def _early_rows(early: EarlyStopping | None) -> list[tuple[str, str]]:
    if early is None:
        return []
    best = f"{early.monitor} ({early.mode}) best {wording.value(early.best)}"
    used = f"patience {early.counter} of {early.patience} used"
    rows = [("early stopping", f"{best} at epoch {early.best_epoch}, {used}")]
    if early.stopped:
        rows.append(("", f"stopped: {early.reason or 'no improvement'}"))
    elif early.stops_at_epoch is not None:
        needed = "" if early.needed is None else f" unless it reaches {wording.value(early.needed)}"
        rows.append(("", f"stops after epoch {early.stops_at_epoch}{needed}"))
    return rows


def _metric_rows(view: View) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    width = max([15, *map(len, view.by_epoch)]) + 1
    for name, series in view.by_epoch.items():
        last = series.last
        told = wording.value(None if last is None else last.last)
        best = best_of(name, view) if has_best(name) else None
        if best is not None:
            told = f"{told:<10}best {wording.value(best.value)} at epoch {best.epoch}"
        rows.append(("" if rows else "metrics", f"{name:<{width}}{told}"))
    return rows


def _checkpoint_rows(view: View) -> list[tuple[str, str]]:
    every = (*view.checkpoints, *reversed(view.earlier_checkpoints))
    kept = [saved for saved in every if {"best", "last"} & set(saved.roles)]
    return [
        ("/".join(saved.roles), f"{saved.path}  epoch {saved.epoch}{_VERIFIED[saved.verified]}")
        for saved in kept
    ]


def _end_rows(end: End) -> list[tuple[str, str]]:
    rows = [(f"test {name}", wording.value(score)) for name, score in end.result]
    rows += list(end.outputs)
    code = "" if end.exit_code is None else str(end.exit_code)
    told = (("message", end.message), ("hint", end.hint), ("exit code", code), ("log", end.log),
            ("checkpoint", end.checkpoint))  # fmt: skip
    return rows + [row for row in told if row[1]]


def _list_lines(rows: Iterable[RunSummary]) -> list[str]:
    lines = [f"{'run':<28}{'state':<16}{'epoch':<10}score"]
    for row in rows:
        epochs = f"{row.epoch}/{row.epochs}" if row.epochs else str(row.epoch)
        score = "" if row.score is None else f"{wording.value(row.score)}  {row.score_name}"
        lines.append(f"{row.run_dir.name:<28}{row.state.value:<16}{epochs:<10}{score}".rstrip())
    return lines


def _summary(row: RunSummary) -> dict[str, Json]:
    return {
        "name": row.name,
        "folder": clean(row.run_dir.name),
        "state": row.state.value,
        "epoch": row.epoch,
        "epochs": row.epochs,
        "score_name": row.score_name or None,
        "score": _json(row.score),
    }


def _stage(stage: Stage) -> Json:
    return {
        "name": stage.name,
        "state": stage.state,
        "seconds": _json(stage.seconds),
        "done": stage.done,
        "total": stage.total,
        "reason": stage.reason or None,
        "result": _scores(stage.result),
    }


def _metric(name: str, view: View) -> Json:
    last = view.by_epoch[name].last
    best = best_of(name, view) if has_best(name) else None
    return {
        "last": None if last is None else _json(last.last),
        "best": None if best is None else _json(best.value),
        "best_epoch": None if best is None else best.epoch,
    }


def _early(early: EarlyStopping | None) -> Json:
    if early is None:
        return None
    return {
        "monitor": early.monitor,
        "mode": early.mode,
        "value": _json(early.value),
        "best": _json(early.best),
        "best_epoch": early.best_epoch,
        "counter": early.counter,
        "patience": early.patience,
        "needed": _json(early.needed),
        "stops_at_epoch": early.stops_at_epoch,
        "stopped": early.stopped,
        "reason": early.reason or None,
    }


def _next_save(view: View) -> Json:
    coming = next_save(view)
    return None if coming is None else {"epoch": coming.epoch, "deletes": list(coming.deletes)}


def _machine(view: View) -> Json:
    machine = view.machine
    if machine is None:
        return None
    return {
        "cpu": _json(machine.cpu),
        "memory_used_bytes": machine.memory_used_bytes,
        "process_memory_bytes": machine.process_memory_bytes,
        "disk_free_bytes": machine.disk_free_bytes,
        "gpus": [
            {"index": gpu.index, "util": _json(gpu.util),
             "memory_used_bytes": gpu.memory_used_bytes}
            for gpu in machine.gpus
        ],
    }  # fmt: skip


def _scores(scores: tuple[tuple[str, float], ...]) -> dict[str, Json]:
    return {name: _json(score) for name, score in scores}


def _json(number: float | None) -> Json:
    if number is None or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
