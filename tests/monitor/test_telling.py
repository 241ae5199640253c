"""What the screen says, word by word, where it once said too little or something else."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.once import text as once
from neurotrain.monitor.plots import best_epoch
from neurotrain.monitor.tail import follow_to_end
from neurotrain.monitor.widgets.notes import clock, moment
from tests.monitor.piloting import opened, run, text, until


def _shown(run_dir: Path, size: tuple[int, int], *keys: str) -> str:
    """The screen of a run after some keys."""
    found: list[str] = []

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        found.append(text(app))

    run(opened(run_dir), act, size)
    return found[0]


@pytest.fixture(scope="module")
def small_gains(logs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Early stopping ends a training that gets better each epoch, by less than the delta."""
    recording = logs.Recording(tmp_path_factory.mktemp("gains") / "run", epochs=9)
    recording.start(early_stopping={"patience": 3, "min_delta": 0.1})
    for epoch, value in enumerate((0.5, 0.51, 0.52, 0.53), start=1):
        recording.train_steps(epoch)
        metrics = {"valid/dice": value}
        recording.write("validation.finished", epoch=epoch, metrics=metrics, seconds=1.0)
        recording.write("epoch.finished", epoch=epoch, metrics=metrics, seconds=9, validated=True)
        recording.write(
            "early_stopping.updated", epoch=epoch, monitor="valid/dice", mode="max",
            min_delta=0.1, value=value, best=0.5, best_epoch=1, counter=epoch - 1, patience=3,
            needed=0.6, stops_at_epoch=4, stopped=epoch == 4,
            reason="no improvement in 3 validations" if epoch == 4 else "",
        )  # fmt: skip
    recording.write("stage.finished", stage="trainer", seconds=40.0, result={})
    recording.write("run.finished", seconds=40.0, result={}, outputs={})
    return Path(logs._spread_times(recording.close("finished", 0)))


def test_the_best_is_the_best_that_there_was(small_gains: Path) -> None:
    """Not the value that the patience counts from, which is told beside it."""
    assert best_epoch(follow_to_end(small_gains)) == 4
    wide = _shown(small_gains, (120, 40))
    for told in (
        "best      0.5300 @ e4",
        "counts    from 0.5000 @ e1",
        "needed    valid/dice > 0.6",
    ):
        assert told in wide
    narrow = _shown(small_gains, (84, 24))
    assert "best 0.5300 @ e4   now 0.5300   counts from 0.5000 @ e1" in narrow
    assert "stopped after e4: no improvement in 3 validations" in narrow
    assert "stopped after e4: no improvement in 3 validations, needed > 0.6000" in _shown(
        small_gains, (98, 24)
    )


def test_a_small_screen_tells_the_stop_and_the_time_left(recorded: dict[str, Path]) -> None:
    """Nothing of it is cut."""
    rows = _shown(recorded["live"], (40, 10)).split("\n")
    assert rows[1].rstrip().endswith("s left")
    assert rows[3].rstrip() == " dice ↑ 0.8287 @ e18  3/6  stops at e24"


@pytest.mark.parametrize(
    ("key", "there", "gone"),
    [
        ("1", "z large", "↑↓ scroll"),
        ("3", "f follow", "z large"),
        ("4", "space freeze", "z large"),
        ("5", "↑↓ scroll", "m smooth"),
        ("6", "↑↓ scroll", "←→ metric"),
    ],
)
def test_the_last_row_has_the_keys_of_the_view(
    recorded: dict[str, Path], key: str, there: str, gone: str
) -> None:
    """A key that would do nothing is not offered."""
    last = _shown(recorded["live"], (120, 40), key).split("\n")[-1]
    assert there in last
    assert gone not in last


def test_waiting_counts_from_the_start_of_the_stage(logs: ModuleType, tmp_path: Path) -> None:
    """Samples of the machine do not begin it anew."""
    recording = logs.Recording(tmp_path / "run")
    recording.start()
    recording.write("machine.sampled", cpu=50.0)
    run_dir = logs._spread_times(recording.close("training", None))
    file = run_dir / "events.jsonl"
    lines = file.read_text().splitlines()
    lines[-1] = lines[-1].replace('"time":', '"time":1790000060.0,"was":')
    file.write_text("\n".join(lines) + "\n")
    assert "waiting for the first epoch  1m 02s" in _shown(run_dir, (80, 24))


def test_the_plan_view_says_what_it_leaves_out(recorded: dict[str, Path]) -> None:
    """The time comes first; what does not fit is counted."""
    rows = _shown(recorded["live"], (80, 24), "6").split("\n")
    assert rows[6][1:].startswith(" time")
    assert " more " in rows[13] or " more " in rows[14]


def test_the_charts_say_which_of_how_many(recorded: dict[str, Path]) -> None:
    """Where not all fit; the key turns the page."""
    assert " 1-4/" in _shown(recorded["live"], (80, 24), "2")
    assert " 5-8/" in _shown(recorded["live"], (80, 24), "2", *["right"] * 5)
    assert " 1-" not in _shown(recorded["live"], (200, 60), "2")


