"""No file grows beyond 400 lines, no function beyond 60."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = ("neurotrain", "tests", "benchmarks")
MAX_FILE: Final = 400
MAX_FUNCTION: Final = 60


def _sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def test_no_file_is_too_long() -> None:
    """A file that outgrows its ceiling is split by meaning."""
    lengths = {name: len(text.splitlines()) for name, text in _sources()}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE} == {}


def test_no_function_is_too_long() -> None:
    """From `def` to the last line, docstring included."""
    long = {}
    for name, text in _sources():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION:
                    long[f"{name}:{node.lineno} {node.name}"] = length
    assert long == {}
