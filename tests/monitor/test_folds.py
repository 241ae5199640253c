"""A log of several trainings one after the other, such as the folds of a cross-validation."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.forecast import run_left, time_until
from neurotrain.monitor.plots import Look, plot
from neurotrain.monitor.state import State, judge
from neurotrain.monitor.tail import Liveness, follow_to_end
from neurotrain.monitor.widgets.epochs import Epochs
from neurotrain.recorder.events import EventLog
from tests.monitor.piloting import opened, run, text

NUM_FOLDS = 5
EPOCHS = 4


@pytest.fixture(scope="module")
def folds(logs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of five trainings are over, the third is in its second epoch."""
    return _recorded(logs, tmp_path_factory.mktemp("folds") / "run", until=3)


def _recorded(logs: ModuleType, run_dir: Path, *, until: int, resumes: bool = False) -> Path:
    recording = logs.Recording(run_dir, epochs=EPOCHS)
    names = [f"trainer-{fold}" for fold in range(1, NUM_FOLDS + 1)]
    recording.start(stages=[*names, "cross_validator", "tester"], first=names[0])
    for number, name in enumerate(names[: until - 1], start=1):
        if number > 1:
            recording.write("stage.started", stage=name, total_epochs=EPOCHS)
        recording.best, recording.counter = 0.0, 0
        recording.train(EPOCHS)
        result = {"epochs": 4.0, "best_epoch": 4.0, "valid/dice": 0.7 + number / 10}
        recording.write("stage.finished", stage=name, seconds=50.0, result=result)
    recording.write("stage.started", stage=names[until - 1], total_epochs=EPOCHS)
    recording.best, recording.counter = 0.0, 0
    recording.train(1)
    if resumes:
        recording.log.close()
        recording.log = EventLog(run_dir / "events.jsonl")
        recording.write(
            "run.resumed", from_step=recording.step, from_epoch=1, checkpoint="last.pth"
        )
        recording.write("stage.started", stage=names[until - 1], total_epochs=EPOCHS)
    recording.train_steps(2, num=20)
    return Path(logs._spread_times(recording.close("training", None)))


def test_each_training_counts_its_epochs_from_one(folds: Path) -> None:
    """What the curves and the position hold is of the training that runs."""
    view = follow_to_end(folds)
    assert view.stage is not None
    assert view.stage.name == "trainer-3"
    assert (view.position.epoch, view.position.num_finished) == (2, 1)
    last = view.by_epoch["valid/dice"].last
    assert last is not None
    assert (last.last_x, len(view.by_epoch["valid/dice"].buckets)) == (1.0, 1)
    assert [stage.state for stage in view.stages if stage.trains] == [
        "done", "done", "running", "waiting", "waiting",
    ]  # fmt: skip


