"""In which state a run is, from its events and its heartbeat.

Pure: the caller says what the heartbeat tells and what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from neurotrain.monitor.tail import Liveness
from neurotrain.monitor.view import End, View
from neurotrain.recorder.control import HEARTBEAT_S, STALE_AFTER_S


class State(Enum):
    """The states, each with its word on the screen."""

    PENDING = "PENDING"
    TRAIN = "TRAIN"
    VALIDATE = "VALIDATE"
    TEST = "TEST"
    PREDICT = "PREDICT"
    FINISHED = "FINISHED"
    EARLY_STOPPED = "EARLY-STOPPED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    STALE = "STALE"


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks: never by colour alone."""

    glyph: str
    plain: str
    """The glyph where only ASCII can be shown."""
    style: str


LOOKS: Final = {
    State.PENDING: Look("○", "o", "dim"),
    State.TRAIN: Look("●", "*", "good"),
    State.VALIDATE: Look("◐", "*", "accent"),
    State.TEST: Look("◆", "*", "accent"),
    State.PREDICT: Look("◇", "*", "accent"),
    State.FINISHED: Look("✓", "+", "good"),
    State.EARLY_STOPPED: Look("✓", "+", "good"),
    State.STOPPED: Look("■", "#", "warn"),
    State.FAILED: Look("✗", "x", "bad"),
    State.CRASHED: Look("✗", "x", "bad"),
    State.STALE: Look("?", "?", "warn"),
}
_RUNNING: Final = {State.TRAIN, State.VALIDATE, State.TEST, State.PREDICT}
_BY_STAGE: Final = {"trainer": State.TRAIN, "tester": State.TEST, "predictor": State.PREDICT}
_BY_STATUS: Final = {
    "starting": State.PENDING,
    "training": State.TRAIN,
    "validating": State.VALIDATE,
    "testing": State.TEST,
    "predicting": State.PREDICT,
}
_STOP_CODES: Final = {75, 130, 143}
QUIET_AFTER_S: Final = 2.5 * HEARTBEAT_S
"""A living process that misses two heartbeats hangs, or was suspended."""


def judge(view: View, liveness: Liveness, now: float) -> State:
    """The state of the run."""
    if view.end is not None and not _started_again(view.end, liveness):
        return _ended(view, view.end)
    if liveness.found and liveness.exit_code is not None:
        return _exited(view, liveness.exit_code)
    if liveness.found and not liveness.alive:
        return State.CRASHED if liveness.here else State.STALE
    if liveness.found and now - (liveness.since or 0.0) > QUIET_AFTER_S:
        return State.STALE
    if liveness.found:
        state = _BY_STATUS.get(liveness.state, _phase(view))
        return State.VALIDATE if state is State.TRAIN and _validates(view) else state
    if view.updated_at is not None and now - view.updated_at > STALE_AFTER_S:
        return State.STALE
    return _phase(view)


def is_running(state: State) -> bool:
    """Whether the run makes progress."""
    return state in _RUNNING


def is_over(state: State) -> bool:
    """Whether nothing will come any more, so that the run can be asked for nothing."""
    return state not in _RUNNING and state not in (State.PENDING, State.STALE)


def _started_again(end: End, liveness: Liveness) -> bool:
    return liveness.alive and (liveness.since or 0.0) > end.time + STALE_AFTER_S


def _ended(view: View, end: End) -> State:
    if end.kind == "failed":
        return State.FAILED
    if end.kind == "interrupted":
        return State.STOPPED
    return _done(view)


def _done(view: View) -> State:
    """Of several trainings each ends in its own way, so the run is just finished."""
    early = view.early_stopping
    stopped = early is not None and early.stopped and len(view.trainings) < 2
    return State.EARLY_STOPPED if stopped else State.FINISHED


def _exited(view: View, exit_code: int) -> State:
    if exit_code == 0:
        return _done(view)
    return State.STOPPED if exit_code in _STOP_CODES else State.FAILED


def _validates(view: View) -> bool:
    """Whether the epoch's last batch is done and its validation is not."""
    position = view.position
    return (
        position.epoch > position.num_finished
        and position.epoch % view.facts.validate_every == 0
        and bool(position.batch)
        and position.batch == position.num_batches
        and not position.validated
    )


def _phase(view: View) -> State:
    stage = view.stage
    if stage is None:
        return State.PENDING
    return State.TEST if stage.tests else _BY_STAGE.get(stage.name, State.TRAIN)
