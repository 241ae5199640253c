"""The table of recorded values, written whole from the history each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_history(history: Mapping[str, Sequence[tuple[int, float]]], file: Path) -> None:
    """Write one row an epoch and one column a value; absent values are empty."""
    rows: dict[int, dict[str, float]] = {}
    for name, pairs in history.items():
        for epoch, value in pairs:
            rows.setdefault(epoch, {})[name] = value
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *history])
    for epoch in sorted(rows):
        writer.writerow([epoch, *(_cell(rows[epoch].get(name)) for name in history)])
    temporary = file.with_name(file.name + ".tmp")
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(text.getvalue())
    temporary.replace(file)


def _cell(value: float | None) -> str:
    return "" if value is None else repr(value)
