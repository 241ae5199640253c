"""`neurotrain new`: a spec that is complete but for the data, and never overwrites."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from neurotrain.cli.main import cli
from neurotrain.compiler.validator import schema_file

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _call(*arguments: str) -> Result:
    return RUNNER.invoke(cli, list(arguments))


def _images(folder: Path, *, masks: str = "masks", suffix: str = "", side: int = 96) -> None:
    """Twelve square photographs with a bright square each, and its mask."""
    for kind in ("images", masks):
        (folder / kind).mkdir(parents=True)
    for number in range(12):
        box = (number, number, number + 30, number + 30)
        image = Image.new("RGB", (side, side), (40, 50, 60 + number))
        image.paste((200, 180, 160), box)
        image.save(folder / "images" / f"{number:02d}.png")
        mask = Image.new("L", (side, side), 0)
        mask.paste(255, box)
        mask.save(folder / masks / f"{number:02d}{suffix}.png")


def test_written_spec_passes_once_its_data_is_there(tmp_path: Path) -> None:
    """With images in the folders that the template names, nothing is left to mend."""
    assert _call("new").exit_code == 0
    _images(tmp_path / "data")
    checked = _call("check", "experiment.yaml")
    assert (checked.exit_code, checked.stderr) == (0, "")


def test_written_spec_without_data_has_one_fault() -> None:
    """Before the data is there, `check` says so at `root` and nothing else."""
    _call("new")
    checked = _call("check", "experiment.yaml", "--format", "json")
    (record,) = map(json.loads, checked.stdout.splitlines())
    assert (record["code"], record["path"]) == ("missing-files", "data.train.root")


def test_options_fill_in_the_paths(tmp_path: Path) -> None:
    """A root of the shell is written relative to the spec, and the spec passes."""
    _images(tmp_path / "my data", masks="labels", suffix="_m")
    options = ["--root", "my data", "--images", "images/{id}.png", "--masks", "labels/{id}_m.png"]
    assert _call("new", "-o", "specs/2024.yaml", *options).exit_code == 0
    spec = yaml.safe_load(Path("specs/2024.yaml").read_text())
    assert spec["data"]["train"]["root"] == "../my data"
    assert spec["name"] == "2024"
    assert _call("check", "specs/2024.yaml").exit_code == 0


@pytest.mark.parametrize("root", ["/data/eyes", "${env:EYES:../eyes}"])
def test_absolute_and_symbolic_roots_stay(root: str) -> None:
    """A root that does not depend on the current folder is written as given."""
    _call("new", "-o", "deep/eyes.yaml", "--root", root)
    spec = yaml.safe_load(Path("deep/eyes.yaml").read_text())
    assert spec["data"]["train"]["root"] == root


def test_schema_lies_beside_the_spec() -> None:
    """The editor's line names a file that is there and is the published schema."""
    _call("new", "-o", "a/b.yaml")
    first = Path("a/b.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./experiment.schema.json"
    assert Path("a/experiment.schema.json").read_bytes() == schema_file().read_bytes()


def test_spec_is_never_overwritten() -> None:
    """An existing file is an error of use, and stays as it is."""
    Path("experiment.yaml").write_text("mine")
    refused = _call("new")
    assert refused.exit_code == 2
    assert "experiment.yaml exists" in refused.stderr
    assert Path("experiment.yaml").read_text() == "mine"


def test_another_schema_is_left_and_told() -> None:
    """A schema file of other content stays, with a word on it."""
    Path("experiment.schema.json").write_text("{}")
    written = _call("new")
    assert written.exit_code == 0
    assert "differs" in written.stderr
    assert Path("experiment.schema.json").read_text() == "{}"


def test_says_what_to_do_next() -> None:
    """Editing, checking and running are told with the file's name."""
    told = _call("new", "-o", "eyes.yaml").stdout
    assert [word in told for word in ("open eyes.yaml", "check eyes.yaml", "run eyes.yaml")] == (
        [True] * 3
    )


@pytest.mark.parametrize("template", ["segmentation", "regression", "language_model"])
def test_it_says_how_many_lines_are_marked(template: str, tmp_path: Path) -> None:
    """The last mark that is named is the last one in the spec."""
    result = _call("new", template, "-o", "a.yaml")
    marks = re.findall(r"\[(\d)\]", (tmp_path / "a.yaml").read_text())
    assert f"the lines marked [1] to [{max(marks)}]" in result.output


def test_list_names_every_template() -> None:
    """One line a template, and nothing is written."""
    listed = _call("new", "--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        "language_model",
        "regression",
        "segmentation",
    ]
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("name", "hint"),
    [("segmentaton", "did you mean 'segmentation'?"), ("my.yaml", "neurotrain new -o my.yaml")],
)
def test_unknown_template_is_told_with_a_remedy(name: str, hint: str) -> None:
    """A misspelt template and a file name in its place are both answered."""
    refused = _call("new", name)
    assert refused.exit_code == 2
    assert hint in refused.stderr


