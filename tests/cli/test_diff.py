"""`diff` and `compile --against`: values as written, with their places, grouped by cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from neurotrain.cli.main import cli

SPEC = """\
version: 1
name: tiny
task: {type: classification}
data:
  train: {type: digits}
  valid: {fraction: 0.2}
  test: {fraction: 0.2}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: mlp, hidden: [16]}
loss: [cross_entropy]
metrics: [accuracy]
train:
  epochs: 4
  optimizer: {type: sgd, learning_rate: 1e-2}
engine: {type: torch, device: cpu, threads: 1}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def call(*arguments: str) -> Result:
    """Call the program."""
    return CliRunner().invoke(cli, arguments)


def test_values_stand_as_written_with_their_places(folder: Path) -> None:
    """Both sides say where, in the author's spelling."""
    (folder / "other.yaml").write_text(
        "extends: spec.yaml\nname: other\ntrain:\n  optimizer: {learning_rate: 0.0010}\n"
        "test: {flips: true}\n"
    )
    told = call("diff", "spec.yaml", "other.yaml").stdout.splitlines()
    assert told[0] == "spec.yaml -> other.yaml: a new run is needed"
    new_run, stages, nothing = (told.index(line) for line in told if line.endswith(":"))
    assert told[new_run] == "needs a new run:"
    assert told[new_run + 1] == (
        "  train.optimizer.learning_rate: 1e-2 (spec.yaml:14:41) -> 0.0010 (other.yaml:4:30)"
    )
    assert told[stages + 1] == (
        "  test.flips: false (default) -> true (other.yaml:5:15)  [runs again: tester]"
    )
    assert "name: tiny (spec.yaml:2:7) -> other (other.yaml:2:7)" in told[nothing + 1]


def test_any_mixture_of_spec_plan_and_folder(folder: Path) -> None:
    """A compiled folder, its plan.json and the spec are the same plan."""
    assert call("compile", "spec.yaml", "-o", "planned").exit_code == 0
    names = ("spec.yaml", "planned", "planned/plan.json")
    for first in names:
        for second in names:
            assert call("diff", first, second).stdout == f"{first} -> {second}: the same plan\n"


def test_a_plan_tells_the_places_of_its_spec(folder: Path) -> None:
    """Without the spec its provenance says where."""
    assert call("compile", "spec.yaml", "-o", "planned", "--set", "train.epochs=9").exit_code == 0
    told = call("diff", "planned", "spec.yaml").stdout
    assert "train.epochs: 9 (--set) -> 4 (spec.yaml:13:11)" in told


def test_json_has_the_same_judgement(folder: Path) -> None:
    """One object; a change names both values and both places."""
    (folder / "other.yaml").write_text("extends: spec.yaml\ntrain: {epochs: 6}\n")
    told = json.loads(call("diff", "spec.yaml", "other.yaml", "--format", "json").stdout)
    assert told["cost"] == "resume-safe"
    assert told["verdict"] == "the training can go on; then tester"
    assert told["stages"] == ["trainer", "tester"]
    assert told["changes"] == [
        {
            "path": "train.epochs", "before": 4, "after": 6, "cost": "resume-safe",
            "stages": ["trainer", "tester"], "note": "",
            "before_place": "spec.yaml:13:11", "after_place": "other.yaml:2:17",
        }
    ]  # fmt: skip
    assert "facts.num_steps" in [change["path"] for change in told["derived"]]


def test_another_type_is_one_change(folder: Path) -> None:
    """The parameters of the old one are not told as so many changes; defaults are left out."""
    told = call("compile", "spec.yaml", "-o", "planned")
    assert told.exit_code == 0
    (folder / "other.yaml").write_text(
        "extends: spec.yaml\ntrain: {optimizer: {type: adamw, learning_rate: 3e-3}}\n"
    )
    lines = call("diff", "planned", "other.yaml").stdout.splitlines()
    assert lines[3] == (
        '  train.optimizer: {"type": "sgd", "learning_rate": 0.01} (spec.yaml:14:21) -> '
        '{"type": "adamw", "learning_rate": 0.003} (other.yaml:2:20)'
    )


def test_compile_against_tells_the_difference(folder: Path) -> None:
    """After the summary, from the other to this one."""
    assert call("compile", "spec.yaml", "-o", "planned").exit_code == 0
    told = call("compile", "spec.yaml", "--set", "train.epochs=6", "--against", "planned").stdout
    summary, _, difference = told.partition("\n\nplanned -> spec.yaml: ")
    assert "epochs" in summary
    assert difference.startswith("the training can go on; then tester\n\nresume-safe")
    assert "train.epochs: 4 (spec.yaml:13:11) -> 6 (--set:1:14)" in difference


def test_compile_of_a_plan_is_the_plan(folder: Path) -> None:
    """A fixed point in every file; and `--set` has no place there."""
    assert call("compile", "spec.yaml", "-o", "one").exit_code == 0
    assert call("compile", "one/plan.json", "-o", "two").exit_code == 0
    files = sorted(file for file in (folder / "one").rglob("*") if file.is_file())
    assert len(files) > 5
    for file in files:
        assert (folder / "two" / file.relative_to(folder / "one")).read_bytes() == file.read_bytes()
    assert call("compile", "one/plan.json", "--set", "seed=1").exit_code != 0


def test_a_faulty_spec_is_told_and_not_compared(folder: Path) -> None:
    """Its faults come as from check."""
    (folder / "other.yaml").write_text("extends: spec.yaml\ntrain: {epoch: 6}\n")
    found = call("diff", "spec.yaml", "other.yaml")
    assert found.exit_code == 2
    assert "other.yaml:2:9: error[unknown-key]" in found.stderr
    assert found.stdout == ""


@pytest.mark.parametrize("given", ["empty", "notes.json", "absent.yaml"])
def test_what_is_no_plan_is_refused(folder: Path, given: str) -> None:
    """A folder without a plan, a foreign file and an absent one: told, with exit code 2."""
    from click.exceptions import UsageError

    (folder / "empty").mkdir()
    (folder / "notes.json").write_text('{"format": 1}')
    found = CliRunner().invoke(cli, ["diff", given, "spec.yaml"])
    assert found.exit_code == 2 or isinstance(found.exception, UsageError)
    assert given in found.stderr
