"""Values by metric and class while they come in, and their means as a table."""

from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = dict[str, Any]


class Saver(Protocol):
    """Something that keeps rows of a table, such as a CSV file."""

    def save(self, rows: Sequence[Row]) -> None:
        """Keep the rows; each has `class` and one value a metric."""


class MeterRecorder:
    """Running means of metrics by class.

    A value that is not a number is not defined for its sample (a class that does not occur, say)
    and is left out of the mean; `num_values` tells how many went in.

    Raises:
        ValueError: a label is named twice, or there is none.
    """

    def __init__(
        self,
        class_labels: Sequence[str],
        metric_labels: Sequence[str],
        logger: logging.Logger | None = None,
        saver: Saver | None = None,
        prefix: str = "train_",
    ) -> None:
        for labels in (class_labels, metric_labels):
            if not labels or len(set(labels)) != len(labels):
                raise ValueError(f"labels must be there once each: {list(labels)}")
        self.class_labels, self.metric_labels = tuple(class_labels), tuple(metric_labels)
        self.prefix = prefix
        self._logger, self._saver = logger, saver
        self._sums: dict[tuple[str, str], float] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def update(self, *, metric_name: str, class_name: str, value: float) -> None:
        """Add one value.

        Raises:
            KeyError: there is no such metric or class.
        """
        key = self._key(metric_name, class_name)
        if not math.isnan(value):
            self._sums[key] = self._sums.get(key, 0.0) + float(value)
            self._counts[key] = self._counts.get(key, 0) + 1

    def get_mean(self, metric_name: str, class_name: str) -> float:
        """The mean so far; NaN where nothing came in.

        Raises:
            KeyError: there is no such metric or class.
        """
        key = self._key(metric_name, class_name)
        return self._sums[key] / self._counts[key] if key in self._counts else math.nan

    def num_values(self, metric_name: str, class_name: str) -> int:
        """How many values the mean is of.

        Raises:
            KeyError: there is no such metric or class.
        """
        return self._counts.get(self._key(metric_name, class_name), 0)

    def reset(self) -> None:
        """Forget all values."""
        self._sums, self._counts = {}, {}

    def rows(self) -> list[Row]:
        """One row a class with its name and the mean of each metric, named with the prefix."""
        return [
            {"class": label}
            | {f"{self.prefix}{name}": self.get_mean(name, label) for name in self.metric_labels}
            for label in self.class_labels
        ]

    def print_summary(self) -> str:
        """The table class x metric, to the logger or else to stdout; the rows go to the saver."""
        text = self._table()
        if self._logger is None:
            print(text)
        else:
            self._logger.info("%s", text)
        if self._saver is not None:
            self._saver.save(self.rows())
        return text

    def _table(self) -> str:
        heads = [f"{self.prefix}{name}" for name in self.metric_labels]
        first = max(len("class"), *(len(label) for label in self.class_labels))
        widths = [max(len(head), 6) for head in heads]
        lines = [["class".ljust(first), *(h.rjust(w) for h, w in zip(heads, widths, strict=True))]]
        for label in self.class_labels:
            means = [self.get_mean(name, label) for name in self.metric_labels]
            cells = ["-" if math.isnan(mean) else f"{mean:.4f}" for mean in means]
            lines.append(
                [label.ljust(first), *(c.rjust(w) for c, w in zip(cells, widths, strict=True))]
            )
        return "\n".join("  ".join(line) for line in lines)

    def _key(self, metric_name: str, class_name: str) -> tuple[str, str]:
        for kind, name, labels in (
            ("metric", metric_name, self.metric_labels),
            ("class", class_name, self.class_labels),
        ):
            if name not in labels:
                raise KeyError(f"no {kind} is named {name!r}; there are: {', '.join(labels)}")
        return metric_name, class_name


class CsvSaver:
    """Keeps the rows of all calls in one CSV file, written whole each time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows: list[Row] = []

    def save(self, rows: Sequence[Row]) -> None:
        """Append the rows and write the file.

        Raises:
            OSError: it cannot be written.
        """
        self._rows += rows
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_name(self._file.name + ".tmp")
        temporary.write_text(text.getvalue(), encoding="utf-8")
        temporary.replace(self._file)
