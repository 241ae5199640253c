"""Compiling a spec in a test: a file or a text, with the case data and an own environment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurotrain.compiler.draft import Draft, Options
from neurotrain.compiler.driver import compile_spec, deepen
from neurotrain.dataset.reader import FileReader
from neurotrain.language.diagnostics import Diagnostic, Report
from neurotrain.language.load import Loaded, load
from neurotrain.language.render import place_of, render_text
from neurotrain.language.tree import Node, Place
from neurotrain.plan.plan import Plan
from neurotrain.spec.catalogue import built_in

from .case_data import make
from .case_plugins import install_all

CATALOGUE = built_in()
CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a spec became."""

    loaded: Loaded
    report: Report
    draft: Draft | None

    @property
    def root(self) -> Node | None:
        """The tree that places are looked up in."""
        return self.draft.root if self.draft is not None else self.loaded.root

    @property
    def codes(self) -> list[str]:
        """The codes of all faults, sorted."""
        return sorted(item.code.id for item in self.report.items)

    @property
    def only(self) -> Diagnostic:
        """The one fault there is."""
        assert len(self.report.items) == 1, self.text
        return self.report.items[0]

    @property
    def plan(self) -> Plan:
        """The plan of a spec without errors."""
        assert self.draft is not None
        assert self.draft.plan is not None, self.text
        return self.draft.plan

    @property
    def text(self) -> str:
        """The report as people see it."""
        return render_text(self.report, self.root, self.loaded.sources, colour=False)

    def place(self, diagnostic: Diagnostic) -> Place:
        """Where a fault is told."""
        return place_of(diagnostic, self.root)


Compiling = Callable[..., Outcome]


def compiled(
    file: Path, environment: dict[str, str], overrides: Sequence[str] = (), *, deep: bool = False,
    free_bytes: int | None = None, no_data: bool = False,
) -> Outcome:  # fmt: skip
    """Load and compile a spec as the program does, with the passes that load torch if asked."""
    options = Options(reader=FileReader(), no_data=no_data, free_bytes=free_bytes)
    report = Report()
    loaded = load(file, overrides=overrides, environment=environment, report=report)
    draft = None
    if loaded.root is not None:
        draft = compile_spec(
            loaded.root, file, catalogue=CATALOGUE, environment=environment,
            options=options, report=report, incomplete=loaded.incomplete,
        )  # fmt: skip
        draft = deepen(draft, report) if deep else draft
    return Outcome(loaded=loaded, report=report, draft=draft)


@pytest.fixture(scope="session")
def case_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image folders of all cases, while their plugins are installed."""
    root = tmp_path_factory.mktemp("data")
    make(root)
    install_all(root / "site")
    sys.path.append(str(root / "site"))
    yield root
    sys.path.remove(str(root / "site"))


@pytest.fixture
def compiling(case_data: Path, tmp_path: Path) -> Compiling:
    """Compiles a text as `spec.yaml`, or a file; texts may extend `bases/…` of the cases."""

    def compiles(
        spec: str | Path, *overrides: str, deep: bool = False, free_bytes: int | None = None,
        no_data: bool = False, **environment: str,
    ) -> Outcome:  # fmt: skip
        file = spec
        if isinstance(file, str):
            bases = tmp_path / "bases"
            if not bases.exists():
                bases.symlink_to(CASES / "bases")
            file = tmp_path / "spec.yaml"
            file.write_text(str(spec), encoding="utf-8")
        where = {"CASE_DATA": str(case_data), **environment}
        return compiled(file, where, overrides, deep=deep, free_bytes=free_bytes, no_data=no_data)

    return compiles
