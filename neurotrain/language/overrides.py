"""The `--set path=value` step: single values laid over the tree of the files.

    --set train.epochs=3 --set metrics[0]=iou --set train.clip_grad_norm=null

The value is YAML on one line. It replaces what stands at its path, except that a map is merged
into a map as `extends` does it; `null` deletes a key or a list item. Maps on the way are made as
needed. Of several arguments for one path the last wins. Places name the file `--set`; the line is
the number of the argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from neurotrain.language import composing_codes, reading_codes
from neurotrain.language.diagnostics import Code, Diagnostic, Report
from neurotrain.language.limits import MAX_DEPTH
from neurotrain.language.measure import measure
from neurotrain.language.merge import are_of_other_data, merge, named, with_value
from neurotrain.language.paths import PathFault, Segment, keys_of, parse_path
from neurotrain.language.reader import read
from neurotrain.language.suggest import closest
from neurotrain.language.tree import Node, Place, SpecPath, brief, dotted

OVERRIDES_FILE: Final = "--set"
_EXAMPLE: Final = "write --set train.epochs=3"
_BREAK: Final = re.compile("[\r\n\x85\u2028\u2029]")


def override(root: Node, arguments: Sequence[str], report: Report) -> Node:
    """The tree with every argument applied, in order; faulty ones are reported and left out."""
    for number, argument in enumerate(arguments, start=1):
        setting = _parse(argument, number, report)
        if setting is not None:
            changed = _apply(root, setting, 0, report)
            root = root if changed is None else changed
    return root


def overrides_text(arguments: Sequence[str]) -> str:
    """The arguments as the text that their places count in, one a line."""
    return "\n".join(_BREAK.sub(" ", argument) for argument in arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    segments: tuple[Segment, ...]
    value: Node
    line: int

    def place(self, depth: int) -> Place:
        segment = self.segments[depth]
        length = segment.end - segment.start
        return Place(file=OVERRIDES_FILE, line=self.line, column=segment.start + 1, length=length)


def _parse(argument: str, number: int, report: Report) -> _Setting | None:
    written_path, equals, text = argument.partition("=")
    segments = parse_path(written_path)
    message, at = "", 0
    if _BREAK.search(argument):
        message, at = "the argument is longer than one line", 0
    elif not equals:
        message, at = "a `=` and a value are missing", len(argument)
    elif isinstance(segments, PathFault):
        message, at = segments.message, segments.at
    elif segments[0].key == "extends":
        message, at = "`extends` cannot be set, because the files have been read by then", 0
    if message or isinstance(segments, PathFault):
        place = Place(file=OVERRIDES_FILE, line=number, column=at + 1)
        _report(report, composing_codes.MALFORMED_OVERRIDE, (), place, message, _EXAMPLE)
        return None
    value = _read_value(segments, text, number, len(written_path) + 1, report)
    return _Setting(segments=segments, value=value, line=number) if value is not None else None


def _read_value(
    segments: tuple[Segment, ...], text: str, number: int, offset: int, report: Report
) -> Node | None:
    path = keys_of(segments)
    faults = Report()
    value = read("\n" * (number - 1) + " " * offset + text, OVERRIDES_FILE, faults)
    report.extend(replace(fault, path=(*path, *fault.path)) for fault in faults.items)
    place = Place(file=OVERRIDES_FILE, line=number, column=offset + 1, length=max(1, len(text)))
    if value is None and not faults.items:
        message = "the value is empty"
        hint = "write null to delete the key, '' for an empty text, quotes around a `#`"
        _report(report, composing_codes.MALFORMED_OVERRIDE, path, place, message, hint)
    elif value is not None and len(segments) + measure(value).height > MAX_DEPTH:
        message = f"more than {MAX_DEPTH} maps and lists stand inside one another"
        hint = "shorten the path"
        _report(report, reading_codes.LIMIT_EXCEEDED, (), place, message, hint)
        return None
    return value


def _apply(node: Node, setting: _Setting, depth: int, report: Report) -> Node | None:
    """The node with the value set below it, or None after a report."""
    key = setting.segments[depth].key
    node = named(node) if isinstance(key, str) and depth > 0 else node
    if isinstance(key, str) and isinstance(node.value, Mapping):
        return _apply_to_map(node, node.value, key, setting, depth, report)
    if isinstance(key, int) and isinstance(node.value, tuple):
        return _apply_to_list(node, node.value, key, setting, depth, report)
    _report_no_target(node, setting, depth, report)
    return None


def _apply_to_map(
    node: Node,
    entries: Mapping[str, Node],
    key: str,
    setting: _Setting,
    depth: int,
    report: Report,
) -> Node | None:
    changed = dict(entries)
    child = entries.get(key)
    if depth + 1 == len(setting.segments):
        if child is not None and setting.value.value is None:
            del changed[key]
        else:
            value = replace(setting.value, key_place=setting.place(depth))
            changed = {} if are_of_other_data(entries, {key: value}) else changed
            changed[key] = value if child is None else merge(child, value)
        return with_value(node, changed)
    if child is None or child.value is None:
        place = setting.place(depth)
        child = Node(value={}, place=place, key_place=place)
    below = _apply(child, setting, depth + 1, report)
    if below is None:
        return None
    changed[key] = below
    return with_value(node, changed)


def _apply_to_list(
    node: Node,
    items: tuple[Node, ...],
    index: int,
    setting: _Setting,
    depth: int,
    report: Report,
) -> Node | None:
    if index >= len(items):
        _report_no_target(node, setting, depth, report)
        return None
    if depth + 1 < len(setting.segments):
        below = _apply(items[index], setting, depth + 1, report)
        return below and with_value(node, (*items[:index], below, *items[index + 1 :]))
    if setting.value.value is None:
        return with_value(node, (*items[:index], *items[index + 1 :]))
    value = merge(items[index], setting.value)
    return with_value(node, (*items[:index], value, *items[index + 1 :]))


def _report_no_target(node: Node, setting: _Setting, depth: int, report: Report) -> None:
    path = keys_of(setting.segments)
    above, key = dotted(path[:depth]), setting.segments[depth].key
    hint = "set the whole value instead: " + f"--set {above}=…"
    if isinstance(node.value, tuple) and isinstance(key, int):
        message = f"'{above}' has {len(node.value)} items, so there is no [{key}]"
        hint = f"the first is [0]; to add one, set the whole list: --set {above}=[…]"
    elif isinstance(node.value, tuple):
        message = f"'{above}' is a list, and '{key}' is no index"
        hint = f"name the item by its number: {above}[0].{key}"
    elif isinstance(node.value, Mapping):
        message = f"'{above}' is a map, and [{key}] is no key"
        guess = closest(str(key), node.value)
        hint = f"did you mean '{above}.{guess}'?" if guess else f"name the key: {above}.key"
    else:
        message = f"'{above}' is the single value {brief(node)}, with nothing below it"
    code = composing_codes.OVERRIDE_WITHOUT_TARGET
    _report(report, code, path[:depth], setting.place(depth), message, hint)


def _report(
    report: Report, code: Code, path: SpecPath, place: Place, message: str, hint: str
) -> None:
    report.add(Diagnostic(code=code, path=path, place=place, message=message, hint=hint))
