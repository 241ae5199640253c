"""The report: each fault once, and what it taints."""

from __future__ import annotations

import pytest

from neurotrain.language.diagnostics import Code, Diagnostic, Report, Severity
from neurotrain.language.tree import Place, SpecPath

FAULT = Code(id="fault", what="", why="", example="", instead="")
DOUBT = Code(id="doubt", what="", why="", example="", instead="", severity=Severity.WARNING)


def _at(*path: str | int, code: Code = FAULT, place: Place | None = None) -> Diagnostic:
    return Diagnostic(code=code, path=path, message="wrong", place=place)


@pytest.mark.parametrize(
    ("path", "tainted"),
    [
        ((), True),
        (("a",), True),
        (("a", "b"), True),
        (("a", "b", 0), True),
        (("a", "c"), False),
        (("b",), False),
    ],
)
def test_fault_taints_what_is_at_above_and_below_it(path: SpecPath, tainted: bool) -> None:
    """A value is tainted by an error at it, in it or around it."""
    assert Report([_at("a", "b")]).taints(path) == tainted


def test_warning_taints_nothing() -> None:
    """A value with a warning is still a value."""
    report = Report([_at("a", code=DOUBT)])
    assert not report.taints(("a",))
    assert not report.failed


def test_fault_of_the_whole_spec_taints_everything() -> None:
    """An error at the root without a place of its own is one of every value."""
    assert Report([_at()]).taints(("a",))


def test_fault_of_a_file_taints_nothing() -> None:
    """An error at the root with its own place is one of the file."""
    report = Report([_at(place=Place(file="a", line=1, column=1))])
    assert report.failed
    assert not report.taints(("a",))


def test_path_may_be_tainted_without_a_fault_of_its_own() -> None:
    """A value that depends on a fault elsewhere is marked and not told."""
    report = Report()
    report.taint(("a", "b"))
    assert report.taints(("a",))
    assert not report.taints(("c",))
    assert not report.items


def test_same_fault_is_recorded_once() -> None:
    """Two passes that find the same fault make one diagnostic."""
    report = Report([_at("a")])
    report.extend([_at("a"), _at("b"), _at("a")])
    assert [item.path for item in report.items] == [("a",), ("b",)]
