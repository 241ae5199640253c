"""Every diagnostic stands on the line whose comment expects it, and every comment gets its own.

A case is a spec in `cases/<pass>/`. `# error: [code]` or `# warning: [code, code]` expects those
faults on its line; a line `# --set: path=value` gives an override, and a fault of it is expected on
that line; `# --no-data` allows data to be absent, `# free: 1000` says how many bytes the disk has
left. Files in folders below, and those in `bases`, are there to be extended. All passes run, so
that none of them echoes another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from neurotrain.compiler.codes import ALL
from neurotrain.compiler.driver import DEEP_PASSES, PASSES
from neurotrain.language.codes import CODES
from neurotrain.language.diagnostics import Code
from neurotrain.language.overrides import OVERRIDES_FILE

from .conftest import CASES, Compiling, Outcome

EXPECTATION: Final = re.compile(r"# (error|warning): \[([a-z0-9, -]+)\]")
OVERRIDE: Final = re.compile(r"^# --set: (.*?)(?:  +# (?:error|warning): .*)?$", re.MULTILINE)
NO_DATA: Final = re.compile(r"^# --no-data$", re.MULTILINE)
FREE: Final = re.compile(r"^# free: (\d+)", re.MULTILINE)
FILES: Final = sorted(CASES.glob("*/*.yaml"))
NOT_IN_A_FILE: Final = {
    "missing-package": "the packages of this project's own tests are installed; "
    "test_a_missing_package_is_told provokes it",
    "unreadable-file": "the spec itself is what is missing; test_faults_of_files provokes it",
}
"""Codes that no file can show, each with the reason."""

Fault = tuple[str, int, str, str]


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _expected(case: Path, outcome: Outcome) -> Iterator[Fault]:
    for file in {case.resolve(), *(path.resolve() for path in outcome.loaded.files)}:
        for number, line in enumerate(re.split("\r\n|\r|\n", _text(file)), start=1):
            for severity, codes in EXPECTATION.findall(line):
                yield from ((file.name, number, severity, code) for code in codes.split(", "))


def _found(case: Path, outcome: Outcome) -> Iterator[Fault]:
    overrides = [
        number
        for number, line in enumerate(_text(case).splitlines(), start=1)
        if OVERRIDE.match(line)
    ]
    for item in outcome.report.items:
        place = outcome.place(item)
        name, line = Path(place.file).name, place.line
        if place.file == OVERRIDES_FILE:
            name, line = case.name, overrides[line - 1]
        yield name, line, item.code.severity.value, item.code.id


@pytest.mark.parametrize("case", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_case(case: Path, compiling: Compiling) -> None:
    """The faults found are those that the comments expect: no more, no fewer, nowhere else."""
    overrides = OVERRIDE.findall(_text(case))
    free = FREE.search(_text(case))
    outcome = compiling(
        case, *overrides, deep=True, free_bytes=int(free[1]) if free else None,
        no_data=NO_DATA.search(_text(case)) is not None,
    )  # fmt: skip
    expected, found = Counter(_expected(case, outcome)), Counter(_found(case, outcome))
    assert found == expected, outcome.text


@pytest.mark.parametrize("code", [*ALL, *CODES], ids=lambda code: code.id)
def test_code_has_a_case(code: Code) -> None:
    """No kind of fault is without a file that shows it, but for those that cannot have one."""
    shown = {
        (severity, each)
        for file in CASES.rglob("*.yaml")
        for severity, codes in EXPECTATION.findall(_text(file))
        for each in codes.split(", ")
    }
    assert ((code.severity.value, code.id) in shown) != (code.id in NOT_IN_A_FILE)


def test_folders_are_named_after_passes() -> None:
    """A case lies with the pass that tells its fault."""
    passes = {each.__name__ for each in (*PASSES, *DEEP_PASSES)}
    others = {"bases", "language", "several"}
    assert {file.parent.name for file in FILES} - others <= passes


def test_faults_of_files(compiling: Compiling, tmp_path: Path) -> None:
    """A spec that is not there is told as such."""
    assert compiling(tmp_path / "nowhere.yaml").codes == ["unreadable-file"]
