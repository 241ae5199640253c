"""The survey of a table and its images: columns, numbers, files and headers; decodes nothing."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault, SampleInfo, Survey
from neurotrain.dataset.faults import counted, resolved_root, some_names
from neurotrain.dataset.groups import with_groups
from neurotrain.dataset.header_survey import channel_faults, read_headers, spread
from neurotrain.dataset.reader import FileReader
from neurotrain.dataset.table import (
    BadTable,
    Row,
    Table,
    number_in,
    other_separator,
    read_table,
    separator_name,
)

if TYPE_CHECKING:
    from neurotrain.dataset.image_table import ImageTable


def survey_table(
    component: ImageTable, resolver: Resolver, *, max_headers: int | None, reader: FileReader,
    columns: Mapping[str, tuple[str, ...]] | None = None,
) -> Survey:  # fmt: skip
    """Read the table, look for its images and read the headers of evenly spread ones.

    `columns` are the targets that are wanted, each with its classes, where it holds some; all are
    wanted as numbers by default.
    """
    root = resolved_root(resolver, component.root)
    if isinstance(root, DataFault):
        return Survey(samples=(), faults=(root,))
    twice = [name for name in component.targets if component.targets.count(name) > 1]
    if twice:
        text = f"the column '{twice[0]}' is named twice"
        item = component.targets.index(twice[0], component.targets.index(twice[0]) + 1)
        return _only(DataFault(code="wrong-target", field="targets", item=item, message=text))
    table = _table(root, component)
    if isinstance(table, DataFault):
        return _only(table)
    missing = _missing_columns(table, component)
    if missing:
        return Survey(samples=(), faults=tuple(missing))
    places = {name: place for place, name in enumerate(component.targets)}
    if columns is not None:
        wanted = tuple(name for name in component.targets if name in columns)
        component = replace(component, targets=wanted)
    labels = {name: classes for name, classes in (columns or {}).items() if classes}
    rows, ragged = _whole_rows(table, component)
    infos, faults = _infos(root, rows, component, labels, places)
    chosen = spread(len(infos), max_headers)
    headers = read_headers(root, [infos[index] for index in chosen], ("image",), reader)
    known = headers.known(component.channels)
    samples, group_faults = with_groups(
        tuple(known.get(info.id, info) for info in infos), component.group_by
    )
    return Survey(
        samples=samples,
        targets=component.targets,
        faults=(
            *ragged,
            *faults,
            *headers.faults,
            *channel_faults(component.channels, headers),
            *group_faults,
        ),
        num_headers_read=len(chosen),
        origin=str(root),
        folder=str(root),
    )


def _only(fault: DataFault) -> Survey:
    return Survey(samples=(), faults=(fault,))


def _table(root: Path, component: ImageTable) -> Table | DataFault:
    """The table, or what is wrong with it."""
    path = root / component.table
    try:
        return read_table(path, component.separator)
    except FileNotFoundError:
        names = sorted(entry.name for entry in os.scandir(root) if entry.is_file())
        close = get_close_matches(component.table, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else "table is relative to root"
        text = f"there is no table {path}"
        return DataFault(code="missing-files", field="table", message=text, hint=hint)
    except OSError as error:
        cause, hint = f"it cannot be read ({error.strerror})", ""
    except BadTable as error:
        cause, _, hint = str(error).partition("; ")
    text = f"{path} is no table: {cause}"
    return DataFault(code="unreadable-table", field="table", message=text, hint=hint)


def _missing_columns(table: Table, component: ImageTable) -> list[DataFault]:
    """A fault for each column that the spec names and the header lacks."""
    wanted = [("image", component.image), *(("targets", name) for name in component.targets)]
    lacking = [(field, name) for field, name in wanted if name not in table.columns]
    mark = other_separator(table.columns)
    if lacking and mark:
        text = f"the header of {component.table} is one cell, '{table.columns[0]}'"
        hint = f'its cells are separated by {separator_name(mark)}: write separator: "{mark}"'
        hint = hint.replace("\t", "\\t")
        return [DataFault(code="missing-column", field="separator", message=text, hint=hint)]
    faults = []
    for field, name in lacking:
        close = get_close_matches(name, table.columns, n=1)
        hint = f"it has {some_names(table.columns)}"
        hint = f"did you mean '{close[0]}'? {hint}" if close else hint
        text = f"{component.table} has no column '{name}'"
        item = component.targets.index(name) if field == "targets" else None
        faults.append(
            DataFault(code="missing-column", field=field, item=item, message=text, hint=hint)
        )
    return faults


def _whole_rows(table: Table, component: ImageTable) -> tuple[list[Row], list[DataFault]]:
    """The rows with as many cells as the header, and the fault of the others."""
    num = len(table.columns)
    ragged = [
        f"line {row.line} has {counted(len(row.cells), 'cell')}"
        for row in table.rows
        if len(row.cells) != num
    ]
    if not ragged:
        return _in_order(table, component), []
    text = f"{component.table} has {counted(num, 'column')}; {some_names(ragged)}"
    hint = "write every cell; one that holds the separator stands in double quotes"
    faults = [DataFault(code="table-values", field="table", message=text, hint=hint)]
    whole = Table(table.columns, tuple(row for row in table.rows if len(row.cells) == num))
    return _in_order(whole, component), faults


def _in_order(table: Table, component: ImageTable) -> list[Row]:
    """The rows with the cells of the image and of the targets alone."""
    places = [table.columns.index(name) for name in (component.image, *component.targets)]
    return [Row(row.line, tuple(row.cells[place] for place in places)) for row in table.rows]


@dataclass(slots=True)
class _Wrong:
    """What is wrong with rows, each told with its line."""

    outside: list[str]
    missing: list[str]
    numbers: dict[str, list[str]]
    labels: dict[str, list[str]]
    places: Mapping[str, int]
    """Where each column stands among the targets that are written."""


def _infos(
    root: Path,
    rows: Sequence[Row],
    component: ImageTable,
    labels: Mapping[str, tuple[str, ...]],
    places: Mapping[str, int],
) -> tuple[tuple[SampleInfo, ...], list[DataFault]]:
    """The samples in order of their ids, and what is wrong with cells and files."""
    wrong = _Wrong([], [], defaultdict(list), defaultdict(list), places)
    lines: dict[str, list[int]] = defaultdict(list)
    infos: dict[str, SampleInfo] = {}
    for row in rows:
        name = posixpath.normpath(row.cells[0].replace("\\", "/"))
        values = _values(row, component, labels, wrong)
        if not row.cells[0]:
            wrong.missing.append(f"line {row.line} names no file")
            continue
        if name.startswith(("/", "../")) or name == "..":
            wrong.outside.append(f"{row.cells[0]} (line {row.line})")
            continue
        lines[name].append(row.line)
        num_bytes = _num_bytes(root / name)
        if num_bytes is None:
            wrong.missing.append(f"{name} (line {row.line})")
        elif values is not None:
            infos[name] = SampleInfo(id=name, files=(name,), file_bytes=(num_bytes,), values=values)
    ordered = tuple(infos[name] for name in sorted(infos))
    return ordered, [*_label_faults(wrong, labels, component), *_faults(wrong, lines, component)]


def _values(
    row: Row, component: ImageTable, labels: Mapping[str, tuple[str, ...]], wrong: _Wrong
) -> tuple[float, ...] | None:
    """The numbers and class indices of a row; None, with what is wrong noted, where one is none."""
    cells = list(zip(component.targets, row.cells[1:], strict=True))
    values = [label_in(c, labels[name]) if name in labels else number_in(c) for name, c in cells]
    for (name, cell), value in zip(cells, values, strict=True):
        if value is None:
            told = f"'{cell}'" if cell else "empty"
            noted = wrong.labels if name in labels else wrong.numbers
            noted[name].append(f"line {row.line} {told}")
    found = tuple(float(value) for value in values if value is not None)
    return found if len(found) == len(values) else None


def label_in(cell: str, classes: Sequence[str]) -> int | None:
    """The index of the class that a cell names, or that it is the place of; None for neither.

    A name counts first, so that names may be numbers.
    """
    if cell in classes:
        return classes.index(cell)
    is_place = cell.isascii() and cell.isdecimal() and len(cell) < 10 and int(cell) < len(classes)
    return int(cell) if is_place else None


def _label_faults(
    wrong: _Wrong, labels: Mapping[str, tuple[str, ...]], component: ImageTable
) -> list[DataFault]:
    """At most one fault for each column of classes."""
    faults = []
    for name, cells in wrong.labels.items():
        text = f"{counted(len(cells), 'cell')} of the column '{name}' in {component.table} "
        text += f"{'names' if len(cells) == 1 else 'name'} no class: {some_names(cells)}"
        hint = f"write {some_names(labels[name])}, or a place from 0 to {len(labels[name]) - 1}"
        item = wrong.places[name]
        faults.append(
            DataFault(code="table-values", field="targets", item=item, message=text, hint=hint)
        )
    return faults


def _num_bytes(path: Path) -> int | None:
    """The size of a file, None where there is none."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return None


