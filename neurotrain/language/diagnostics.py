"""One fault as data, and the report that collects them.

A pass names a fault by its path in the spec and never handles a line number: places are looked up
when the report is rendered. A fault found before there is a tree (unreadable YAML) brings its
place itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from neurotrain.language.tree import Place, SpecPath


class Severity(StrEnum):
    """Whether a plan is still written."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """The kind of a fault. `id` names the fault and reads well after "allow"."""

    id: str
    what: str
    """One sentence: what the spec does."""
    why: str
    """Why that is bad."""
    example: str
    """A few lines of YAML that have the fault."""
    instead: str
    """The same lines without it."""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One fault of a spec."""

    code: Code
    path: SpecPath
    message: str
    """One line: what is wrong, quoting the value as written."""
    hint: str = ""
    """One line: what to write instead."""
    at_key: bool = False
    """The fault is the key itself (unknown, duplicate), not its value."""
    place: Place | None = None
    """Set only where no tree holds the fault."""
    related: tuple[tuple[SpecPath | Place, str], ...] = ()
    """Other places that explain it, each with a short note."""


@dataclass(slots=True)
class Report:
    """Collects diagnostics and remembers which parts of the spec they taint.

    An error at the root that brings its own place is a fault of a file, not of a value: it
    taints nothing.
    """

    items: list[Diagnostic] = field(default_factory=list)
    _known: set[Diagnostic] = field(default_factory=set, init=False, repr=False)
    _tainted: set[SpecPath] = field(default_factory=set, init=False, repr=False)
    _above_tainted: set[SpecPath] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        given, self.items = self.items, []
        self.extend(given)

    def add(self, diagnostic: Diagnostic) -> None:
        """Record a fault; the same fault at the same path is recorded once."""
        if diagnostic in self._known:
            return
        self.add_mended(diagnostic)
        if diagnostic.code.severity is Severity.ERROR and (
            diagnostic.path or diagnostic.place is None
        ):
            self.taint(diagnostic.path)

    def add_mended(self, diagnostic: Diagnostic) -> None:
        """Record a fault that taints nothing: what follows reads the spec as it is meant."""
        self._known.add(diagnostic)
        self.items.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Record several faults."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def taint(self, path: SpecPath) -> None:
        """Mark a path whose value depends on a fault that stands elsewhere."""
        self._tainted.add(path)
        self._above_tainted.update(path[:length] for length in range(len(path) + 1))

    @property
    def failed(self) -> bool:
        """Whether any fault is an error."""
        return any(item.code.severity is Severity.ERROR for item in self.items)

    def taints(self, path: SpecPath) -> bool:
        """Whether an error stands at, above or below this path."""
        return path in self._above_tainted or self.taints_above(path)

    def taints_above(self, path: SpecPath) -> bool:
        """Whether an error stands above this path."""
        return any(path[:length] in self._tainted for length in range(len(path)))
