"""The plugin of the documentation, from its installation to predicted masks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from .making import install_example, neurotrain

SPEC: Final = """\
version: 1
name: tiny
plugins: [fundus-extras]
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: retina_phantom, num_images: 6, size: 64}
  valid: {fraction: 0.34}
  test: {fraction: 0.17}
  transforms: {train: [invert, normalize], eval: [invert, normalize]}
model: {type: tiny_fcn, width: 4}
loss: [{type: balance, alpha: 0.3}]
metrics: [dice]
train: {epochs: 1, batch: {global: 2}}
engine: {type: torch, device: cpu, threads: 1}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed."""
    folder = tmp_path_factory.mktemp("site")
    install_example(folder)
    return folder


@pytest.fixture(scope="module")
def ran(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the spec and its finished run."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "spec.yaml").write_text(SPEC)
    done = neurotrain("run", "spec.yaml", "--plain", cwd=folder, site=site)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_page_shows_what_is_run(ran: Path) -> None:
    """Training, validation and test all went through the plugin's components."""
    metrics = json.loads((ran / "runs/tiny/test/metrics.json").read_text())
    assert 0.0 <= metrics["overall"]["dice"] <= 1.0


def test_the_trained_model_predicts(ran: Path, site: Path) -> None:
    """`predict` builds the plugin's model and transform again."""
    Image.new("RGB", (64, 64), (90, 60, 30)).save(ran / "photo.png")
    done = neurotrain("predict", "runs/tiny", "photo.png", cwd=ran, site=site)
    assert done.returncode == 0, done.stderr
    masks = [line for line in done.stdout.splitlines() if line.endswith(".png")]
    assert Image.open(ran / masks[0]).size == (64, 64)


def test_the_plan_names_the_plugin(ran: Path, site: Path) -> None:
    """Name, distribution, version and what it brings are in the plan; no path of this machine."""
    text = (ran / "runs/tiny/plan.json").read_text()
    (use,) = json.loads(text)["plugins"]
    assert use["distribution"] == "fundus-extras"
    assert (use["version"], len(use["sha256"])) == ("1.0", 64)
    assert use["components"] == ["loss.balance", "model.tiny_fcn", "transform.invert"]
    assert str(site) not in text


def test_the_same_command_finds_the_run_done(ran: Path, site: Path) -> None:
    """The same installed plugin gives the same plan."""
    done = neurotrain("run", "spec.yaml", "--plain", cwd=ran, site=site)
    assert done.returncode == 0, done.stderr
    assert "dice" in done.stdout


@pytest.mark.parametrize("arguments", [("run", "runs/tiny/plan.json"), ("predict", "runs/tiny")])
def test_a_plan_without_its_plugin_is_refused(ran: Path, arguments: tuple[str, ...]) -> None:
    """Where the plugin is not installed: exit code 5, and what to install."""
    Image.new("RGB", (64, 64)).save(ran / "black.png")
    more = ("black.png",) if arguments[0] == "predict" else ("--plain",)
    done = neurotrain(*arguments, *more, cwd=ran)
    assert done.returncode == 5, done.stderr
    assert "pip install 'fundus-extras==1.0'" in done.stderr


def test_the_worker_refuses_too(ran: Path) -> None:
    """The process that trains reads the plan itself and says the same."""
    import subprocess
    import sys

    from .making import ROOT

    done = subprocess.run(
        [sys.executable, "-m", "neurotrain.engine.worker", "runs/tiny"],
        cwd=ran, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "fundus-extras" in done.stderr


@pytest.mark.parametrize(
    ("version", "extra", "told"),
    [("1.1", "", "fundus-extras 1.1 is installed here"), ("1.0", "\nX = 1\n", "were changed")],
)
def test_another_plugin_is_refused(
    ran: Path, tmp_path: Path, version: str, extra: str, told: str
) -> None:
    """Another version, and other code under the same version, end with exit code 5."""
    install_example(tmp_path, version=version, extra=extra)
    done = neurotrain("run", "spec.yaml", "--plain", cwd=ran, site=tmp_path)
    assert done.returncode == 5, done.stderr
    assert told in done.stderr


def test_an_editable_installation_has_the_same_hash(ran: Path, tmp_path: Path) -> None:
    """A RECORD without the module, as `pip install -e` leaves it, does not change the plan."""
    install_example(tmp_path)
    (record,) = tmp_path.glob("*.dist-info/RECORD")
    record.write_text(f"__editable__.pth,,\n{record.parent.name}/RECORD,,\n")
    (tmp_path / "__editable__.pth").write_text(str(tmp_path))
    done = neurotrain("run", "spec.yaml", "--plain", cwd=ran, site=tmp_path)
    assert done.returncode == 0, done.stderr


def test_byte_code_does_not_change_the_hash(ran: Path, tmp_path: Path, site: Path) -> None:
    """What the interpreter writes beside the code is no part of it."""
    copy = shutil.copytree(site, tmp_path / "site")
    (copy / "__pycache__").mkdir(exist_ok=True)
    (copy / "__pycache__" / "other.pyc").write_bytes(b"x")
    (record,) = copy.glob("*.dist-info/RECORD")
    record.write_text(record.read_text() + "__pycache__/other.pyc,,\n")
    done = neurotrain("run", "spec.yaml", "--plain", cwd=ran, site=copy)
    assert done.returncode == 0, done.stderr


def test_explain_knows_the_plugin(site: Path, tmp_path: Path) -> None:
    """With `--plugin` a component is explained, and the schema has it."""
    named = ("--plugin", "fundus-extras")
    told = neurotrain("explain", "loss.balance.alpha", *named, cwd=tmp_path, site=site)
    assert "Weight of false positives" in told.stdout
    schema = neurotrain("explain", "--schema", *named, cwd=tmp_path, site=site)
    assert "Tversky" in json.loads(schema.stdout)["$defs"]


def test_check_knows_the_fields(site: Path, tmp_path: Path) -> None:
    """A value out of a plugin's bounds is told at its place."""
    (tmp_path / "spec.yaml").write_text(SPEC.replace("alpha: 0.3", "alpha: 3"))
    done = neurotrain("check", "spec.yaml", cwd=tmp_path, site=site)
    assert done.returncode == 2
    assert "spec.yaml:11:31: error[out-of-range]" in done.stderr
    assert done.stderr.count("error[") == 1
