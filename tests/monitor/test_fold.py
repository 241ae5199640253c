"""What the fold tells is what happened."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neurotrain.monitor import once
from neurotrain.monitor.fold import fold, fold_all
from neurotrain.monitor.forecast import time_until, training_left
from neurotrain.monitor.frame import Frame, Options
from neurotrain.monitor.ink import UNICODE
from neurotrain.monitor.plots import best_epoch
from neurotrain.monitor.state import State, judge
from neurotrain.monitor.tail import Liveness
from neurotrain.monitor.view import View
from neurotrain.recorder.events import effective, read_all


def _view(run_dir: Path) -> View:
    return fold_all(View(), read_all(run_dir / "events.jsonl"))


@pytest.mark.parametrize("name", ["live", "early_stopped", "failed", "resumed"])
def test_every_prefix_gives_a_view(recorded: dict[str, Path], name: str) -> None:
    """A log that was cut anywhere between events can be shown, and ends at the whole view."""
    view = View()
    for event in read_all(recorded[name] / "events.jsonl"):
        view = fold(view, event)
        judge(view, Liveness(), 0.0)
    assert view == _view(recorded[name])


def test_events_that_come_twice_count_once(recorded: dict[str, Path]) -> None:
    """Reading every event twice tells the same as reading it once."""
    found = list(read_all(recorded["early_stopped"] / "events.jsonl"))
    twice = [event for event in found for _ in range(2)]
    assert fold_all(View(), twice) == fold_all(View(), found)
    assert fold_all(View(), [*found, *found]) == fold_all(View(), found)


def test_unknown_kinds_are_counted_and_skipped(recorded: dict[str, Path]) -> None:
    """A kind that a later version writes changes nothing but its count."""
    found = list(read_all(recorded["live"] / "events.jsonl"))
    odd = replace(found[-1], kind="moon.rose", seq=found[-1].seq + 1)
    view, seen = fold_all(View(), found), fold_all(View(), [*found, odd])
    assert (view.num_unknown, seen.num_unknown) == (0, 1)
    assert seen.by_epoch == view.by_epoch


def test_an_implausible_number_does_not_silence_what_follows(recorded: dict[str, Path]) -> None:
    """One line with a huge sequence number is skipped; the events behind it count."""
    found = list(read_all(recorded["live"] / "events.jsonl"))
    odd = replace(found[3], seq=10**18)
    view = fold_all(View(), [*found[:3], odd, *found[3:]])
    assert view.position == _view(recorded["live"]).position


def test_a_resume_takes_back_what_it_does_again(recorded: dict[str, Path]) -> None:
    """Folding a resumed log tells the same as folding only the events that count."""
    found = list(read_all(recorded["resumed"] / "events.jsonl"))
    view, counted = fold_all(View(), found), fold_all(View(), effective(iter(found)))
    for name in ("by_epoch", "early_stopping", "position", "stages"):
        assert getattr(view, name) == getattr(counted, name), name
    assert [saved.epoch for saved in view.checkpoints] == [
        saved.epoch for saved in counted.checkpoints
    ]
    assert view.resumed_from == 240
    assert view.by_epoch["valid/dice"].last is not None
    assert view.by_epoch["valid/dice"].last.last_x == 11


def test_early_stopping_is_told(recorded: dict[str, Path]) -> None:
    """What is watched, the best, the patience, the value needed and the epoch of the stop."""
    early = _view(recorded["live"]).early_stopping
    assert early is not None
    assert (early.monitor, early.mode, early.patience) == ("valid/dice", "max", 6)
    assert (early.best_epoch, early.counter, early.stops_at_epoch) == (18, 3, 24)
    assert early.needed == pytest.approx(early.best + 0.0001)
    stopped = _view(recorded["early_stopped"]).early_stopping
    assert stopped is not None
    assert stopped.stopped
    assert "no valid/dice above" in stopped.reason


def test_a_series_that_is_not_finite_is_kept(recorded: dict[str, Path]) -> None:
    """The NaN that ended a run is in its loss series."""
    last = _view(recorded["failed"]).by_step["loss"].last
    assert last is not None
    assert math.isnan(last.last)
    assert last.bad_x is not None


def test_checkpoints_give_up_roles(recorded: dict[str, Path]) -> None:
    """There is one best and one last checkpoint, each at its newest epoch."""
    saved = {one.path: one for one in _view(recorded["live"]).checkpoints}
    assert saved["train/checkpoints/best.pth"].epoch == 18
    assert saved["train/checkpoints/last.pth"].epoch == 21
    assert [one.roles for one in saved.values()].count(("best",)) == 1


def test_the_forecast_is_near_the_truth(recorded: dict[str, Path]) -> None:
    """For epochs of equal length the time left is that length times the epochs left."""
    view = _view(recorded["live"])
    left = training_left(view)
    assert left is not None
    an_epoch = 40 * 0.3 + 2.0
    assert left.seconds == pytest.approx(an_epoch * (30 - 21 - 0.75), rel=0.02)
    earliest = time_until(view, 24)
    assert earliest is not None
    assert earliest.seconds == pytest.approx(an_epoch * (24 - 21 - 0.75), rel=0.02)


def test_no_forecast_without_data(recorded: dict[str, Path]) -> None:
    """Before the first epoch is over nothing is foretold."""
    assert training_left(_view(recorded["waiting"])) is None


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("waiting", State.TRAIN), ("live", State.TRAIN), ("testing", State.TEST),
        ("finished", State.FINISHED), ("early_stopped", State.EARLY_STOPPED),
        ("failed", State.FAILED), ("interrupted", State.STOPPED), ("resumed", State.TRAIN),
    ],
)  # fmt: skip
def test_the_state_is_that_of_the_run(recorded: dict[str, Path], name: str, state: State) -> None:
    """With a heartbeat that lives, the events tell the state."""
    liveness = Liveness(found=True, alive=True, here=True)
    assert judge(_view(recorded[name]), liveness, 0.0) is state


def test_a_heartbeat_that_ends_is_told_from_one_that_is_far(recorded: dict[str, Path]) -> None:
    """A process that is gone here crashed; one elsewhere that keeps silent is stale."""
    view = _view(recorded["crashed"])
    assert judge(view, Liveness(found=True, here=True), 0.0) is State.CRASHED
    assert judge(view, Liveness(found=True, here=False), 0.0) is State.STALE


def test_the_heartbeat_says_when_it_validates(recorded: dict[str, Path]) -> None:
    """Only the heartbeat knows that the epoch's validation runs."""
    liveness = Liveness(found=True, alive=True, here=True, state="validating")
    assert judge(_view(recorded["live"]), liveness, 0.0) is State.VALIDATE


