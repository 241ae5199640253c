"""A curriculum in the monitor: its level, its changes, and what its longer epochs will take."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.forecast import epoch_left, time_until
from neurotrain.monitor.once import record, text
from neurotrain.monitor.tail import follow_to_end
from neurotrain.monitor.view import View

from .logs import Recording
from .piloting import opened, run
from .piloting import text as screen_text

LEVELS = [
    {"epoch": 0, "level": "easy", "num_samples": 80, "steps_per_epoch": 10},
    {"epoch": 3, "level": "hard", "num_samples": 320, "steps_per_epoch": 40},
]
STEP_S, VALIDATION_S = 0.5, 2.0


def recorded(run_dir: Path, num_epochs: int, *, batches: int = 0, validate_every: int = 1) -> View:
    """A run of ten epochs after some of them, each step as long as another."""
    recording = Recording(run_dir, epochs=10, validate_every=validate_every)
    recording.start(curriculum=LEVELS, steps_per_epoch=10)
    for epoch in range(1, num_epochs + 2):
        level = LEVELS[epoch > 3]
        started_s = recording.now
        if epoch in (1, 4):
            before = None if epoch == 1 else "easy"
            sizes = {"num_samples": level["num_samples"], "num_batches": level["steps_per_epoch"]}
            recording.write(
                "curriculum.changed", epoch=epoch, level=level["level"], before=before, **sizes
            )
        num = int(str(level["steps_per_epoch"]))
        recording.write("epoch.started", epoch=epoch, lr=0.1, num_batches=num, level=level["level"])
        done = num if epoch <= num_epochs else batches
        for batch in range(1, done + 1):
            recording.step += 1
            recording.now += STEP_S
            recording.write(
                "step.finished", epoch=epoch, loss=1.0, lr=0.1, batch=batch, num_batches=num
            )
        if epoch > num_epochs:
            break
        validated = epoch % validate_every == 0
        if validated:
            recording.now += VALIDATION_S
            recording.write(
                "validation.finished", epoch=epoch, metrics={"valid/dice": 0.5},
                seconds=VALIDATION_S,
            )  # fmt: skip
        recording.write(
            "epoch.finished", epoch=epoch, metrics={"train/loss": 1.0}, validated=validated,
            seconds=recording.now - started_s,
        )  # fmt: skip
    return follow_to_end(run_dir)


@pytest.mark.parametrize("validate_every", [1, 2])
@pytest.mark.parametrize(("num_epochs", "batches"), [(2, 0), (2, 4), (3, 10), (6, 20)])
def test_longer_epochs_take_longer(
    tmp_path: Path, num_epochs: int, batches: int, validate_every: int
) -> None:
    """What is left is the steps of all epochs to come, and their validations."""
    view = recorded(tmp_path, num_epochs, batches=batches, validate_every=validate_every)
    left = time_until(view, 10)
    steps = 3 * 10 + 7 * 40 - view.position.step
    num_validations = sum(epoch % validate_every == 0 for epoch in range(num_epochs + 1, 11))
    assert left is not None
    wanted = steps * STEP_S + num_validations * VALIDATION_S
    assert left.seconds == pytest.approx(wanted, abs=VALIDATION_S)
    in_epoch = epoch_left(view)
    assert in_epoch is not None
    rest = (10 if num_epochs < 3 else 40) - batches
    assert in_epoch == pytest.approx(rest * STEP_S, abs=VALIDATION_S)


def test_the_level_is_shown(tmp_path: Path) -> None:
    """In the state, in the record, and as a note at each change."""
    view = recorded(tmp_path, 2, batches=3)
    assert view.position.level == "easy"
    assert "level           easy, from epoch 4 on hard\n" in text(tmp_path)
    assert record(tmp_path)["level"] == "easy"
    notes = [note.text for note in view.notes]
    assert notes == ["level easy: 80 samples, 10 batches an epoch"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_level_stands_in_the_first_row(tmp_path: Path, size: tuple[int, int]) -> None:
    """Also at the size of a small terminal."""
    recorded(tmp_path, 3, batches=5)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert "level hard" in screen_text(app).split("\n")[0]

    run(opened(tmp_path), act, size)


def test_a_change_that_is_told_again_is_noted_once(tmp_path: Path) -> None:
    """A resume from the end of the last easy epoch begins the hard ones anew."""
    recorded(tmp_path, 3, batches=5)
    again = Recording(tmp_path, epochs=10)
    again.step = 30
    again.start(curriculum=LEVELS, steps_per_epoch=10)
    again.write("run.resumed", epoch=4, from_step=30, from_epoch=4, checkpoint="last.pth")
    again.write(
        "curriculum.changed", epoch=4, level="hard", before="easy", num_samples=320, num_batches=40
    )
    notes = [note.text for note in follow_to_end(tmp_path).notes if note.text.startswith("level")]
    assert notes == [
        "level easy: 80 samples, 10 batches an epoch",
        "level hard: 320 samples, 40 batches an epoch",
    ]


@pytest.mark.parametrize("told", [7, [7], [{"epoch": -1}], [{"epoch": 0, "steps_per_epoch": 0}]])
def test_a_curriculum_that_cannot_be_is_none(tmp_path: Path, told: object) -> None:
    """Whatever the event holds."""
    Recording(tmp_path).start(curriculum=told)
    assert follow_to_end(tmp_path).facts.phases == ()
