"""`compile --no-data`: what is known without the data, and the plan that the data completes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from PIL import Image

from neurotrain.cli.main import cli
from neurotrain.plan.reading import BadPlan, load
from neurotrain.spec.catalogue import built_in

SPEC = """\
version: 1
name: own
task: {type: segmentation, classes: [background, object]}
data:
  train: {type: paired_images, root: "${env:OWN_ROOT:data}", images: "images/*", masks: "masks/*"}
  valid: {fraction: 0.25}
  test: {type: retina_phantom, num_images: 2, size: 64}
  transforms:
    train: [{type: grey}, normalize, {type: random_crop, size: [16, 16]}]
    eval: [{type: grey}, normalize]
model: {type: unet, channels: [4, 8]}
loss: [dice]
metrics: [dice]
train: {epochs: 1, batch: {global: 2}, scheduler: {type: cosine, warmup: 1 step}}
predict: {input: "data/images/*"}
engine: {type: torch, device: cpu, threads: 1}
"""


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the spec and no data, which is the current one."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    (folder / "spec.yaml").write_text(SPEC)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cluster(laptop: Path, tmp_path: Path) -> Path:
    """A folder with the data and the plan that was compiled on the laptop, but no spec."""
    compiled = call("compile", "spec.yaml", "--no-data", "-o", "out")
    assert compiled.exit_code == 0, compiled.stderr
    folder = tmp_path / "cluster"
    folder.mkdir()
    write(folder / "data")
    shutil.copy("out/plan.json", folder)
    return folder


def write(root: Path, num: int = 8, size: tuple[int, int] = (20, 24)) -> None:
    """So many pairs of images."""
    for number in range(num):
        for name, mode in (("images", "RGB"), ("masks", "L")):
            (root / name).mkdir(parents=True, exist_ok=True)
            picture = Image.new(mode, size)
            picture.paste(255 if mode == "L" else (200, 90, 10 * number), (2, 2, 9, 9))
            picture.save(root / name / f"{number}.png")


def call(*arguments: str) -> Result:
    """The program's answer."""
    return CliRunner().invoke(cli, list(arguments))


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "neurotrain", "run", *arguments, "--plain"], cwd=folder, text=True,
        capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=120,
        env={**os.environ, **environment},
    )  # fmt: skip


def place(text: str) -> str:
    """Where a text first stands in the spec."""
    before = SPEC[: SPEC.index(text)]
    return f"spec.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def facts(plan: Path) -> dict[str, Any]:
    """The facts in a plan's file."""
    found: dict[str, Any] = json.loads(plan.read_text())["facts"]
    return found


def test_absent_data_is_an_error_without_the_option(laptop: Path) -> None:
    """Nobody is surprised by an open plan."""
    assert call("compile", "spec.yaml").exit_code == 2


def test_what_is_not_known_says_so(laptop: Path) -> None:
    """Counts and steps are known at launch; what the spec alone tells is there."""
    compiled = call("compile", "spec.yaml", "--no-data", "-o", "out")
    assert compiled.exit_code == 0, compiled.stderr
    known = facts(Path("out/plan.json"))
    for name in ("raw_channels", "samples_per_epoch", "steps_per_epoch", "num_steps"):
        assert known[name] == "known at launch"
    assert known["parts"]["train"]["num_samples"] == "known at launch"
    assert known["parts"]["test"]["num_samples"] == 2
    assert (known["in_channels"], known["image_size"]) == (1, [16, 16])
    assert (known["global_batch"], known["monitor"]) == (2, "valid/dice")
    assert "train images     known at launch" in compiled.stdout


def test_an_open_plan_fits_its_schema(laptop: Path, root: Path) -> None:
    """The published schema tells an open plan from a complete one."""
    assert call("compile", "spec.yaml", "--no-data", "-o", "out").exit_code == 0
    schema = json.loads((root / "schema/plan.schema.json").read_text())
    tree = json.loads(Path("out/plan.json").read_text())
    assert [error.message for error in Draft202012Validator(schema).iter_errors(tree)] == []
    assert not Draft202012Validator(schema).is_valid(tree | {"at_launch": []})


def test_a_complete_plan_comes_out_where_nothing_is_absent(laptop: Path) -> None:
    """With the data there, the option changes nothing."""
    write(laptop / "data")
    assert call("compile", "spec.yaml", "-o", "one").exit_code == 0
    assert call("compile", "spec.yaml", "--no-data", "-o", "other").exit_code == 0
    assert Path("one/plan.json").read_bytes() == Path("other/plan.json").read_bytes()


def test_what_is_absent_is_not_in_the_plan(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes do not depend on where the data is not."""
    plans = []
    for root in ("nowhere", str(tmp_path / "gone")):
        monkeypatch.setenv("OWN_ROOT", root)
        assert call("compile", "spec.yaml", "--no-data", "-o", "out").exit_code == 0
        plans.append(Path("out/plan.json").read_bytes())
    assert plans[0] == plans[1]


def test_a_run_completes_the_plan(laptop: Path, cluster: Path) -> None:
    """The run's plan is the one that the spec gives beside the data, byte for byte."""
    done = run(cluster, "plan.json")
    assert done.returncode == 0, done.stderr
    write(laptop / "data")
    assert call("compile", "spec.yaml", "-o", "whole").exit_code == 0
    expected = Path("whole/plan.json").read_bytes()
    assert (cluster / "runs/own/plan.json").read_bytes() == expected
    again = run(cluster, "plan.json")
    assert (again.returncode, again.stdout.split()[0]) == (0, "result")


def test_data_that_does_not_fit_ends_with_65(cluster: Path) -> None:
    """Every fault is told at its place in the spec, before anything is run."""
    shutil.rmtree(cluster / "data")
    write(cluster / "data", num=2, size=(20, 12))
    Image.new("L", (20, 12), 9).save(cluster / "data/masks/1.png")
    refused = run(cluster, "plan.json")
    assert refused.returncode == 65
    crop, masks = place("[16, 16]"), place('"masks/*"')
    assert f"{crop}: error[image-too-small]: a window of 16x16 pixels" in refused.stderr
    assert f"{masks}: error[label-values]: masks/1.png: " in refused.stderr
    assert not (cluster / "runs/own/plan.json").exists()


def test_data_that_is_not_there_ends_with_65(cluster: Path) -> None:
    """The second place without data is no better than the first."""
    refused = run(cluster, "plan.json", OWN_ROOT="/nowhere")
    assert refused.returncode == 65
    root = place('"${env')
    assert f"{root}: error[missing-files]: there is no folder /nowhere" in refused.stderr


def test_an_open_plan_is_never_run_as_it_is(cluster: Path) -> None:
    """The runtime's reader refuses it and says what to do."""
    with pytest.raises(BadPlan, match=r"compiled without its data \(data\.train, predict\.input\)"):
        load(cluster / "plan.json", built_in())


def test_a_changed_open_plan_is_refused(cluster: Path) -> None:
    """A value that was changed by hand does not fit the digests."""
    text = (cluster / "plan.json").read_text()
    (cluster / "plan.json").write_text(text.replace('"epochs": 1', '"epochs": 2'))
    refused = run(cluster, "plan.json")
    assert refused.returncode == 2
    assert "was changed after it was compiled" in refused.stderr
