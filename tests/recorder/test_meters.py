"""Running means by metric and class, and the table that they make."""

from __future__ import annotations

import csv
import logging
import math
from pathlib import Path

import numpy as np
import pytest

from neurotrain.recorder import MeterRecorder
from neurotrain.recorder.meters import CsvSaver


def test_means_are_those_of_numpy() -> None:
    """Every pair of metric and class has a mean of its own; undefined values are left out."""
    rng = np.random.default_rng(0)
    recorder = MeterRecorder(["disc", "cup"], ["dice", "iou"])
    values = rng.random((2, 2, 50))
    values[0, 0, ::7] = math.nan
    for c, label in enumerate(recorder.class_labels):
        for m, metric in enumerate(recorder.metric_labels):
            for value in values[c, m]:
                recorder.update(metric_name=metric, class_name=label, value=float(value))
            wanted = float(np.nanmean(values[c, m]))
            assert recorder.get_mean(metric, label) == pytest.approx(wanted, rel=1e-12)
    assert recorder.num_values("dice", "disc") == 42


def test_no_value_has_no_mean() -> None:
    """A mean of nothing is not a number, and the table says so."""
    recorder = MeterRecorder(["disc"], ["dice"])
    assert math.isnan(recorder.get_mean("dice", "disc"))
    assert recorder.print_summary().splitlines()[-1].split() == ["disc", "-"]


@pytest.mark.parametrize(("metric", "label"), [("dise", "disc"), ("dice", "vessel")])
def test_unknown_names_are_refused(metric: str, label: str) -> None:
    """A misspelt name is no new meter; the message has the names that there are."""
    recorder = MeterRecorder(["disc"], ["dice"])
    with pytest.raises(KeyError, match="there are: di"):
        recorder.update(metric_name=metric, class_name=label, value=1.0)


def test_labels_twice_are_refused() -> None:
    """Two classes of one name could not be told apart."""
    with pytest.raises(ValueError, match="once each"):
        MeterRecorder(["disc", "disc"], ["dice"])


def test_summary_goes_to_logger_and_saver(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The table is logged and not printed; the CSV has a row a class for every call."""
    file = tmp_path / "new" / "means.csv"
    logger = logging.getLogger("test")
    recorder = MeterRecorder(
        ["disc", "cup"], ["dice"], logger=logger, saver=CsvSaver(file), prefix="valid_"
    )
    with caplog.at_level(logging.INFO):
        for value in (0.5, 0.7):
            recorder.update(metric_name="dice", class_name="cup", value=value)
            recorder.print_summary()
    assert "valid_dice" in caplog.text
    assert capsys.readouterr().out == ""
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["class"] for row in rows] == ["disc", "cup"] * 2
    assert [float(row["valid_dice"]) for row in rows[1::2]] == pytest.approx([0.5, 0.6])


def test_reset_forgets() -> None:
    """A new epoch starts from nothing."""
    recorder = MeterRecorder(["disc"], ["dice"])
    recorder.update(metric_name="dice", class_name="disc", value=1.0)
    recorder.reset()
    assert recorder.num_values("dice", "disc") == 0
