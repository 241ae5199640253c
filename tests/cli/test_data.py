"""Data on the command line: what `compile` reads and remembers, and what `check` samples."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from neurotrain.cli.main import cli

SPEC = """\
version: 1
name: own
task: {type: segmentation, classes: [background, object]}
data:
  train: {type: paired_images, root: data, images: "images/*", masks: "masks/*"}
  valid: {fraction: 0.2}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: unet, channels: [4, 8]}
loss: [dice]
train: {epochs: 1, batch: {global: 2}}
engine: {type: torch, device: cpu, threads: 1}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("spec.yaml").write_text(SPEC)
    write(210)


def write(num: int) -> None:
    """So many pairs of 16 x 16 pixels."""
    for name in ("images", "masks"):
        Path("data", name).mkdir(parents=True, exist_ok=True)
    mask = Image.new("L", (16, 16))
    mask.paste(255, (2, 2, 9, 9))
    for number in range(num):
        Image.new("L", (16, 16), number).save(f"data/images/{number:03d}.png")
        mask.save(f"data/masks/{number:03d}.png")


def call(*arguments: str) -> Result:
    """The program's answer."""
    return CliRunner().invoke(cli, list(arguments))


def test_check_says_that_it_sampled() -> None:
    """200 of 210 headers were read, and no cache is written."""
    checked = call("check", "spec.yaml")
    assert checked.exit_code == 0
    assert "data.train: 200 of 210 image headers were read" in checked.stderr
    assert not Path("cache").exists()


def test_check_of_few_files_says_nothing() -> None:
    """Where all were read there is nothing to say."""
    for number in range(20, 210):
        for name in ("images", "masks"):
            Path(f"data/{name}/{number:03d}.png").unlink()
    assert call("check", "spec.yaml").stderr == ""


def test_check_decodes_no_mask() -> None:
    """A label outside the classes is compile's to tell."""
    Image.new("L", (16, 16), 7).save("data/masks/000.png")
    assert call("check", "spec.yaml").exit_code == 0
    compiled = call("compile", "spec.yaml")
    assert compiled.exit_code == 2
    assert "label-values" in compiled.stderr
    assert "masks/000.png" in compiled.stderr


def test_a_plan_is_the_same_with_and_without_what_is_remembered() -> None:
    """Cold, warm and with a damaged cache, the same bytes come out."""
    plans = []
    store = Path("cache/neurotrain/files.bin")
    for damage in (False, False, True):
        if damage:
            store.write_bytes(store.read_bytes()[:-1])
        assert call("compile", "spec.yaml", "-o", "out").exit_code == 0
        plans.append(Path("out/plan.json").read_bytes())
        assert store.exists()
    assert plans[0] == plans[1] == plans[2]


def test_a_fault_is_told_again() -> None:
    """What cannot be used is not forgotten by remembering."""
    Image.new("L", (16, 16), 7).save("data/masks/000.png")
    first, second = call("compile", "spec.yaml"), call("compile", "spec.yaml")
    assert first.stderr == second.stderr
    assert first.exit_code == second.exit_code == 2


def test_no_cache_folder_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be remembered, everything is read."""
    for folder in ("/dev/null/cache", "relative", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        monkeypatch.setenv("HOME", "/dev/null")
        compiled = call("compile", "spec.yaml")
        assert (compiled.exit_code, compiled.stderr) == (0, "")
    assert not Path("relative").exists()