def test_names_of_scores_are_whole(logs: ModuleType, tmp_path: Path) -> None:
    """On the screen and in plain lines, however long."""
    recording = logs.Recording(tmp_path / "run", epochs=2)
    recording.start()
    recording.train(2)
    recording.write("stage.finished", stage="trainer", seconds=9.0, result={})
    recording.write("run.finished", seconds=9.0, result={"specificity": 0.97}, outputs={})
    run_dir = logs._spread_times(recording.close("finished", 0))
    assert "test specificity  0.9700" in once(run_dir)
    for size in ((80, 24), (120, 40)):
        assert "test specificity 0.9700" in _shown(run_dir, size)


def test_without_early_stopping_nothing_stands_where_it_would(
    logs: ModuleType, tmp_path: Path
) -> None:
    """One row while it runs, none after the end."""
    run_dir = logs.live(tmp_path / "run", early_stopping=None)
    file = run_dir / "events.jsonl"
    kept = [line for line in file.read_text().splitlines() if "early_stopping.upd" not in line]
    file.write_text("\n".join(kept) + "\n")
    rows = _shown(run_dir, (80, 24)).split("\n")
    assert "off; best by valid/dice: 0.8287 @ e18" in rows[4]
    assert "loss" in rows[5]


@pytest.mark.parametrize("key", ["4", "5"])
def test_a_high_screen_shows_the_events_below(recorded: dict[str, Path], key: str) -> None:
    """Where the machine or the checkpoints leave room."""
    assert "┌─ Events" in _shown(recorded["live"], (80, 40), key)
    assert "┌─ Events" not in _shown(recorded["live"], (80, 24), key)


def test_a_high_narrow_screen_shows_two_charts(recorded: dict[str, Path]) -> None:
    """The loss and the main metric below it."""
    shown = _shown(recorded["live"], (80, 60))
    assert "┌─ loss" in shown
    assert "┌─ dice" in shown


def test_a_crash_tells_when_the_last_event_came(recorded: dict[str, Path]) -> None:
    """In local time."""
    newest = follow_to_end(recorded["crashed"]).updated_at
    assert newest is not None
    assert f"last event    {clock(newest)}" in _shown(recorded["crashed"], (80, 24))


def test_the_keys_explain_the_marks(recorded: dict[str, Path]) -> None:
    """At their end."""
    shown = _shown(recorded["live"], (100, 80), "question_mark")
    for told in ("★      The best epoch", "▲      A checkpoint", "●      A validation"):
        assert told in shown


def test_the_learning_rate_tells_its_schedule(logs: ModuleType, tmp_path: Path) -> None:
    """As the plan says it."""
    settings = {"train.scheduler.type": "cosine", "train.scheduler.warmup": "5 epochs"}
    run_dir = logs.live(tmp_path / "run", settings=settings)
    assert "cosine, warm-up 5 epochs" in _shown(run_dir, (140, 50))


def test_a_run_of_another_day_is_told_by_its_date() -> None:
    """A time of day alone would look like today's."""
    noon = time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))
    assert moment(noon - 3600, noon) == "11:00:00"
    assert moment(noon - 86400, noon) == "2026-11-25"
    assert moment(float("nan"), noon) == "--:--:--"


def test_the_list_of_runs_is_filtered_and_compares_what_is_left(
    logs: ModuleType, tmp_path: Path
) -> None:
    """By name or state; escape brings all back, and long names stay apart."""
    for number in (118, 119):
        logs.finished(tmp_path / f"sweep-learning-rate-{number}")
    logs.failed(tmp_path / "other")
    app = Monitor(tmp_path, readonly=False, choose=True)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await until(lambda: "FAILED" in text(app), pilot)
        await pilot.press("slash", *"sweep")
        await until(lambda: "other" not in text(app), pilot)
        await pilot.press("enter", "d")
        await pilot.pause(0.1)
        assert "sweep-learning-rate-118 FINISHED" in text(app)
        assert "sweep-learning-rate-119 FINISHED" in text(app)
        assert "other" not in text(app)
        await pilot.press("escape", "slash", *"118")
        await pilot.press("escape")
        await until(lambda: "rate-119" in text(app), pilot)
        assert "/sweep" in text(app)

    run(app, act, (80, 24))


def test_a_folder_that_vanishes_is_told(logs: ModuleType, tmp_path: Path) -> None:
    """Not as a run that has yet to start."""
    app = opened(logs.live(tmp_path / "run"))

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert "folder is not there" not in text(app)
        (tmp_path / "run").rename(tmp_path / "away")
        await until(lambda: "folder is not there" in text(app), pilot)
        await pilot.press("colon", *"save", "enter")
        await until(lambda: "the run's folder is not there" in text(app), pilot)
        assert not (tmp_path / "run").exists()

    run(app, act, (140, 40))
