"""Writes what a test found: files for programs, a text and a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurotrain.engine.report_page import html_report
from neurotrain.engine.report_tables import metrics_csv, metrics_json, per_sample_csv
from neurotrain.engine.report_text import text_report
from neurotrain.recorder.results import TestResult
from neurotrain.visualizer.saving import replace_file


def write_reports(
    result: TestResult, folder: Path, *, pictures: Sequence[Path], plots: Sequence[Path]
) -> None:
    """Write `metrics.json`, `metrics.csv`, `per_sample.csv`, `report.txt` and `report.html`.

    Each file is replaced in one step. `pictures` show samples, by the id in their PNG title;
    `plots` are shown under their names. The page holds all of them, and refers to nothing outside.

    Raises:
        OSError: a file cannot be written, or a picture or plot cannot be read.
    """
    contents = {
        "metrics.json": metrics_json(result),
        "metrics.csv": metrics_csv(result),
        "per_sample.csv": per_sample_csv(result),
        "report.txt": text_report(result),
        "report.html": html_report(result, pictures=pictures, plots=plots),
    }
    for name, text in contents.items():
        replace_file(folder / name, text.encode("utf-8", "backslashreplace"))