def test_the_time_that_is_left_counts_the_trainings_to_come(folds: Path) -> None:
    """The rest of this one, and two whole ones."""
    view = follow_to_end(folds)
    now, left = time_until(view, EPOCHS), run_left(view)
    assert now is not None
    assert left is not None
    assert left.seconds > now.seconds + 2 * (EPOCHS - 1) * 12.0


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60)])
def test_the_screen_says_which_training_it_is(folds: Path, size: tuple[int, int]) -> None:
    """At every size, in every view."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert re.search(r"Fold 3/5 +e2/4", text(app))
        if size[0] >= 80:
            for told in ("0.8000", "0.9000", "mean valid/dice 0.8500 ±0.071"):
                assert told in text(app)
        for key in "23456":
            await pilot.press(key)
        assert app.return_code in (0, None)

    run(opened(folds), act, size)


def test_a_resume_takes_back_only_what_its_own_training_did(
    logs: ModuleType, tmp_path: Path
) -> None:
    """The steps of another training are larger than the one gone back to, and have happened."""
    recording = logs.Recording(tmp_path / "run", epochs=EPOCHS)
    recording.start(stages=["trainer-1", "trainer-2", "cross_validator"], first="trainer-1")
    recording.train(EPOCHS)
    recording.write("checkpoint.saved", path="train/fold-1/checkpoints/last.pth", roles=["last"])
    recording.write("stage.finished", stage="trainer-1", seconds=50.0, result={"dice": 0.8})
    before = follow_to_end(recording.run_dir)
    recording.write("stage.started", stage="trainer-2", folds=2)
    recording.best, recording.counter = 0.0, 0
    recording.train(1)
    recording.write("run.resumed", from_step=0, from_epoch=1, checkpoint=None)
    view = follow_to_end(Path(logs._spread_times(recording.close("training", None))))
    assert "train/fold-1/checkpoints/last.pth" in [one.path for one in view.earlier_checkpoints]
    assert not view.checkpoints
    assert view.steps_by_training == {"trainer-1": before.position.step}
    assert [stage.state for stage in view.stages] == ["done", "running", "waiting"]
    kept = [note.text for note in view.notes]
    assert before.notes
    assert kept[: len(before.notes)] == [note.text for note in before.notes]


def test_what_was_saved_belongs_to_its_training(folds: Path) -> None:
    """The marks below a chart and the rows of the epochs are of the training that runs."""
    view = follow_to_end(folds)
    assert plot(view, "loss", Look()).saved_x == (1.0, 1.0)
    assert {saved.training for saved in view.checkpoints if "best" in saved.roles} == {"trainer-3"}

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        rows = app.screen.query_one("#epochs", Epochs).lines
        told = ["".join(part for part, _ in row).split()[1] for row in rows[2:5]]
        assert told == ["1★", "│", "│"]

    run(opened(folds), act, (200, 60))


def test_a_best_of_each_training_stays(logs: ModuleType, tmp_path: Path) -> None:
    """Where every training has a folder of its own, so has it a best checkpoint."""
    recording = logs.Recording(tmp_path / "run", epochs=EPOCHS)
    recording.start(stages=["trainer-1", "trainer-2"], first="trainer-1")
    recording._saved("train-1/best.pth", ["best"], 3)
    recording.write("stage.started", stage="trainer-2", total_epochs=EPOCHS)
    recording._saved("train-2/best.pth", ["best"], 2)
    view = follow_to_end(recording.close("training", None))
    kept = (*view.earlier_checkpoints, *view.checkpoints)
    assert [saved.roles for saved in kept] == [("best",), ("best",)]


def test_a_resume_inside_a_training_keeps_its_epochs(logs: ModuleType, tmp_path: Path) -> None:
    """The stage starts once more, but the training goes on."""
    view = follow_to_end(_recorded(logs, tmp_path / "run", until=3, resumes=True))
    assert (view.attempt, view.training) == (2, "trainer-3")
    assert len(view.by_epoch["valid/dice"].buckets) == 1
    assert sum(note.text == "trainer-3 begins" for note in view.notes) == 1


def test_several_trainings_are_finished_not_stopped(folds: Path) -> None:
    """Although early stopping ended the last of them."""
    view = follow_to_end(folds)
    assert view.early_stopping is not None
    view = replace(view, early_stopping=replace(view.early_stopping, stopped=True))
    ended = Liveness(found=True, exit_code=0)
    assert judge(view, ended, 0.0) is State.FINISHED
    alone = replace(view, stages=view.stages[:1])
    assert judge(alone, ended, 0.0) is State.EARLY_STOPPED


def test_a_hundred_trainings_are_known(logs: ModuleType, tmp_path: Path) -> None:
    """The last of them runs, and what comes after it is still to come."""
    recording = logs.Recording(tmp_path / "run", epochs=EPOCHS)
    names = [f"trainer-{fold}" for fold in range(1, 101)]
    recording.start(stages=[*names, "cross_validator", "tester"], first="trainer-100")
    view = follow_to_end(recording.run_dir)
    assert view.stage is not None
    assert view.stage.name == "trainer-100"
    assert [stage.name for stage in view.stages[-2:]] == ["cross_validator", "tester"]


def test_a_training_that_begins_again_counts_once(logs: ModuleType, tmp_path: Path) -> None:
    """With more epochs all are continued, the first one after the last."""
    recording = logs.Recording(tmp_path / "run", epochs=EPOCHS)
    recording.start(stages=["trainer-1", "trainer-2"], first="trainer-1")
    recording.train(1)
    recording.write("stage.started", stage="trainer-2")
    before = follow_to_end(recording.run_dir)
    assert set(before.steps_by_training) == {"trainer-1"}
    recording.write("stage.started", stage="trainer-1")
    view = follow_to_end(recording.run_dir)
    assert set(view.steps_by_training) == {"trainer-2"}
