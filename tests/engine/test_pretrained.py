"""A run that starts from weights of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from neurotrain.engine.build import DataChanged
from neurotrain.models.loading import WeightsDoNotFit

from .conftest import DIGITS, Project

SPEC = DIGITS + "pretrained: {file: first.pth}\n"


def first_weights(project: Project) -> Path:
    """Weights of another seed, as a file."""
    file = project.folder / "first.pth"
    torch.save(project.builder(DIGITS, "seed=9").model().state_dict(), file)
    return file


def test_a_run_starts_from_the_file_and_says_so(project: Project) -> None:
    """The model is the file's before the first step; what matched is told on the terminal."""
    weights = torch.load(first_weights(project), weights_only=True)
    builder = project.builder(SPEC)
    model = builder.model()
    fit = builder.pretrain(model)
    assert fit is not None
    assert fit.is_whole
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    assert f"pretrained weights: {len(weights)} matched" in done.stdout + done.stderr


def test_the_files_content_is_part_of_the_plan(project: Project) -> None:
    """Other weights are another plan; where the file lies is not."""
    file = first_weights(project)
    digest = project.plan(SPEC).digest
    moved = project.folder / "elsewhere.pth"
    moved.write_bytes(file.read_bytes())
    assert project.plan(SPEC, f"pretrained.file={moved}").digest == digest
    assert project.plan(SPEC, "pretrained.strict=false").digest != digest
    torch.save(project.builder(DIGITS, "seed=10").model().state_dict(), file)
    assert project.plan(SPEC).digest != digest
    assert project.plan(DIGITS).digest != digest


def test_another_file_than_the_plans_is_refused(project: Project) -> None:
    """Changed or gone after compiling, it is told before anything is trained."""
    file = first_weights(project)
    builder = project.builder(SPEC)
    torch.save(project.builder(DIGITS, "seed=10").model().state_dict(), file)
    with pytest.raises(DataChanged, match="not the file of the plan"):
        builder.pretrain(builder.model())
    file.unlink()
    with pytest.raises(DataChanged, match="are gone"):
        builder.pretrain(builder.model())


def test_weights_of_another_model_end_the_run_before_it_trains(project: Project) -> None:
    """With exit code 2 and what to do."""
    torch.save({"weight": torch.zeros(3)}, project.folder / "first.pth")
    builder = project.builder(SPEC)
    with pytest.raises(WeightsDoNotFit):
        builder.pretrain(builder.model())
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 2, done.stderr
    assert "no weight of first.pth is one of the model" in done.stderr
