"""From a report to what people and programs read: text with source lines, or one JSON a line.

Places are looked up here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from neurotrain.language.decoding import split_lines
from neurotrain.language.diagnostics import Diagnostic, Report, Severity
from neurotrain.language.excerpt import excerpt, visible
from neurotrain.language.tree import Node, Place, SpecPath, dotted, nearest

_NOWHERE = Place(file="", line=1, column=1)
_RESET, _BOLD, _BLUE = "\x1b[0m", "\x1b[1m", "\x1b[1;34m"
_SEVERITY_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m"}


@dataclass(frozen=True, slots=True)
class _Located:
    diagnostic: Diagnostic
    place: Place
    related: tuple[tuple[Place, str], ...]


def render_text(
    report: Report, root: Node | None, sources: Mapping[str, str], *, colour: bool
) -> str:
    """Every fault with its source line, ordered by place, and a line with the counts.

    Empty if there is no fault. `sources` maps each file, as the places call it, to its text.
    """
    lines_of = {file: split_lines(text) for file, text in sources.items()}
    blocks = [_block(located, lines_of, colour) for located in _located(report, root)]
    return "\n\n".join([*blocks, _summary(report)]) + "\n" if blocks else ""


def render_json(report: Report, root: Node | None, sources: Mapping[str, str]) -> str:
    """Every fault as one JSON record a line, ordered by place; columns count characters from 1.

    `end_column` is the column after the last character. `sources` keeps the signature of
    `render_text`; records quote no source.
    """
    assert all(isinstance(text, str) for text in sources.values())
    return "".join(json.dumps(_record(each)) + "\n" for each in _located(report, root))


def place_of(diagnostic: Diagnostic, root: Node | None) -> Place:
    """Where a fault is written: its value or key, or the nearest key above what is missing."""
    if diagnostic.place is not None:
        return diagnostic.place
    return _look_up(diagnostic.path, root, at_key=diagnostic.at_key)


def _look_up(path: SpecPath, root: Node | None, *, at_key: bool = False) -> Place:
    if root is None:
        return _NOWHERE
    node, exact = nearest(root, path)
    written_nowhere = node.value is None and not node.written
    if node.key_place is not None and (at_key or not exact or written_nowhere):
        return node.key_place
    return node.place


def _located(report: Report, root: Node | None) -> list[_Located]:
    found = [
        _Located(item, place_of(item, root), _related_places(item, root)) for item in report.items
    ]
    return sorted(found, key=_order)


def _order(located: _Located) -> tuple[str, int, int, str, str]:
    place, diagnostic = located.place, located.diagnostic
    return (place.file, place.line, place.column, diagnostic.code.id, diagnostic.message)


def _related_places(diagnostic: Diagnostic, root: Node | None) -> tuple[tuple[Place, str], ...]:
    told = tuple(
        (where if isinstance(where, Place) else _look_up(where, root), note)
        for where, note in diagnostic.related
    )
    if root is None or diagnostic.place is not None or diagnostic.at_key:
        return told
    node, exact = nearest(root, diagnostic.path)
    if not exact or node.origin is None or any(place == node.origin for place, _ in told):
        return told
    return (*told, (node.origin, "the value comes from here"))


def _block(located: _Located, lines_of: Mapping[str, list[str]], colour: bool) -> str:
    diagnostic, place = located.diagnostic, located.place
    severity = diagnostic.code.severity
    label = _painted(f"{severity}[{diagnostic.code.id}]", _SEVERITY_COLOURS[severity], colour)
    message = _painted(visible(diagnostic.message), _BOLD, colour)
    parts = [f"{_shown(place)}: {label}: {message}"]
    lines = lines_of.get(place.file, [])
    if place.line <= len(lines):
        number, gutter = f"{place.line:5d}", " " * 5
        source, carets = excerpt(lines[place.line - 1], place.column, place.length)
        bar = _painted("|", _BLUE, colour)
        parts.append(f"{_painted(number, _BLUE, colour)} {bar} {source}".rstrip())
        parts.append(f"{gutter} {bar} {_painted_carets(carets, severity, colour)}")
    if diagnostic.hint:
        parts.append(f"   = help: {visible(diagnostic.hint)}")
    parts += [f"   = note: {_shown(where)}: {visible(note)}" for where, note in located.related]
    return "\n".join(parts)


def _shown(place: Place) -> str:
    return f"{visible(place.file)}:{place.line}:{place.column}"


def _painted(text: str, colour: str, wanted: bool) -> str:
    return f"{colour}{text}{_RESET}" if wanted else text


def _painted_carets(carets: str, severity: Severity, colour: bool) -> str:
    marks = carets.lstrip(" ")
    indent = carets[: len(carets) - len(marks)]
    return indent + _painted(marks, _SEVERITY_COLOURS[severity], colour)


def _summary(report: Report) -> str:
    num_errors = sum(item.code.severity is Severity.ERROR for item in report.items)
    num_warnings = len(report.items) - num_errors
    counts = ((num_errors, "error"), (num_warnings, "warning"))
    return ", ".join(f"{num} {word}{'s' * (num != 1)}" for num, word in counts if num)


def _record(located: _Located) -> dict[str, object]:
    diagnostic, place = located.diagnostic, located.place
    return {
        "code": diagnostic.code.id,
        "severity": diagnostic.code.severity.value,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_column": place.column + place.length,
        "path": dotted(diagnostic.path),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "related": [
            {"file": where.file, "line": where.line, "column": where.column, "message": note}
            for where, note in located.related
        ],
    }
