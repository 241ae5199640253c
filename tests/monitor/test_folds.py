"""A log of several trainings one after the other, such as the folds of a cross-validation."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.forecast import run_left, time_until
from neurotrain.monitor.tail import follow_to_end
from tests.monitor.piloting import opened, run, text

NUM_FOLDS = 5
EPOCHS = 4


@pytest.fixture(scope="module")
def folds(logs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of five trainings are over, the third is in its second epoch."""
    recording = logs.Recording(tmp_path_factory.mktemp("folds") / "run", epochs=EPOCHS)
    names = ["trainer", *(f"trainer-{fold}" for fold in range(2, NUM_FOLDS + 1))]
    recording.start(stages=[*names, "tester"])
    for name in names[:2]:
        if name != "trainer":
            recording.write("stage.started", stage=name, total_epochs=EPOCHS)
        recording.best, recording.counter = 0.0, 0
        recording.train(EPOCHS)
        recording.write("stage.finished", stage=name, seconds=50.0, result={"dice": 0.8})
    recording.write("stage.started", stage=names[2], total_epochs=EPOCHS)
    recording.train(1)
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
        assert "Fit 3/5" in text(app)
        for key in "23456":
            await pilot.press(key)
        assert app.return_code in (0, None)

    run(opened(folds), act, size)


def test_a_resume_takes_back_only_what_its_own_training_did(
    logs: ModuleType, tmp_path: Path
) -> None:
    """The steps of another training are larger than the one gone back to, and have happened."""
    recording = logs.Recording(tmp_path / "run", epochs=EPOCHS)
    recording.start(stages=["trainer-1", "trainer-2", "cross_validator"])
    recording.write("stage.started", stage="trainer-1", folds=2)
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
    assert view.earlier_steps == before.position.step > 0
    assert view.stages[0].state == "done"
    kept = [note.text for note in view.notes]
    assert before.notes
    assert kept[: len(before.notes)] == [note.text for note in before.notes]
