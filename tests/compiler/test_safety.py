"""Checking or compiling a spec executes nothing that the spec brings, and ends soon."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest

from .hostile import plant, specs

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = re.compile(r"^[^\n]*:\d+:\d+: (error|warning)\[[a-z-]+\]: ", re.MULTILINE)
COMMANDS: Final = {
    "check": ("check",),
    "json": ("check", "--format", "json"),
    "compile": ("compile", "-o", "OUT"),
}
Told = dict[str, Any]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Told]]:
    """What every command said of every hostile spec, under the audit hook."""
    folder = tmp_path_factory.mktemp("hostile")
    plant(folder)
    corpus = specs(folder)
    assert len(corpus) > 300
    for name, text in corpus.items():
        (folder / f"{name}.yaml").write_bytes(text)
    found = {}
    for command, words in COMMANDS.items():
        out = folder / "OUT" if command == "compile" else None
        calls = [
            {"name": name, "arguments": [*words, f"{name}.yaml"], "out": out and str(out)}
            for name in corpus
        ]
        warm = [[*words, "base.yaml"], [*words, "tag-0.yaml"], [*words, "files-bombs.yaml"]]
        warm += [[*words, "plugin-0.yaml"], [*words, "pattern-0.yaml"]]
        before = _listing(folder)
        found[command] = _run(folder, {"warm": warm, "calls": calls})
        assert _listing(folder) == before
    return found


def _run(folder: Path, calls: dict[str, Any]) -> list[Told]:
    file = folder.parent / f"{folder.name}-calls.json"
    file.write_text(json.dumps(calls))
    own = {"XDG_CACHE_HOME": str(folder / "OUT" / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.compiler.safety_probe", str(file)], cwd=folder,
        capture_output=True, text=True, env={**os.environ, **own}, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told: list[Told] = json.loads(done.stdout.splitlines()[-1])
    return told


def _listing(folder: Path) -> list[str]:
    """Everything below a folder but the output folder; links are not followed."""
    return sorted(
        os.path.join(where, name)
        for where, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if "OUT" not in Path(where, name).parts
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_executed(outcomes: dict[str, list[Told]], command: str) -> None:
    """No code, import, process, socket or write outside the output folder and the user's cache."""
    assert {told["name"]: told["events"] for told in outcomes[command] if told["events"]} == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_spec_is_answered(outcomes: dict[str, list[Told]], command: str) -> None:
    """The program ends in time, with or without faults and never with a traceback."""
    wrong = {
        told["name"]: (told["code"], told["stderr"][-1500:])
        for told in outcomes[command]
        if told["code"] not in (0, 2) or "Traceback" in told["stderr"]
    }
    assert wrong == {}


@pytest.mark.parametrize("command", ["check", "compile"])
def test_refusals_have_places(outcomes: dict[str, list[Told]], command: str) -> None:
    """What is refused is refused at a line and column."""
    wrong = {
        told["name"]: told["stderr"][:300]
        for told in outcomes[command]
        if told["code"] == 2 and not PLACE.search(told["stderr"])
    }
    assert wrong == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_control_character_is_printed(outcomes: dict[str, list[Told]], command: str) -> None:
    """No text of a spec can steer the terminal: no controls, no bidirectional overrides."""
    wrong = {
        told["name"]: sorted(seen)
        for told in outcomes[command]
        for seen in [{c for c in told["stdout"] + told["stderr"] if _steers(c)}]
        if seen
    }
    assert wrong == {}


def _steers(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cf")


def test_only_harmless_specs_compile(outcomes: dict[str, list[Told]]) -> None:
    """What compiles is a spec whose odd text is a mere name: of a class, or of an absent input."""
    compiled = {told["name"].rpartition("-")[0] for told in outcomes["compile"] if not told["code"]}
    assert compiled <= {"class", "run-name", "name", "predict"}
