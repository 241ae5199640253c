"""Who may import whom: the layers of the house, and what each may load when it is imported.

Imports are read from the source, so that no file escapes by never being loaded. Imports for type
checkers count for the layers, since they are knowledge, but not for what is loaded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pytest

from neurotrain.cli.main import VERBS

ROOT: Final = Path(__file__).parents[1]
HOUSE: Final = ROOT / "neurotrain"

CHAIN: Final = (
    ("language",),
    ("component",),
    ("postprocess", "transforms"),
    ("dataset",),
    ("models",),
    ("losses",),
    ("metrics",),
    ("optim",),
    ("spec",),
    ("plan",),
    ("compiler",),
)
"""Each may import all that stand before it."""
FAMILIES: Final = frozenset(
    {"postprocess", "transforms", "dataset", "models", "losses", "metrics", "optim"}
)
BESIDE: Final = {
    "recorder": frozenset[str](),
    "visualizer": frozenset({"recorder"}),
    "engine": FAMILIES
    | {"language.diagnostics", "component", "spec", "plan", "recorder", "visualizer"},
    "monitor": frozenset({"recorder.events", "recorder.control"}),
    "cli": frozenset({""}),
}
"""Outside the chain: the packages or modules each may import; an empty name is anything."""

STRUCTS: Final = frozenset({"msgspec"})
COMPUTED: Final = frozenset(
    {"numpy", "torch", "monai", "transformers", "torchmetrics", "scipy", "skimage"}
)
FILES: Final = frozenset({"PIL", "tifffile", "sklearn"})
AT_IMPORT: Final = {
    "language": frozenset[str](),
    "component": STRUCTS,
    **dict.fromkeys(FAMILIES, STRUCTS),
    "spec": STRUCTS,
    "plan": STRUCTS,
    "compiler": STRUCTS | {"jsonschema"},
    "recorder": frozenset({"numpy", "torch"}),
    "visualizer": frozenset({"numpy", "torch"}),
    "engine": STRUCTS | {"numpy", "torch", "psutil"},
    "monitor": STRUCTS | {"textual", "rich"},
    "cli": STRUCTS | {"click"},
}
"""What is not of the standard library and may be loaded when a module is imported."""
INSIDE: Final = {
    **dict.fromkeys(FAMILIES, COMPUTED),
    "dataset": COMPUTED | FILES,
    "compiler": COMPUTED,
    "recorder": frozenset({"tensorboard", "wandb"}),
    "visualizer": FILES | {"matplotlib", "scipy"},
    "engine": COMPUTED | FILES | {"deepspeed", "matplotlib", "jinja2", "pynvml"},
    "cli": frozenset({"jinja2", "torch"}),
}
"""What may also be imported inside functions."""
READER_ONLY: Final = "yaml"
EARLIER: Final = {
    name: frozenset(earlier for group in CHAIN[:level] for earlier in group)
    for level, group in enumerate(CHAIN)
    for name in group
}
PACKAGES: Final = (*EARLIER, *BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import statement's module."""

    file: Path
    line: int
    module: str
    where: Literal["module", "typing", "function"]

    @property
    def package(self) -> str:
        """The package that imports; empty for the files at the top."""
        parts = self.file.relative_to(HOUSE).parts
        return parts[0] if len(parts) > 1 else ""

    @property
    def inner(self) -> str | None:
        """The imported module without the first name, where it is ours."""
        first, _, rest = self.module.partition(".")
        return rest if first == "neurotrain" else None

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module} ({self.where})"


def _imports(file: Path) -> Iterator[Import]:
    yield from _below(ast.parse(file.read_text(encoding="utf-8")), file, "module")


def _below(
    node: ast.AST, file: Path, where: Literal["module", "typing", "function"]
) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file=file, line=child.lineno, module=alias.name, where=where)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{file}:{child.lineno}: a relative import"
            yield from _from(child, file, where)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _below(child, file, "function")
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _below(child, file, "typing")
        else:
            yield from _below(child, file, where)


