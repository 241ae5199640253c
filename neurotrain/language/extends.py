"""The `extends` step: a file and those it builds on become one tree.

    extends: [base.yaml, cluster.yaml]     # relative to the file that says it

The nearest wins: the file's own values over those of a later base, and those over an earlier
base's. Bases may extend others. How two trees become one is told in `merge`. Knows nothing of
variables: names of bases are taken as they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from neurotrain.language import composing_codes, reading_codes
from neurotrain.language.diagnostics import Code, Diagnostic, Report
from neurotrain.language.files import (
    Files,
    Unreadable,
    beside,
    identity,
    read_content,
    siblings,
)
from neurotrain.language.limits import MAX_BYTES, MAX_EXTENDS_DEPTH, MAX_FILES
from neurotrain.language.merge import merge, with_value
from neurotrain.language.reader import read
from neurotrain.language.suggest import closest
from neurotrain.language.tree import Node, Place, SpecPath, brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """One tree from all files; incomplete if a base could not be read."""

    root: Node
    incomplete: bool


def extend(file: Path, files: Files, report: Report) -> Extended | None:
    """The tree of a file over those of its bases, without `extends`; None if it has no tree."""
    extending = _Extending(files, report)
    place = Place(file=str(file), line=1, column=1)
    root = extending.resolve(_Asked(name=str(file), shown=str(file), path=(), place=place), ())
    return Extended(root=root, incomplete=extending.incomplete) if root is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A file and the place that asks for it; the path is empty for the spec itself."""

    name: str
    shown: str
    path: SpecPath
    place: Place


class _Extending:
    def __init__(self, files: Files, report: Report) -> None:
        self.files = files
        self.report = report
        self.resolved: dict[str, Node | None] = {}
        self.incomplete = False

    def resolve(self, asked: _Asked, chain: tuple[_Asked, ...]) -> Node | None:
        """The tree of one file; `chain` holds those that extend it, the spec first."""
        known = identity(Path(asked.shown))
        if any(identity(Path(other.shown)) == known for other in chain):
            self._report_cycle(asked, chain)
        elif known in self.resolved:
            return self.resolved[known]
        else:
            root = self._read(asked, chain)
            self.resolved[known] = self._over_bases(root, asked, chain) if root else None
            return self.resolved[known]
        return None

    def _over_bases(self, root: Node, asked: _Asked, chain: tuple[_Asked, ...]) -> Node | None:
        if not isinstance(root.value, Mapping):
            is_list = isinstance(root.value, tuple)
            found = "a list" if is_list else f"the single value {brief(root)}"
            message = f"a spec is a map of keys and values, and this is {found}"
            hint = "write 'key: value', with a space after the colon"
            self._report(reading_codes.ROOT_NOT_A_MAP, (), root.place, message, hint)
            return None
        own = with_value(root, {k: node for k, node in root.value.items() if k != "extends"})
        below: Node | None = None
        for base in self._bases(root.value.get("extends"), asked):
            tree = self.resolve(base, (*chain, asked))
            self.incomplete |= tree is None
            if tree is not None:
                below = tree if below is None else merge(below, tree)
        return own if below is None else merge(below, own)

    def _bases(self, extends: Node | None, asked: _Asked) -> list[_Asked]:
        if extends is None:
            return []
        written: list[tuple[SpecPath, Node]] = [(("extends",), extends)]
        if isinstance(extends.value, tuple):
            written = [(("extends", index), node) for index, node in enumerate(extends.value)]
        bases = []
        for path, node in written:
            if isinstance(node.value, str) and node.value:
                shown = beside(asked.shown, node.value)
                bases.append(_Asked(name=node.value, shown=shown, path=path, place=node.place))
                continue
            omitted = node.value is None and not node.written
            place = node.key_place if omitted and node.key_place else node.place
            message = "`extends` takes a file name or a list of file names"
            hint = "write 'extends: base.yaml' or 'extends: [base.yaml, cluster.yaml]'"
            self._report(composing_codes.MALFORMED_EXTENDS, path, place, message, hint)
            self.incomplete = True
        return bases

    def _read(self, asked: _Asked, chain: tuple[_Asked, ...]) -> Node | None:
        if len(chain) > MAX_EXTENDS_DEPTH or len(self.files.paths) >= MAX_FILES:
            message = f"more than {MAX_EXTENDS_DEPTH} files extend one another"
            if len(chain) <= MAX_EXTENDS_DEPTH:
                message = f"the spec is made of more than {MAX_FILES} files"
            hint = "put files together that always go together"
            self._report(reading_codes.LIMIT_EXCEEDED, asked.path, asked.place, message, hint)
            return None
        content = read_content(Path(asked.shown))
        if isinstance(content, Unreadable):
            self._report_unreadable(asked, content.reason)
            return None
        self.files.keep(Path(asked.shown), asked.shown, content)
        if self.files.num_bytes > MAX_BYTES and chain:
            message = f"the files of the spec are larger than {MAX_BYTES // 1024**2} MiB together"
            hint = "long lists belong in the data that the spec points to"
            self._report(reading_codes.LIMIT_EXCEEDED, asked.path, asked.place, message, hint)
            return None
        return self._read_tree(asked, content)

    def _read_tree(self, asked: _Asked, content: bytes) -> Node | None:
        num_faults = len(self.report.items)
        root = read(content, asked.shown, self.report)
        if root is None and len(self.report.items) == num_faults:
            place = Place(file=asked.shown, line=1, column=1)
            hint = "`neurotrain new` writes a spec to start from"
            self._report(reading_codes.EMPTY_SPEC, (), place, "the file holds no value", hint)
        return root

    def _report_unreadable(self, asked: _Asked, reason: str) -> None:
        path = Path(asked.shown)
        guess = closest(path.name, siblings(path))
        hint = "names are relative to the file that says `extends`"
        if not asked.path:
            hint = "give the name of a spec, or write one with `neurotrain new`"
        if guess:
            hint = f"did you mean '{PurePath(asked.name).with_name(guess).as_posix()}'?"
        elif "${" in asked.name:
            hint = "variables are not filled in here; write the name out"
        code = composing_codes.UNKNOWN_BASE if asked.path else reading_codes.UNREADABLE_FILE
        self._report(code, asked.path, asked.place, f"'{asked.shown}' {reason}", hint)

    def _report_cycle(self, asked: _Asked, chain: tuple[_Asked, ...]) -> None:
        known = identity(Path(asked.shown))
        names = [other.shown for other in chain]
        first = [identity(Path(name)) for name in names].index(known)
        told = " → ".join([*names[first:], asked.shown])
        hint = "move what both need into a third file that both extend"
        message = f"the file extends itself: {told}"
        self._report(composing_codes.EXTENDS_CYCLE, asked.path, asked.place, message, hint)

    def _report(self, code: Code, path: SpecPath, place: Place, message: str, hint: str) -> None:
        self.report.add(Diagnostic(code=code, path=path, place=place, message=message, hint=hint))
