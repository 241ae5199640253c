"""Tables in CSV: a header, then one row a sample. Reads text alone, neither numpy nor torch."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta

Separator = Annotated[
    Literal[",", ";", "\t"],
    Meta(description="What stands between the cells of a row: a comma, a semicolon or a tab"),
]
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LARGEST: Final = 1e30
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}


class BadTable(Exception):
    """A file that is no table; the text says why, after a semicolon what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its place."""

    line: int
    """Where it starts, counted from 1."""
    cells: tuple[str, ...]
    """Without white space around them; as many as the file has, which may not be the header's."""


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows; lines without any text are left out."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, separator: str) -> Table:
    """The table in a file of UTF-8, with or without a byte order mark.

    Raises:
        BadTable: it is no such text, has no header or no rows, or names a column twice.
        OSError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = _rows(file, separator) or [Row(1, ())]
    except UnicodeDecodeError as error:
        raise BadTable(f"it is not UTF-8 (byte {error.start:,}); save it as UTF-8") from error
    if not header.cells:
        raise BadTable("it is empty; its first line names the columns")
    twice = sorted({name for name in header.cells if header.cells.count(name) > 1})
    if twice:
        raise BadTable(f"its header names '{twice[0]}' twice; name every column once")
    if not rows:
        raise BadTable("it has a header and no rows; write one row an image")
    return Table(header.cells, tuple(rows))


def other_separator(columns: tuple[str, ...]) -> str:
    """What separates the cells, by the look of a header that was not divided; empty if unclear."""
    if len(columns) != 1:
        return ""
    return next((mark for mark in _NAMES if mark in columns[0]), "")


def separator_name(separator: str) -> str:
    """`commas`, `semicolons`, `tabs`."""
    return _NAMES[separator]


def number_in(cell: str) -> float | None:
    """The number below 1e30 that a cell holds, None where it is none."""
    if not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) < _LARGEST else None


def _rows(lines: Iterator[str], separator: str) -> list[Row]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                rows.append(Row(line, stripped))
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadTable(f"line {line} is no row of a table: {error}") from error
    return rows
