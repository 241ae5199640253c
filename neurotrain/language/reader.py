"""From text to a tree: YAML 1.2 from the parser's events, with every limit checked per event.

Knows nothing of `extends`, variables or what a spec contains. Keys are their source text (`1:` is
the key "1"). Anchors and aliases are read and the copies counted; tags, merge keys and second
documents are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from neurotrain.language import reading_faults as faults
from neurotrain.language.decoding import decode, place_at, split_lines
from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.limits import MAX_ANCHORS, MAX_DEPTH, MAX_NODES, MAX_TEXT
from neurotrain.language.opened import Opened, path_of
from neurotrain.language.scalars import BadNumber, resolve
from neurotrain.language.syntax import SyntaxFault, explain_syntax
from neurotrain.language.tree import Node, Place, Scalar

_WORTH_COUNTING: Final = 2 * MAX_NODES
"""Characters; a shorter text cannot hold too many values without aliases."""
_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def read(text: str | bytes, file: str, report: Report) -> Node | None:
    """The tree of one YAML text, or None where the text has no usable tree.

    Faults of single values are reported at their paths and reading goes on; such a value is then
    the text as written, or missing. None without a report means that the text holds no value.
    """
    decoded = decode(text, file, report)
    if decoded is None:
        return None
    try:
        if len(decoded) >= _WORTH_COUNTING:
            _refuse_too_many(decoded, file)
        return _Reading(decoded, file, report).tree()
    except _Stopped as stopped:
        report.add(stopped.reason)
    except yaml.MarkedYAMLError as error:
        report.add(explain_syntax(_syntax_fault(error), decoded, file))
    except yaml.YAMLError as error:
        problem = str(error).splitlines()[0]
        report.add(explain_syntax(SyntaxFault(problem=problem, at=(0, 0)), decoded, file))
    return None


def _syntax_fault(error: yaml.MarkedYAMLError) -> SyntaxFault:
    at, since = error.problem_mark or error.context_mark, error.context_mark
    return SyntaxFault(
        problem=error.problem or "",
        at=(at.line, at.column) if at else (0, 0),
        since=(since.line, since.column) if since else None,
    )


def _refuse_too_many(text: str, file: str) -> None:
    """Stop at the first value beyond the limit: counting is several times faster than reading."""
    num_values = 0
    expects_key: list[bool] = []
    """For each open map whether its next event is a key; False for a list."""
    is_map: list[bool] = []
    for event in yaml.parse(text, Loader=_LOADER):
        if not isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.CollectionEndEvent):
                expects_key.pop()
                is_map.pop()
            continue
        if expects_key and expects_key[-1]:
            expects_key[-1] = False
        else:
            num_values += 1
            if expects_key:
                expects_key[-1] = is_map[-1]
        if num_values > MAX_NODES:
            mark: Any = event.start_mark
            place = Place(file=file, line=mark.line + 1, column=mark.column + 1)
            raise _Stopped(faults.too_many_values((), place))
        if isinstance(event, yaml.CollectionStartEvent):
            if len(is_map) >= MAX_DEPTH:
                return
            is_map.append(isinstance(event, yaml.MappingStartEvent))
            expects_key.append(is_map[-1])


class _Stopped(Exception):
    """The text is not read further."""

    def __init__(self, reason: Diagnostic) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    num_nodes: int
    height: int


class _Reading:
    """One pass over the events of one text."""

    def __init__(self, text: str, file: str, report: Report) -> None:
        self.text = text
        self.file = file
        self.report = report
        self.stack: list[Opened] = []
        self.anchors: dict[str, _Anchored | None] = {}
        """None while the value that an anchor names is still open."""
        self.anchor_places: dict[str, Place] = {}
        self.num_nodes = 0
        self.num_documents = 0
        self.root: Node | None = None

    def tree(self) -> Node | None:
        """The root of the first document, or None if that holds nothing."""
        scalar, mapping, sequence = (
            yaml.ScalarEvent,
            yaml.MappingStartEvent,
            yaml.SequenceStartEvent,
        )
        read_scalar = self._read_scalar
        for event in yaml.parse(self.text, Loader=_LOADER):
            kind = type(event)
            if kind is scalar:
                read_scalar(event)
            elif kind is mapping or kind is sequence:
                self._open(event, is_map=kind is mapping)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._read_alias(event)
            elif kind is yaml.DocumentStartEvent and not self._begin_document(event):
                break
        empty = self.root is not None and self.root.value is None and not self.root.written
        return None if empty else self.root

    def _begin_document(self, event: Any) -> bool:
        """Whether this document is read."""
        self.num_documents += 1
        if self.num_documents > 1:
            self.report.add(faults.second_document(self._place(event)))
            return False
        if event.tags or event.version not in (None, (1, 2)):
            self.report.add(faults.directive(self._place(event)))
        return True

    def _read_scalar(self, event: Any) -> None:
        text, start, end = event.value, event.start_mark, event.end_mark
        plain = not event.style
        if not text and plain and start.index >= len(self.text):
            place, written = place_at(self.text, len(self.text), self.file), ""
        elif event.tag is None and event.anchor is None and start.line == end.line:
            length = end.column - start.column or 1
            place = Place(
                file=self.file, line=start.line + 1, column=start.column + 1, length=length
            )
            written = text if plain else self.text[start.index : end.index]
        else:
            place, written = self._written(event)
        if len(text) > MAX_TEXT:
            raise _Stopped(faults.too_long(path_of(self.stack), place))
        holder = self.stack[-1] if self.stack else None
        if holder is not None and holder.expects_key:
            self._read_key(holder, event, place, plain)
            return
        self.num_nodes += 1
        if self.num_nodes > MAX_NODES:
            raise _Stopped(faults.too_many_values(path_of(self.stack), place))
        node = Node(
            value=self._plain_value(text, place) if plain else text,
            place=place,
            key_place=holder.key_place if holder is not None else None,
            written=written,
        )
        if event.tag is not None or event.anchor is not None:
            self._read_properties(event, _Anchored(node, 1, 0))
        if holder is not None:
            holder.take_value(node, 0)
        else:
            self.root = node

    def _plain_value(self, text: str, place: Place) -> Scalar:
        value = resolve(text)
        if not isinstance(value, BadNumber):
            return value
        self.report.add(faults.bad_number(value, text, path_of(self.stack), place))
        return text

    def _written(self, event: Any) -> tuple[Place, str]:
        """Place and source text of a scalar that has a tag or anchor or several lines."""
        start, end = event.start_mark, event.end_mark
        written = self.text[start.index : end.index].rstrip()
        line, column = start.line, start.column
        if event.tag is not None or event.anchor is not None:
            skipped = len(written) - len(_without_properties(written))
            before = split_lines(self.text[start.index : start.index + skipped])
            line += len(before) - 1
            column = len(before[-1]) + (column if len(before) == 1 else 0)
            written = written[skipped:]
        length = len(split_lines(written)[0].rstrip()) or 1
        return Place(file=self.file, line=line + 1, column=column + 1, length=length), written

    def _read_key(self, holder: Opened, event: Any, place: Place, plain: bool) -> None:
        key = event.value
        sound = key not in holder.entries and not (plain and key in ("", "<<"))
        if not sound:
            self._report_key(key, place, holder.entries.get(key))
        holder.take_key(key, place, keeps_value=sound)
        if event.tag is not None or event.anchor is not None:
            node = Node(value=key, place=place, written=key)
            self._read_properties(event, _Anchored(node, 1, 0))

    def _report_key(self, key: str, place: Place, earlier: Node | None) -> None:
        path = (*path_of(self.stack), key)
        if earlier is not None:
            first = earlier.key_place or earlier.place
            self.report.add(faults.duplicate_key(key, path, place, first))
        elif key:
            self.report.add(faults.merge_key(path, place))
        else:
            self.report.add(faults.complex_key("nothing", path, place))

    def _open(self, event: Any, *, is_map: bool) -> None:
        place = self._place(event)
        if len(self.stack) >= MAX_DEPTH:
            raise _Stopped(faults.too_deep(path_of(self.stack), place))
        self._count(1, place)
        opened = Opened(
            place=place,
            is_map=is_map,
            flow=bool(event.flow_style),
            anchor=event.anchor,
            nodes_before=self.num_nodes - 1,
            expects_key=is_map,
        )
        if self.stack and self.stack[-1].expects_key:
            self._refuse_key("a map" if is_map else "a list", place)
            opened.is_key = True
        if event.tag is not None or event.anchor is not None:
            self._read_properties(event, None)
        self.stack.append(opened)

    def _close(self, event: Any) -> None:
        closed = self.stack.pop()
        holder = self.stack[-1] if self.stack else None
        node = Node(
            value=closed.entries if closed.is_map else tuple(closed.items),
            place=closed.extent(event.end_mark.line + 1, event.end_mark.column + 1),
            key_place=holder.key_place if holder is not None else None,
        )
        if closed.anchor is not None:
            num_nodes = self.num_nodes - closed.nodes_before
            self.anchors[closed.anchor] = _Anchored(node, num_nodes, closed.height)
        if holder is None:
            self.root = node
        elif not closed.is_key:
            holder.take_value(node, closed.height)

    def _refuse_key(self, what: str, place: Place) -> None:
        """Report a key that is no name, and read its value only to pass over it."""
        self.report.add(faults.complex_key(what, path_of(self.stack), place))
        self.stack[-1].take_key("?", place, keeps_value=False)

    def _read_properties(self, event: Any, anchored: _Anchored | None) -> None:
        """Report a tag; remember an anchor, without its value if that is still open."""
        path, name = path_of(self.stack), event.anchor
        place = self._place(event, length=1)
        if event.tag is not None:
            self.report.add(faults.tag(event.tag, path, place))
        if name is None:
            return
        if name in self.anchors:
            earlier = self.anchor_places[name]
            self.report.add(faults.duplicate_anchor(name, path, place, earlier))
        self.anchor_places[name] = place
        self.anchors[name] = anchored
        if len(self.anchors) > MAX_ANCHORS:
            raise _Stopped(faults.too_many_anchors(path, place))

    def _read_alias(self, event: Any) -> None:
        place = self._place(event)
        holder = self.stack[-1] if self.stack else None
        if holder is None or holder.expects_key:
            self._refuse_alias(event, place)
            return
        anchored = self._anchored(event.anchor, place)
        if anchored is None:
            holder.take_value(Node(value=None, place=place, key_place=holder.key_place), 0)
            return
        if len(self.stack) + anchored.height > MAX_DEPTH:
            raise _Stopped(faults.too_deep(path_of(self.stack), place))
        self._count(anchored.num_nodes, place)
        node = Node(
            value=anchored.node.value,
            place=place,
            key_place=holder.key_place,
            written=anchored.node.written,
            origin=anchored.node.origin or anchored.node.place,
        )
        holder.take_value(node, anchored.height)

    def _refuse_alias(self, event: Any, place: Place) -> None:
        if self.stack:
            self._refuse_key("an alias", place)
        else:
            self._anchored(event.anchor, place)

    def _anchored(self, name: str, place: Place) -> _Anchored | None:
        """What an alias stands for, or None after a report."""
        path = path_of(self.stack)
        if name not in self.anchors:
            self.report.add(faults.unknown_anchor(name, self.anchors, path, place))
            return None
        anchored = self.anchors[name]
        if anchored is None:
            first = self.anchor_places[name]
            self.report.add(faults.anchor_cycle(name, path, place, first))
        return anchored

    def _count(self, num_nodes: int, place: Place) -> None:
        self.num_nodes += num_nodes
        if self.num_nodes > MAX_NODES:
            raise _Stopped(faults.too_many_values(path_of(self.stack), place))

    def _place(self, event: Any, length: int | None = None) -> Place:
        """Where an event begins; an event of several lines counts as one character."""
        start, end = event.start_mark, event.end_mark
        if length is None:
            length = end.column - start.column if start.line == end.line else 1
        return Place(
            file=self.file, line=start.line + 1, column=start.column + 1, length=length or 1
        )


def _without_properties(written: str) -> str:
    """A scalar's source text without the tag and anchor before it."""
    while written[:1] in ("&", "!"):
        parts = written.split(maxsplit=1)
        written = parts[1] if len(parts) > 1 else ""
    return written