def test_comments_name_keys_that_exist(tmp_path: Path) -> None:
    """What the comments offer is legal: with every commented key written out, the spec passes."""
    _call("new")
    _images(tmp_path / "data", side=256)
    _images(tmp_path / "new")
    offered = ("channels: grey", "sliding_window:", "predict:", "  input:", "  postprocess:",
               "curriculum:", "  levels:", "  schedule:")  # fmt: skip
    lines = Path("experiment.yaml").read_text().splitlines()
    uncommented = []
    for line in lines:
        bare = line.lstrip()
        indent = line[: len(line) - len(bare)]
        text = bare.removeprefix("# ")
        uncommented.append(indent + text if text.startswith(offered) else line)
    assert uncommented != lines
    text = "\n".join(uncommented).replace("new/*", "new/images/*").replace("easy_*", "0[0-6]*")
    Path("experiment.yaml").write_text(text)
    checked = _call("check", "experiment.yaml")
    assert (checked.exit_code, checked.stderr) == (0, "")


def _table(folder: Path, separator: str = ",") -> None:
    """Twelve photographs and the table of their ages."""
    _images(folder)
    lines = [f"images/{number:02d}.png{separator}{20 + number}" for number in range(12)]
    (folder / "labels.csv").write_text("\n".join([f"file{separator}age", *lines]) + "\n")


def test_regression_passes_once_its_table_is_there(tmp_path: Path) -> None:
    """Before, the missing data is its one fault; with a table as named, nothing is left to mend."""
    assert _call("new", "regression", "-o", "ages.yaml", "--root", "faces").exit_code == 0
    checked = _call("check", "ages.yaml", "--format", "json")
    (record,) = map(json.loads, checked.stdout.splitlines())
    assert (record["code"], record["path"]) == ("missing-files", "data.train.root")
    _table(tmp_path / "faces")
    checked = _call("check", "ages.yaml")
    assert (checked.exit_code, checked.stderr) == (0, "")


def test_comments_of_regression_name_keys_that_exist(tmp_path: Path) -> None:
    """With every commented key written out the spec passes, and the hint of a key is answered."""
    _call("new", "regression")
    _table(tmp_path / "data", separator=";")
    offered = ("separator:", "channels: grey", "predict:", "  input:")
    lines = Path("experiment.yaml").read_text().splitlines()
    uncommented = []
    for line in lines:
        bare = line.lstrip()
        indent, text = line[: len(line) - len(bare)], bare.removeprefix("# ")
        uncommented.append(indent + text if text.startswith(offered) else line)
    assert sum(a != b for a, b in zip(lines, uncommented, strict=True)) == len(offered)
    text = "\n".join(uncommented).replace("new/*", "data/images/*")
    Path("experiment.yaml").write_text(text)
    checked = _call("check", "experiment.yaml")
    assert (checked.exit_code, checked.stderr) == (0, "")
    for key in ("data.train.group_by", "metrics", "train.epochs"):
        assert _call("explain", key).exit_code == 0, key


@pytest.mark.parametrize("option", ["--images", "--masks"])
def test_an_option_without_a_place_is_refused(option: str) -> None:
    """A table names its images: a pattern would be ignored, so it is told and nothing written."""
    refused = _call("new", "regression", option, "*.png")
    assert refused.exit_code == 2
    assert f"'regression' has no {option}" in refused.stderr
    assert not list(Path.cwd().iterdir())
