"""How far the run is: epochs, and what it does within the epoch or the stage."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.actual import eta
from neurotrain.monitor.clean import fit, width
from neurotrain.monitor.forecast import epoch_left, run_left, stage_left
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, bar, crop, line
from neurotrain.monitor.state import State, is_running
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.pane import Pane

_HEAD: Final = 18
_NARROW: Final = 60
_LEAST_BAR: Final = 3


class Progress(Pane):
    """Two bars; before the first epoch, what is awaited and for how long."""

    ticks = True

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """Two lines, or the more telling one where there is room for one."""
        if not frame.view.position.epoch and not _in_later_stage(frame):
            return _waiting(frame, width)
        rows = [_epochs(frame, width), _within(frame, width)]
        return rows if height > 1 else rows[:1]


def awaited(frame: Frame) -> tuple[str, float]:
    """What the run does before there is anything to draw, and since when."""
    view = frame.view
    since = view.updated_at if view.updated_at is not None else frame.opened_at
    if view.started_at is None:
        if not frame.has_folder:
            return "waiting for the run: its folder is not there", frame.opened_at
        if frame.liveness.alive:
            return "the process runs and has told nothing yet", frame.opened_at
        return "waiting for the run to start", frame.opened_at
    if view.stage is None:
        return "preparing: data and model", view.started_at
    since = view.stage.started_at or since
    if not view.position.epoch and view.stage.total and (view.stage.done or 0) < view.stage.total:
        return f"{view.stage.name}: loading samples", since
    if not view.position.epoch:
        return f"{view.stage.name}: waiting for the first epoch", since
    return "waiting for the first step", since


def _waiting(frame: Frame, width: int) -> list[Line]:
    if frame.is_over:
        return [line((" The run ended before its first epoch", "dim"))]
    stage = frame.view.stage
    if stage is not None and stage.total and (stage.done or 0) < stage.total:
        done = stage.done or 0
        share = done / stage.total
        return [_bar_row(frame, "Loading", f"{done}/{stage.total}", share, "samples", width)]
    told, since = awaited(frame)
    waited = wording.duration(max(0.0, frame.now - since))
    return [crop(line((f" {told[0].upper()}{told[1:]}", "plain"), (f"  {waited}", "dim")), width)]


def _in_later_stage(frame: Frame) -> bool:
    return any(stage.state == "running" and not stage.trains for stage in frame.view.stages)


def _epochs(frame: Frame, width: int) -> Line:
    view = frame.view
    done, total = _epoch_share(view)
    number = max(view.position.epoch, view.position.num_finished)
    name = f"{number}/{view.facts.epochs}" if view.facts.epochs else str(number)
    head = _which(view)
    name = name if head == "Epoch" else f"e{name}"
    early = view.early_stopping
    after = ""
    if early is not None and early.stopped:
        after = "stopped early"
    elif frame.state in (State.TRAIN, State.VALIDATE):
        after = _eta(frame, width)
    elif done >= 1:
        after = "all epochs done"
    return _bar_row(frame, head, name, done if total else 0.0, after, width)


def _which(view: View) -> str:
    """`Epoch`, and of several trainings which."""
    names = [stage.name for stage in view.trainings]
    if len(names) < 2 or view.training not in names:
        return "Epoch"
    return f"Fold {names.index(view.training) + 1}/{len(names)}"


def _epoch_share(view: View) -> tuple[float, bool]:
    epochs, position = view.facts.epochs, view.position
    if not epochs:
        return 0.0, False
    within = 0.0
    if position.epoch > position.num_finished and position.batch and position.num_batches:
        within = min(1.0, position.batch / position.num_batches)
    return min(1.0, (position.num_finished + within) / epochs), True


def _eta(frame: Frame, room: int) -> str:
    """What is left of the whole run; where there is room, when it ends and what is left out."""
    left = run_left(frame.view)
    if left is not None and room < _NARROW:
        return f"{wording.duration(left.seconds)} left"
    told = eta(left, short=room < 100)
    if left is None or room < 160:
        return told
    end = wording.time_of_day((frame.view.updated_at or frame.now) + left.seconds)
    early = "" if frame.view.early_stopping is None else ", unless it stops early"
    return f"{told}  ends {end}{early}"


def _within(frame: Frame, width: int) -> Line:
    view = frame.view
    stage = view.stage
    if stage is not None and not stage.trains:
        share = min(1.0, stage.done / stage.total) if stage.done and stage.total else 0.0
        name = f"{stage.done}/{stage.total}" if stage.total else ""
        left = stage_left(stage)
        after = "" if left is None or frame.is_over else f"{wording.duration(left)} left"
        return _bar_row(frame, stage.name.capitalize(), name, share, after, width)
    position = view.position
    if frame.state in (State.FINISHED, State.EARLY_STOPPED):
        took = wording.duration(frame.elapsed_s)
        steps = wording.plural(frame.view.num_steps, "step")
        return line(f" {fit('Done', 12)}", (f"{steps} in {took}", "dim"))
    share = 0.0
    if position.batch is not None and position.num_batches:
        share = min(1.0, position.batch / position.num_batches)
    name = f"{position.batch or 0}/{position.num_batches}" if position.num_batches else ""
    return _bar_row(frame, "Batch", name, share, _after_batch(frame), width)


def _after_batch(frame: Frame) -> str:
    if not is_running(frame.state):
        return ""
    if frame.state is State.VALIDATE:
        return "validating"
    left = epoch_left(frame.view)
    return "" if left is None else f"epoch ends in {wording.duration(left)}"


def _bar_row(frame: Frame, head: str, name: str, share: float, after: str, room: int) -> Line:
    """A named bar with its percentage and a remark; narrow rows lose the remark's room first."""
    remark = min(room // 3, max(width(after), 18)) if room >= 60 else width(after)
    head_room = max(len(head) + 1, min(_HEAD, room // 3) - width(name))
    start = " " + fit(head, head_room) + name
    bar_room = room - width(start) - 9 - remark
    if bar_room < _LEAST_BAR:
        remark, bar_room = 0, room - width(start) - 9
    if bar_room < 1:
        return crop(line(start, f" {wording.percent(share)}"), room)
    row = line(
        start, "  ", *bar(share, bar_room, frame.glyphs), f" {wording.percent(share):>4}  ",
        (fit(after, remark), "dim"),
    )  # fmt: skip
    return crop(row, room)
