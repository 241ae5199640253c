"""The `vars` step: fills in `${vars.…}` and `${env:…}` and takes `vars` out of the tree.

    vars: {patch: [64, 64], root: "${env:DRIVE_ROOT:../data/DRIVE}"}
    size: ${vars.patch}                    # the list itself
    images: ${vars.root}/training          # text in text

A scalar that is one reference and nothing else takes the value with its type, quotes or not: a
variable's as it is, the environment's as YAML reads the text that comes in. In longer text a
reference stands for text, numbers as they are written. Whatever names the environment keeps the
unfilled text in `Node.symbolic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from neurotrain.language import composing_codes as codes
from neurotrain.language import reading_codes
from neurotrain.language.diagnostics import Code, Diagnostic, Report
from neurotrain.language.filled import Filled, as_written, filled_text, filled_value, kind_of
from neurotrain.language.interpolation import (
    EnvironmentReference,
    Malformed,
    Part,
    VariableReference,
    escaped,
    parse_interpolation,
)
from neurotrain.language.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_TEXT
from neurotrain.language.merge import with_value
from neurotrain.language.scalars import BadNumber, resolve
from neurotrain.language.suggest import closest
from neurotrain.language.tree import Node, Place, SpecPath, brief, child, dotted

_MAX_CHAIN: Final = 32
"""Variables that lead to one another."""
_MAX_LEVEL: Final = MAX_DEPTH + _MAX_CHAIN
"""Nesting of values, that of the variables on the way included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the step works in."""

    environment: Mapping[str, str]
    own_files: frozenset[str]
    """Files whose unused variables are told: a base's variables may serve other specs."""
    incomplete: bool = False
    """A base is missing, which may have brought any variable."""


def fill_variables(root: Node, setting: Setting, report: Report) -> Node | None:
    """The tree without `vars` and without references; None if it would grow beyond the limits."""
    assert isinstance(root.value, Mapping)
    filling = _Filling(root.value.get("vars"), setting, report)
    try:
        filling.fill_vars()
        kept = {key: node for key, node in root.value.items() if key != "vars"}
        filled = filling.fill(with_value(root, kept), (), 0)
    except _Stopped:
        return None
    filling.report_unused()
    return filled


class _Stopped(Exception):
    """The tree would grow beyond the limits; the reason has been reported."""