def _from(
    node: ast.ImportFrom, file: Path, where: Literal["module", "typing", "function"]
) -> Iterator[Import]:
    """The module, or the modules that are imported from a package of ours."""
    assert node.module is not None
    for alias in node.names:
        below = f"{node.module}.{alias.name}"
        path = ROOT.joinpath(*below.split("."))
        is_module = path.is_dir() or path.with_suffix(".py").exists()
        module = below if is_module and below.startswith("neurotrain.") else node.module
        yield Import(file=file, line=node.lineno, module=module, where=where)


ALL: Final = tuple(each for file in sorted(HOUSE.rglob("*.py")) for each in _imports(file))


def _of(package: str, *where: str) -> Iterator[Import]:
    return (each for each in ALL if each.package == package and each.where in where)


def test_every_package_is_placed() -> None:
    """A new package has to be given its place here and in the architecture."""
    found = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    assert found == set(PACKAGES)
    assert set(AT_IMPORT) == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_imports_only_earlier_layers(package: str) -> None:
    """At the top of files, inside functions and for type checkers alike."""
    allowed = EARLIER.get(package, BESIDE.get(package, frozenset())) | {package}
    wrong = [
        str(each)
        for each in _of(package, "module", "function", "typing")
        if each.inner is not None and not _is_below(each.inner, allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_loaded_on_import(package: str, standard_library: frozenset[str]) -> None:
    """Heavy libraries stay inside functions, so that `check` and the monitor start at once."""
    wrong = [
        str(each)
        for each in _of(package, "module")
        if each.inner is None
        and each.module.partition(".")[0] not in AT_IMPORT[package] | standard_library
        and not _is_reader(each)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_what_functions_import(package: str, standard_library: frozenset[str]) -> None:
    """Inside functions each package imports what its work needs, and nothing else."""
    allowed = AT_IMPORT[package] | INSIDE.get(package, frozenset()) | standard_library
    wrong = [
        str(each)
        for each in _of(package, "function")
        if each.inner is None and each.module.partition(".")[0] not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["main", *VERBS])
def test_verbs_import_inside_functions(name: str) -> None:
    """Finding a verb loads the command line and nothing behind it."""
    wrong = [
        str(each)
        for each in _imports(HOUSE / "cli" / f"{name}.py")
        if each.where == "module" and each.inner is not None and not each.inner.startswith("cli")
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["events", "control"])
def test_what_the_monitor_reads_stands_alone(name: str) -> None:
    """Events and requests are read without the rest of the recorder."""
    allowed = frozenset({"recorder.events", "recorder.control"})
    wrong = [
        str(each)
        for each in _imports(HOUSE / "recorder" / f"{name}.py")
        if each.inner is not None and not _is_below(each.inner, allowed)
    ]
    assert wrong == []


def test_importing_the_package_imports_nothing() -> None:
    """`import neurotrain` loads no module of ours."""
    top = [each for each in _imports(HOUSE / "__init__.py") if each.where == "module"]
    assert [str(each) for each in top if each.inner is not None] == []


@pytest.fixture
def standard_library() -> frozenset[str]:
    """The names of the standard library's modules."""
    import sys

    return frozenset(sys.stdlib_module_names)


def _is_below(module: str, allowed: frozenset[str]) -> bool:
    return "" in allowed or any(f"{module}.".startswith(f"{name}.") for name in allowed)


def _is_reader(found: Import) -> bool:
    """The one outside library of the language, and the one file that may use it."""
    return found.module.partition(".")[0] == READER_ONLY and found.file.name == "reader.py"


def test_every_kind_of_import_is_seen(tmp_path: Path) -> None:
    """At the top, for type checkers, in functions, methods and lambdas, and of submodules."""
    file = tmp_path / "sample.py"
    file.write_text(
        "import torch.nn\n"
        "from neurotrain import spec\n"
        "if TYPE_CHECKING:\n    import numpy\n"
        "try:\n    import yaml\nexcept ImportError:\n    import json\n"
        "class A:\n    import msgspec\n    def f(self):\n        from neurotrain.plan import plan\n"
    )
    assert [(each.module, each.where) for each in _imports(file)] == [
        ("torch.nn", "module"),
        ("neurotrain.spec", "module"),
        ("numpy", "typing"),
        ("yaml", "module"),
        ("json", "module"),
        ("msgspec", "module"),
        ("neurotrain.plan.plan", "function"),
    ]
