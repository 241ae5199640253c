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