def test_between_the_last_batch_and_its_validation_it_validates(
    recorded: dict[str, Path],
) -> None:
    """The events tell the validation too, for a heartbeat that knows only the stage."""
    liveness = Liveness(found=True, alive=True, here=True, state="training")
    states = []
    view = View()
    for event in read_all(recorded["live"] / "events.jsonl"):
        view = fold(view, event)
        states.append((event.kind, judge(view, liveness, 0.0)))
    told = {kind for kind, state in states if state is State.VALIDATE}
    assert told == {"step.finished"}
    assert [state for kind, state in states].count(State.VALIDATE) == 21


def test_a_run_without_events_is_pending() -> None:
    """Before there is anything to read, the run is pending."""
    assert judge(View(), Liveness(), 0.0) is State.PENDING


def test_the_best_epoch_is_that_of_the_monitored_metric(recorded: dict[str, Path]) -> None:
    """Without early stopping the best epoch comes from the metric itself."""
    view = _view(recorded["live"])
    assert best_epoch(view) == 18
    assert best_epoch(replace(view, early_stopping=None)) == 18


def test_elapsed_time_leaves_out_the_pause_between_attempts(
    logs: ModuleType, recorded: dict[str, Path]
) -> None:
    """Each attempt counts from its first event to its last."""
    view = _view(recorded["resumed"])
    frame = Frame(
        name="r", run_dir="r", view=view, state=State.CRASHED, liveness=Liveness(), log=(),
        resume="", alerts=(), missing=frozenset(),
        options=Options(), glyphs=UNICODE, now=0.0, opened_at=0.0,
    )  # fmt: skip
    assert view.updated_at is not None
    assert frame.elapsed_s == pytest.approx(view.updated_at - logs.START, abs=1.0)


@pytest.mark.parametrize("name", ["waiting", "live", "failed", "interrupted", "finished"])
def test_the_record_has_the_same_keys_for_every_run(recorded: dict[str, Path], name: str) -> None:
    """A program that reads the record finds every key whatever the run's state."""
    record = once.record(recorded[name])
    assert record.keys() == once.record(recorded["live"]).keys()
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_text_tells_the_result(recorded: dict[str, Path]) -> None:
    """The plain text of a finished run holds the score and the report."""
    text = once.text(recorded["finished"])
    assert "FINISHED" in text
    assert "test dice       0.8123" in text
    assert "test/report.html" in text


def test_a_folder_of_runs_is_a_list(recorded: dict[str, Path]) -> None:
    """Asked about a folder of runs, the text and the record have a row for each."""
    folder = recorded["live"].parent
    runs: Any = once.record(folder)["runs"]
    assert {run["folder"] for run in runs} == set(recorded)
    assert "EARLY-STOPPED" in once.text(folder)
