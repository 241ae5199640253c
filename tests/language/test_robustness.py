"""Whatever is fed to the language, it answers with faults at places inside the text."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurotrain.language.decoding import split_lines
from neurotrain.language.diagnostics import Report
from neurotrain.language.load import load
from neurotrain.language.render import place_of, render_json, render_text

SEED = """\
# yaml-language-server: $schema=../schema/experiment.schema.json
version: 1
name: drive-${vars.net}
extends: []
vars: {net: unet, root: "${env:ROOT:../data}", sizes: [64, 64]}
data:
  train: {type: paired_images, root: "${vars.root}/training", images: "images/*.tif"}
  transforms:
    train: [{type: normalize, per: image}, {type: random_crop, size: "${vars.sizes}"}]
model: {type: unet, channels: &sizes [16, 32, 64]}
loss:
  - {type: dice}
  - type: bce
    weight: 0.5
note: |
  two
  lines
train:
  epochs: 40   # enough
  optimizer: {type: adamw, learning_rate: 3e-3}
  clip_grad_norm: null
  again: *sizes
"""
TOKENS = [
    *"[]{}:,-?&*!|>'\"%@`#~\n\t\0\r",
    "  ",
    "- ",
    ": ",
    "---\n",
    "...\n",
    "<<: *sizes",
    "&a ",
    "*a",
    "!!python/object:os.system ",
    "${vars.net}",
    "${env:X",
    "$${",
    ".nan",
    "1e999",
    "\ufeff",
    "\u2028",
    "é",
    "\ud800",
    "😀",
    "\x1b[31m",
    "\\x",
    "vars: ",
    "extends: x\n",
]


def _mutated(source: random.Random) -> str:
    text = SEED
    for _ in range(source.randint(1, 4)):
        at, end = source.randrange(len(text)), source.randrange(len(text))
        choice = source.randrange(5)
        if choice == 0:
            text = text[:at] + source.choice(TOKENS) + text[at:]
        elif choice == 1:
            text = text[:at] + text[at + source.randint(1, 6) :]
        elif choice == 2:
            text = text[:at] + source.choice(TOKENS) + text[at + 1 :]
        elif choice == 3:
            text = text[:at] + text[end : end + 40] + text[at:]
        else:
            lines = text.splitlines(keepends=True)
            source.shuffle(lines)
            text = "".join(lines) if source.random() < 0.2 else text[:at] + text[end:]
        text = text or "a"
    return text


def _check(file: Path, content: bytes, overrides: list[str] | None = None) -> Report:
    file.write_bytes(content)
    report = Report()
    loaded = load(file, overrides=overrides or [], environment={"ROOT": "/data"}, report=report)
    assert loaded.root is not None or report.failed
    for item in report.items:
        place = place_of(item, loaded.root)
        lines = split_lines(loaded.sources[place.file]) or [""]
        assert 1 <= place.line <= len(lines), item
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1, item
        assert item.message
    text = render_text(report, loaded.root, loaded.sources, colour=False)
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text)
    for record in render_json(report, loaded.root, loaded.sources).splitlines():
        json.loads(record)
    return report


def test_seed_is_clean(tmp_path: Path) -> None:
    """The spec that is mutated has no fault itself."""
    assert not _check(tmp_path / "spec.yaml", SEED.encode()).items


@pytest.mark.parametrize("block", range(10))
def test_mutated_spec(tmp_path: Path, block: int) -> None:
    """A thousand mutations of a spec raise nothing and are told at places inside the text."""
    source = random.Random(block)
    for _ in range(100):
        content = _mutated(source).encode("utf-8", "surrogatepass")
        _check(tmp_path / "spec.yaml", content)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.binary(max_size=60))
def test_random_bytes(tmp_path: Path, content: bytes) -> None:
    """Any bytes are a spec or a fault."""
    _check(tmp_path / "spec.yaml", content)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(parts=st.lists(st.sampled_from([*TOKENS, "a", "b", "vars.a", "1"]), max_size=15))
def test_random_tokens(tmp_path: Path, parts: list[str]) -> None:
    """Any mix of what YAML is made of is a spec or a fault."""
    _check(tmp_path / "spec.yaml", "".join(parts).encode("utf-8", "surrogatepass"))


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.text("ab.[]0129", max_size=8),
    parts=st.lists(st.sampled_from([*TOKENS, "a", "1", "="]), max_size=6),
)
def test_random_override(tmp_path: Path, path: str, parts: list[str]) -> None:
    """Any `--set` is applied or a fault."""
    _check(tmp_path / "spec.yaml", b"a: {b: [1, 2]}\n", [path + "=" + "".join(parts), path])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    """A spec in another encoding is read or told, never misread."""
    report = _check(tmp_path / "spec.yaml", (SEED + "é: 1\n").encode(encoding))
    assert report.failed == (encoding not in {"utf-16", "utf-32"})