class _Filling:
    def __init__(self, vars_node: Node | None, setting: Setting, report: Report) -> None:
        self.vars = vars_node
        self.setting = setting
        self.report = report
        self.filled: dict[SpecPath, Filled | None] = {}
        self.active: list[SpecPath] = []
        self.used: set[str | int] = set()
        self.num_nodes = 0
        self.num_characters = 0

    # The whole tree and the variables

    def fill_vars(self) -> None:
        """Fill in every variable, so that faults in unused ones are told too."""
        if self.vars is None or self.vars.value is None:
            return
        if isinstance(self.vars.value, Mapping):
            for name in self.vars.value:
                self._refuse_interpolated(name, self.vars, ("vars",))
                self._variable((name,), self.vars.value[name], ("vars", name), 0)
            return
        message = "`vars` is not a map of names and values"
        self._report(codes.MALFORMED_VARS, ("vars",), self.vars, message, "write 'vars: {name: 3}'")

    def fill(self, node: Node, path: SpecPath, level: int) -> Node:
        """The same tree with every reference in it filled in; itself if it has none."""
        value = node.value
        if isinstance(value, str):
            return self._fill_text(node, path, level).node if "${" in value else node
        if not isinstance(value, Mapping | tuple):
            return node
        if level > _MAX_LEVEL:
            message = f"with its variables this is more than {MAX_DEPTH} maps and lists deep"
            self._stop(path, node, message)
        if isinstance(value, tuple):
            items = tuple(self.fill(item, (*path, i), level + 1) for i, item in enumerate(value))
            same = all(new is old for new, old in zip(items, value, strict=True))
            return node if same else with_value(node, items)
        entries = {}
        for key, below in value.items():
            self._refuse_interpolated(key, node, path)
            entries[key] = self.fill(below, (*path, key), level + 1)
        same = all(new is old for new, old in zip(entries.values(), value.values(), strict=True))
        return node if same else with_value(node, entries)

    def report_unused(self) -> None:
        """Tell the variables of the spec's own file that nothing names."""
        echoes = {codes.UNKNOWN_VARIABLE, codes.MALFORMED_INTERPOLATION}
        if self.setting.incomplete or any(item.code in echoes for item in self.report.items):
            return
        if self.vars is None or not isinstance(self.vars.value, Mapping):
            return
        for name, node in self.vars.value.items():
            place = node.key_place or node.place
            if name not in self.used and place.file in self.setting.own_files:
                message = f"the variable '{name}' is used nowhere"
                hint = f"write ${{vars.{name}}} where it belongs, or remove it"
                code = codes.UNUSED_VARIABLE
                self._report(code, ("vars", name), node, message, hint, at_key=True)

    # One text

    def _fill_text(self, node: Node, path: SpecPath, level: int) -> Filled:
        assert isinstance(node.value, str)
        parts = parse_interpolation(node.value)
        if isinstance(parts, Malformed):
            self._report(codes.MALFORMED_INTERPOLATION, path, node, parts.message, parts.hint)
            return as_written(node)
        if len(parts) == 1 and isinstance(parts[0], VariableReference):
            return self._whole_variable(parts[0], node, path, level)
        if len(parts) == 1 and isinstance(parts[0], EnvironmentReference):
            return self._whole_environment(parts[0], node, path)
        return self._joined(parts, node, path, level)

    def _whole_variable(
        self, part: VariableReference, node: Node, path: SpecPath, level: int
    ) -> Filled:
        found = self._referenced(part, node, path, level)
        if found is None:
            return as_written(node)
        if len(path) + found.size.height > MAX_DEPTH:
            message = f"with its variables this is more than {MAX_DEPTH} maps and lists deep"
            self._stop(path, node, message)
        self.num_nodes += found.size.num_nodes
        if self.num_nodes > MAX_NODES:
            message = f"with its variables the spec has more than {MAX_NODES:,} values"
            self._stop(path, node, message)
        filled = Node(
            value=found.node.value,
            place=node.place,
            key_place=node.key_place,
            written=found.node.written,
            symbolic=found.node.symbolic,
            origin=found.node.origin or found.node.place,
        )
        return Filled(filled, found.size, found.text)

    def _whole_environment(self, part: EnvironmentReference, node: Node, path: SpecPath) -> Filled:
        text = self._environment_text(part, node, path)
        if text is None:
            return as_written(node)
        value = resolve(text)
        if isinstance(value, BadNumber):
            non_finite = value is BadNumber.NON_FINITE
            code = reading_codes.NUMBER_OUT_OF_RANGE
            message = f"the value of {part.name} does not fit a 64-bit number"
            if non_finite:
                code = reading_codes.NON_FINITE_NUMBER
                message = f"the value of {part.name} is not a finite number"
            self._report(code, path, node, message, f"set {part.name} to another value")
            return as_written(node)
        return filled_text(node, value, text, part.written())

    def _joined(self, parts: tuple[Part, ...], node: Node, path: SpecPath, level: int) -> Filled:
        texts: list[str] = []
        symbols: list[str] = []
        origin: Place | None = None
        sound = True
        for part in parts:
            text, symbolic, source = self._part_text(part, node, path, level)
            if text is None:
                sound = False
                continue
            if source is not None and not texts:
                origin = source
            texts.append(text)
            symbols.append(symbolic)
        if not sound or not self._fits(sum(map(len, texts)), node, path):
            return as_written(node)
        named = any(isinstance(part, EnvironmentReference) for part in parts)
        symbolic = "".join(symbols) if named or self._names_environment(parts) else ""
        text = "".join(texts)
        return filled_text(node, text, text, symbolic, origin)

    def _names_environment(self, parts: tuple[Part, ...]) -> bool:
        paths = [part.path for part in parts if isinstance(part, VariableReference)]
        found = [self.filled.get(path) for path in paths]
        return any(each is not None and each.node.symbolic for each in found)

    def _part_text(
        self, part: Part, node: Node, path: SpecPath, level: int
    ) -> tuple[str | None, str, Place | None]:
        """A part's text (None after a report), its symbolic text, and where it comes from."""
        if isinstance(part, str):
            return part, escaped(part), None
        if isinstance(part, EnvironmentReference):
            return self._environment_text(part, node, path), part.written(), None
        found = self._referenced(part, node, path, level)
        if found is None or (found.text is None and self.report.taints(path)):
            return None, "", None
        if found.text is None:
            kind = kind_of(found.node)
            message = f"'{dotted(('vars', *part.path))}' is {kind} and cannot stand inside text"
            hint = "name one of its values, or let the reference stand alone"
            self._report(codes.NOT_TEXT, path, node, message, hint)
            return None, "", None
        symbolic = found.node.symbolic or escaped(found.text)
        return found.text, symbolic, found.node.origin or found.node.place

    def _environment_text(
        self, part: EnvironmentReference, node: Node, path: SpecPath
    ) -> str | None:
        text = self.setting.environment.get(part.name, part.default)
        if text is None:
            guess = closest(part.name, self.setting.environment)
            message = f"the environment variable {part.name} is not set and has no default"
            hint = f"set {part.name}, or write ${{env:{part.name}:default}}"
            hint += f"; did you mean {guess}?" if guess else ""
            self._report(codes.UNSET_ENVIRONMENT, path, node, message, hint)
            return None
        return text if self._fits(len(text), node, path) else None

    def _fits(self, num_characters: int, node: Node, path: SpecPath) -> bool:
        self.num_characters += num_characters
        if self.num_characters > MAX_BYTES:
            message = f"with its variables the spec is larger than {MAX_BYTES // 1024**2} MiB"
            self._stop(path, node, message)
        if num_characters > MAX_TEXT:
            message = f"with its variables this text is longer than {MAX_TEXT:,} characters"
            hint = "shorten the variables in it"
            self._report(reading_codes.LIMIT_EXCEEDED, path, node, message, hint)
        return num_characters <= MAX_TEXT

    # One variable

    def _referenced(
        self, part: VariableReference, node: Node, path: SpecPath, level: int
    ) -> Filled | None:
        """A variable's value for the text at a path; None, and the path tainted, after a fault."""
        self.used.add(part.path[0])
        found = self._variable(part.path, node, path, level)
        if found is None or self.report.taints(("vars", *part.path)):
            self.report.taint(path)
        return found

    def _variable(self, wanted: SpecPath, node: Node, path: SpecPath, level: int) -> Filled | None:
        """The value of `vars` at a path, for the text `node` at `path`."""
        if wanted in self.filled:
            return self.filled[wanted]
        if wanted in self.active:
            cycle = [*self.active[self.active.index(wanted) :], wanted]
            told = " → ".join(dotted(("vars", *each)) for each in cycle)
            hint = "give one of them a value of its own"
            message = f"the variable is made from itself: {told}"
            self._report(codes.VARIABLE_CYCLE, path, node, message, hint)
            return None
        if len(self.active) >= _MAX_CHAIN:
            message = f"more than {_MAX_CHAIN} variables lead to one another"
            self._stop(path, node, message)
        self.active.append(wanted)
        found = self._found(wanted, node, path, level)
        self.active.pop()
        self.filled[wanted] = found
        return found

    def _found(self, wanted: SpecPath, node: Node, path: SpecPath, level: int) -> Filled | None:
        if self.vars is None or not isinstance(self.vars.value, Mapping):
            self._report_unknown(wanted, 0, None, node, path)
            return None
        at, is_filled = self.vars, False
        for depth, key in enumerate(wanted):
            if depth and not is_filled and isinstance(at.value, str) and "${" in at.value:
                outer = self._variable(wanted[:depth], node, path, level + 1)
                if outer is None:
                    return None
                at, is_filled = outer.node, True
            below = child(at, key)
            if below is None:
                self._report_unknown(wanted, depth, at, node, path)
                return None
            at = below
        own_path = ("vars", *wanted)
        if isinstance(at.value, str) and "${" in at.value and not is_filled:
            found = self._fill_text(at, own_path, level + 1)
            tainted = self.report.taints(own_path) and found.node is at
            return None if tainted else found
        filled = at if is_filled else self.fill(at, own_path, level + 1)
        return filled_value(filled)

    # Reporting

    def _report_unknown(
        self, wanted: SpecPath, depth: int, at: Node | None, node: Node, path: SpecPath
    ) -> None:
        malformed = self.vars is not None and not isinstance(self.vars.value, Mapping | None)
        if self.setting.incomplete or malformed:
            return
        names = [key for key in at.value] if at and isinstance(at.value, Mapping) else []
        guess = closest(str(wanted[depth]), names)
        above = dotted(("vars", *wanted[:depth]))
        if at is not None and not isinstance(at.value, Mapping | tuple):
            message = f"'{above}' is the single value {brief(at)}, with nothing below it"
        else:
            message = f"'{above}' has no '{wanted[depth]}'"
        hint = f"did you mean ${{{above}.{guess}}}?" if guess else ""
        if not hint:
            hint = f"it has {', '.join(names[:8])}" if names else "define it under `vars`"
        self._report(codes.UNKNOWN_VARIABLE, path, node, message, hint)

    def _refuse_interpolated(self, key: str, node: Node, path: SpecPath) -> None:
        if "${" not in key:
            return
        message = f"the key '{key}' contains `${{`, and keys are not filled in"
        below = child(node, key)
        assert below is not None
        hint = "write the key out"
        self._report(codes.INTERPOLATED_KEY, (*path, key), below, message, hint, at_key=True)

    def _stop(self, path: SpecPath, node: Node, message: str) -> None:
        hint = "write the values out, or simplify the variables"
        self._report(reading_codes.LIMIT_EXCEEDED, path, node, message, hint)
        raise _Stopped

    def _report(
        self,
        code: Code,
        path: SpecPath,
        node: Node,
        message: str,
        hint: str,
        *,
        at_key: bool = False,
    ) -> None:
        """Report at a path; `vars` leaves the tree, so that a fault in it brings its place."""
        place = None
        if path[:1] == ("vars",):
            place = node.key_place if at_key and node.key_place else node.place
        self.report.add(
            Diagnostic(code=code, path=path, message=message, hint=hint, at_key=at_key, place=place)
        )
