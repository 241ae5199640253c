"""The table of recorded values can be read back by a CSV reader."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from neurotrain.recorder.tables import write_history


def test_each_epoch_is_a_row_and_absent_values_are_empty(tmp_path: Path) -> None:
    """Values keep every digit; NaN stays visible."""
    history = {
        "train/loss": [(1, 0.1 + 0.2), (2, math.nan), (3, 1e-300)],
        "valid/dice": [(2, 0.5)],
    }
    write_history(history, tmp_path / "metrics.csv")
    rows = list(csv.DictReader((tmp_path / "metrics.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["train/loss"]) for row in rows if row["epoch"] != "2"] == [0.1 + 0.2, 1e-300]
    assert rows[1]["train/loss"] == "nan"
    assert [row["valid/dice"] for row in rows] == ["", "0.5", ""]