def _faults(wrong: _Wrong, lines: dict[str, list[int]], component: ImageTable) -> list[DataFault]:
    """At most one fault for each column of numbers, and for each kind of fault of the files."""
    faults = []
    for name, cells in wrong.numbers.items():
        text = f"{counted(len(cells), 'cell')} of the column '{name}' in {component.table} "
        text += f"{'is' if len(cells) == 1 else 'are'} no number: {some_names(cells)}"
        hint = "write finite numbers with a decimal point, or take the rows out"
        item = wrong.places[name]
        faults.append(
            DataFault(code="table-values", field="targets", item=item, message=text, hint=hint)
        )
    if wrong.missing:
        text = f"{counted(len(wrong.missing), 'image')} of {component.table} "
        text += f"{'is' if len(wrong.missing) == 1 else 'are'} not there: "
        text += some_names(wrong.missing)
        hint = f"the column '{component.image}' names files relative to root"
        faults.append(DataFault(code="missing-files", field="image", message=text, hint=hint))
    if wrong.outside:
        text = f"{component.table} names images outside of root: {some_names(wrong.outside)}"
        hint = "write names relative to root, or another root"
        faults.append(DataFault(code="missing-files", field="image", message=text, hint=hint))
    twice = [
        f"{name} (lines {', '.join(map(str, found))})"
        for name, found in lines.items()
        if len(found) > 1
    ]
    if twice:
        text = f"{component.table} names {counted(len(twice), 'image')} more than once: "
        text += some_names(twice)
        hint = "keep one row an image"
        faults.append(DataFault(code="duplicate-rows", field="image", message=text, hint=hint))
    return faults
