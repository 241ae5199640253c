"""Machines, ranks, alerts, checkpoints and forecasts as they follow from the events."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from neurotrain.monitor import wording
from neurotrain.monitor.actual import compare
from neurotrain.monitor.forecast import run_left, step_pace
from neurotrain.monitor.health import alerts, ranks_of, slowness
from neurotrain.monitor.saving import next_save, resume_command
from neurotrain.monitor.state import State, judge
from neurotrain.monitor.tail import Tail, follow_to_end
from neurotrain.monitor.view import Predicted, View


@pytest.fixture(scope="module")
def view(cluster: Path) -> View:
    """Two ranks, two GPUs, the second of each slower."""
    return follow_to_end(cluster)


def test_ranks_come_from_their_own_files(view: View) -> None:
    """Rank 1 is two steps behind and takes 1/0.7 of the other's time."""
    first, second = ranks_of(view)
    assert first.step - second.step == 2
    assert slowness(second, [first, second]) == pytest.approx(1 / 0.7)


def test_alerts_name_the_slow_rank_and_the_hot_gpu(view: View) -> None:
    """Each with its value, and none of them when the run is over."""
    told = [alert.text for alert in alerts(view, State.TRAIN, 0.0)]
    assert "GPU 1 is throttled at 81 °C" in told
    assert "rank 1 takes 1.4× the time of the others" in told
    assert alerts(view, State.FINISHED, 0.0) == []


def test_silence_is_told(view: View) -> None:
    """A training without a step for much longer than a step takes."""
    assert view.updated_at is not None
    assert not any("no step" in each.text for each in alerts(view, State.TRAIN, view.updated_at))
    late = alerts(view, State.TRAIN, view.updated_at + 60)
    assert any(each.text == "no step for 1m 00s" for each in late)


def test_a_full_disk_is_told_in_checkpoints(view: View) -> None:
    """Fewer than three checkpoints more is bad."""
    assert view.machine is not None
    full = replace(view, machine=replace(view.machine, disk_free_bytes=3_000_000))
    assert alerts(full, State.TRAIN, 0.0)[0].mark == "bad"


def test_peaks_and_courses_are_kept(view: View) -> None:
    """The highest GPU memory, and a curve for each GPU."""
    assert view.peaks.gpu_memory_bytes == 61_000_000_000
    assert {"cpu", "memory", "gpu 0", "gpu 1 memory"} <= set(view.by_time)


def test_the_next_save_deletes_the_oldest(view: View) -> None:
    """Two are kept by number, so epoch 30 deletes that of epoch 10."""
    coming = next_save(view)
    assert coming is not None
    assert coming.epoch == 30
    assert coming.deletes == ("train/checkpoints/epoch-0010.pth",)


def test_without_a_rule_no_next_save(recorded: dict[str, Path]) -> None:
    """A log of before settings were told foresees nothing."""
    assert next_save(follow_to_end(recorded["live"])) is None


def test_the_resume_command_can_be_typed() -> None:
    """Odd folders are quoted; the default folder of runs needs no option."""
    assert resume_command(Path("runs/a")) == "neurotrain run runs/a/plan.json"
    odd = resume_command(Path("/x y/a"))
    assert odd == "neurotrain run '/x y/a/plan.json' --runs-dir '/x y'"


def test_missing_checkpoints_are_noticed(cluster: Path, view: View) -> None:
    """A file that is gone, or has another size than was told."""
    assert Tail(cluster).missing(view.checkpoints) == frozenset()
    saved = replace(view.checkpoints[0], num_bytes=7)
    gone = replace(saved, path="train/checkpoints/none.pth")
    assert Tail(cluster).missing([saved, gone]) == {saved.path, gone.path}


def test_plan_and_actual_stand_side_by_side(view: View) -> None:
    """Steps and sizes from the predictions, whichever form they have."""
    rows = {row.name: row for row in compare(view)}
    assert (rows["steps"].planned, rows["steps"].actual) == ("1200", "870")
    assert rows["GPU memory"].is_over
    assert rows["checkpoint"].planned == rows["checkpoint"].actual == "1.4 MB"


def test_predictions_may_be_a_mapping(logs: ModuleType, tmp_path: Path) -> None:
    """Name to value and unit reads like the list of records."""
    told = {"checkpoint": {"value": 5.0, "unit": "bytes"}, "odd": {"value": "x"}, "no": 3}
    view = follow_to_end(logs.live(tmp_path / "run", predictions=told))
    assert view.facts.predictions == (Predicted(name="checkpoint", value=5.0, unit="bytes"),)


def test_the_rest_counts_the_test_by_the_validation(view: View) -> None:
    """Two validation samples take 2 s, so 20 test samples take 20; prediction is not known."""
    left, training = run_left(view), run_left(replace(view, stages=view.stages[:1]))
    assert left is not None
    assert training is not None
    assert left.seconds - training.seconds == pytest.approx(10 * view.validation_s[-1])
    assert left.left_out == ("predictor",)


def test_the_pace_leaves_pauses_out(view: View) -> None:
    """The median step takes what the recording says, whatever the validations take."""
    pace = step_pace(view)
    assert pace is not None
    assert pace.median_s == pytest.approx(0.3, abs=0.01)


def test_a_living_process_that_is_silent_is_stale_within_five_seconds(
    logs: ModuleType, tmp_path: Path
) -> None:
    """It hangs or was suspended; a fresh heartbeat makes it live again."""
    run_dir = logs.keep_alive(logs.end_at(logs.live(tmp_path / "run"), 1000.0), os.getpid())
    tail, view = Tail(run_dir), follow_to_end(run_dir)
    assert judge(view, tail.liveness(1004.0), 1004.0) is State.TRAIN
    assert judge(view, tail.liveness(1005.5), 1005.5) is State.STALE


@pytest.mark.parametrize(
    ("difference", "told"),
    [(0.0, ""), (None, ""), (math.nan, ""), (-1.3e-5, "-1.3e-5"), (0.0123, "+0.0123"),
     (-76.80651, "-76.81"), (-2030.5, "-2030"), (3e7, "+3e7")],
)  # fmt: skip
def test_a_change_takes_eight_cells_and_never_reads_as_zero(
    difference: float | None, told: str
) -> None:
    """As many digits as say something."""
    assert wording.change(difference) == told
    assert len(told) <= 8
