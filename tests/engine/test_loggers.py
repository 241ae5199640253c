"""Loggers named in a spec, in whole runs."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from neurotrain.recorder.events import read_all
from tests.engine.conftest import DIGITS, Project
from tests.engine.test_run import outcome

LOGGED = DIGITS + "loggers: [tensorboard, {type: wandb, project: own}]\n"


def column(run: Path, name: str) -> list[float]:
    """A column of the run's own table."""
    with (run / "train/metrics.csv").open(newline="") as stream:
        return [float(row[name]) for row in csv.DictReader(stream)]


def test_loggers_get_the_values_of_the_run_and_change_nothing(project: Project) -> None:
    """TensorBoard has the validation values of the table; weights are those without loggers."""
    project.write(LOGGED)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    run = project.folder / "runs/tiny"
    reader = EventAccumulator(str(run / "tensorboard"))
    reader.Reload()
    shown = [each.value for each in reader.Scalars("valid/loss")]
    assert shown == pytest.approx(column(run, "valid/loss"), rel=1e-6)
    assert reader.Scalars("test/accuracy")
    assert list((run / "wandb").glob("offline-run-*/*.wandb"))
    assert "warning.raised" not in [event.kind for event in read_all(run / "events.jsonl")]
    logged = outcome(run)
    project.write(DIGITS)
    assert project.call("run", "spec.yaml", "--plain", "--runs-dir", "bare").returncode == 0
    assert outcome(project.folder / "bare/tiny") == logged


def test_a_logger_that_cannot_write_does_not_hurt_the_run(project: Project) -> None:
    """A file stands where TensorBoard's folder should be: one warning, and the run finishes."""
    project.write(DIGITS + "loggers: [tensorboard]\n")
    assert project.call("compile", "spec.yaml", "-o", "runs/tiny").returncode == 0
    run = project.folder / "runs/tiny"
    (run / "tensorboard").write_text("in the way")
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    told = [e.data["message"] for e in read_all(run / "events.jsonl") if e.kind == "warning.raised"]
    assert len(told) == 1
    assert told[0].startswith("the logger 'tensorboard' stopped, the run goes on")


def test_a_missing_package_is_told_before_anything_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 5 with the command that installs it."""
    project.write(DIGITS + "loggers: [tensorboard]\n")
    (project.folder / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *at: name != 'tensorboard' and found(name, *at) or None\n"
    )
    paths = [str(project.folder), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 5
    assert "pip install 'neurotrain[tensorboard]'" in done.stderr


def test_every_fold_is_a_run_of_its_own_in_tensorboard(project: Project) -> None:
    """Steps count from 1 in each training, so that one file would hold them twice."""
    spec = DIGITS.replace("valid: {fraction: 0.4}", "valid: {folds: 2}")
    project.write(spec.replace("epochs: 3", "epochs: 2") + "loggers: [tensorboard]\n")
    assert project.call("run", "spec.yaml", "--plain").returncode == 0
    folder = project.folder / "runs/tiny/tensorboard"
    for fold in ("fold-1", "fold-2"):
        reader = EventAccumulator(str(folder / fold))
        reader.Reload()
        assert len(reader.Scalars("valid/loss")) == 2
    reader = EventAccumulator(str(folder))
    reader.Reload()
    assert {"test/accuracy", "cross_validation/accuracy"} <= set(reader.Tags()["scalars"])
