"""What the documentation shows works: specs compile, Python runs, links lead somewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.yaml"))
PAGES = sorted(DOCS.glob("*.md"))
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [code for name, code in _FENCE.findall(text) if name == language]


def _anchors(page: Path) -> set[str]:
    """The names of headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in kept}


def _draw(file: Path, values: tuple[int, ...], size: tuple[int, int], seed: int) -> None:
    """An image of these grey values in random places."""
    import numpy as np
    from PIL import Image

    chosen = np.random.default_rng(seed).choice(np.array(values, np.uint8), size)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(chosen)
    if file.suffix == ".jpg":
        picture = picture.convert("RGB")
    picture.save(file)


@pytest.fixture
def example_data(tmp_path: Path) -> Path:
    """A folder with the examples and the images that their comments describe."""
    for number in range(1, 11):
        size = [(120, 140), (130, 110)][number % 2]
        cells, tissue = tmp_path / "cells", tmp_path / "tissue"
        _draw(cells / f"photos/cell_{number:02}.jpg", (30, 90, 200), size, number)
        _draw(cells / f"masks/cell_{number:02}_mask.png", (0, 255), size, number)
        _draw(tissue / f"{number:02}_image.png", (10, 120, 220), size, number)
        _draw(tissue / f"{number:02}_labels.png", (0, 85, 170), size, number)
        for kind in ("round", "stripes"):
            for half in ("a", "b"):
                file = tmp_path / f"kinds/{kind}/{number:02}{half}.jpg"
                _draw(file, (10, 240), (40 + number, 50), number)
    rows = [f"{number:02}.jpg,{20 + number},{70 + number / 2}" for number in range(1, 41)]
    for number in range(1, 41):
        _draw(tmp_path / f"faces/{number:02}.jpg", (20, 200), (40 + number, 50), number)
    (tmp_path / "faces/labels.csv").write_text("\n".join(["file,age,weight", *rows]))
    (tmp_path / "cells/photos/README.txt").write_text("taken in spring")
    for example in EXAMPLES:
        shutil.copy(example, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [example.name for example in EXAMPLES])
def test_example_compiles_without_a_word(name: str, example_data: Path) -> None:
    """An example gives a plan, and no warning, on data as its comments describe it."""
    from neurotrain.cli.compiling import compile_file
    from neurotrain.compiler.draft import Options

    compiled = compile_file(example_data / name, (), Options())
    assert [item.message for item in compiled.report.items] == []
    assert compiled.draft is not None
    assert compiled.draft.plan is not None


@pytest.mark.parametrize("number", range(len(_blocks("python.md", "python"))))
def test_python_example_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of Python runs by itself and its assertions hold."""
    monkeypatch.chdir(tmp_path)
    code = compile(_blocks("python.md", "python")[number], f"python.md block {number + 1}", "exec")
    exec(code, {"__name__": "example"})


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link names a file that exists, and a heading in it."""
    for link in _LINK.findall((DOCS / page).read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = DOCS / name if name else DOCS / page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_yaml_blocks_are_yaml(page: str) -> None:
    """Every YAML block of the pages can be read by the language."""
    from neurotrain.language.diagnostics import Report
    from neurotrain.language.reader import read

    for number, text in enumerate(_blocks(page, "yaml")):
        report = Report()
        read(text, f"{page} block {number + 1}", report)
        assert [item.message for item in report.items] == []


def test_every_option_of_run_is_told() -> None:
    """docs/running.md has a row for each option of `neurotrain run`."""
    import click

    from neurotrain.cli.run import command

    text = (DOCS / "running.md").read_text(encoding="utf-8")
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert [option.opts[0] for option in options if f"| `{option.opts[0]}" not in text] == []


def test_every_event_kind_is_told() -> None:
    """docs/running.md has a row for each kind that the event log's own table lists."""
    from neurotrain.recorder import events

    text = (DOCS / "running.md").read_text(encoding="utf-8")
    kinds = set(re.findall(r"\b[a-z_]+\.(?:[a-z]+ed)\b", events.__doc__ or ""))
    assert len(kinds) > 15
    assert sorted(kind for kind in kinds if f"| `{kind}` |" not in text) == []


def test_every_monitor_key_is_told() -> None:
    """docs/running.md has each key of the monitor."""
    from neurotrain.monitor.keys import KEYS

    text = (DOCS / "running.md").read_text(encoding="utf-8")
    shown = {name for key in KEYS for name in key.shown.split()}
    assert sorted(name for name in shown if not re.search(f"`{re.escape(name)}[` ]", text)) == []


def test_every_exit_code_is_told() -> None:
    """docs/running.md has a row for each exit code that the engine's faults and signals name."""
    from neurotrain.engine import faults, signals

    told = [code for _, code, _, _ in faults._KNOWN] + list(signals._EXIT_CODES.values())
    codes = {str(code) for code in told} | {"1", "74"}
    assert len(codes) > 8
    text = (DOCS / "running.md").read_text(encoding="utf-8")
    assert sorted(code for code in codes if f"| {code} |" not in text) == []
