"""Builders for the tests of the language: read a text, load a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.load import load
from neurotrain.language.reader import read
from neurotrain.language.render import place_of, render_text
from neurotrain.language.tree import Node, Place, Tree, child, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a text or a file became."""

    root: Node | None
    report: Report
    sources: Mapping[str, str]
    incomplete: bool = False

    @property
    def tree(self) -> Tree:
        """The plain values."""
        assert self.root is not None
        return plain(self.root)

    @property
    def codes(self) -> list[str]:
        """The codes of all faults, in the order of their reporting."""
        return [item.code.id for item in self.report.items]

    @property
    def only(self) -> Diagnostic:
        """The one fault there is."""
        assert len(self.report.items) == 1, self.text
        return self.report.items[0]

    @property
    def spot(self) -> tuple[str, int, int]:
        """The file, line and column of the one fault."""
        place = place_of(self.only, self.root)
        return Path(place.file).name, place.line, place.column

    @property
    def related(self) -> list[tuple[int, int, str]]:
        """Line, column and note of each place that explains the one fault."""
        places = [(where, note) for where, note in self.only.related if isinstance(where, Place)]
        assert len(places) == len(self.only.related)
        return [(place.line, place.column, note) for place, note in places]

    @property
    def text(self) -> str:
        """The report as people see it."""
        return render_text(self.report, self.root, self.sources, colour=False)

    def at(self, *path: str | int) -> Node:
        """The node at a path."""
        node = self.root
        for key in path:
            assert node is not None
            node = child(node, key)
        assert node is not None, path
        return node

    def items(self, *path: str | int) -> tuple[Node, ...]:
        """The items of the list at a path."""
        value = self.at(*path).value
        assert isinstance(value, tuple)
        return value


@pytest.fixture
def reading() -> Callable[[str | bytes], Outcome]:
    """Reads one text as `spec.yaml`."""

    def reads(text: str | bytes) -> Outcome:
        report = Report()
        root = read(text, "spec.yaml", report)
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        return Outcome(root=root, report=report, sources={"spec.yaml": shown})

    return reads


@pytest.fixture
def loading(tmp_path: Path) -> Callable[..., Outcome]:
    """Writes files into a folder and loads the first of them."""

    def loads(
        files: Mapping[str, str] | str,
        overrides: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Outcome:
        written = {"spec.yaml": files} if isinstance(files, str) else files
        for name, text in written.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        report = Report()
        loaded = load(
            tmp_path / next(iter(written)),
            overrides=overrides,
            environment=environment or {},
            report=report,
        )
        return Outcome(
            root=loaded.root,
            report=report,
            sources=loaded.sources,
            incomplete=loaded.incomplete,
        )

    return loads
