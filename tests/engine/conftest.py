"""Builders: small specs compiled to plans, and runs of them in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurotrain.cli.compiling import compile_file
from neurotrain.compiler.draft import Options
from neurotrain.component.paths import Resolver
from neurotrain.engine.build import Builder
from neurotrain.plan.plan import Plan

DIGITS = """
version: 1
name: tiny
seed: 7
task: {type: classification}
data:
  train: {type: digits}
  valid: {fraction: 0.4}
  test: {fraction: 0.4}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: mlp, hidden: [16], dropout: 0.2}
loss: [cross_entropy]
metrics: [accuracy, f1]
train:
  epochs: 3
  batch: {global: 32}
  optimizer: {type: adamw, learning_rate: 1e-2}
  scheduler: {type: cosine, warmup: 1 epoch}
  clip_grad_norm: 1.0
  early_stopping: {monitor: valid/accuracy, patience: 2}
  checkpoints: {every: 1 epoch, keep_last: 2}
test: {batch: 256, num_pictures: 2}
engine: {type: torch, device: cpu, threads: 1}
"""


@dataclass(frozen=True)
class Project:
    """A folder with a spec in it."""

    folder: Path

    def write(self, text: str, name: str = "spec.yaml") -> Path:
        """Write a spec."""
        file = self.folder / name
        file.write_text(text)
        return file

    def plan(self, text: str, *overrides: str) -> Plan:
        """The plan of a spec, which must compile."""
        compiled = compile_file(self.write(text), overrides, Options())
        assert not compiled.report.failed, compiled.report.items
        assert compiled.draft is not None
        assert compiled.draft.plan is not None
        return compiled.draft.plan

    def builder(self, text: str, *overrides: str) -> Builder:
        """What builds the plan's objects."""
        return Builder(self.plan(text, *overrides), Resolver(base=self.folder))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `neurotrain` in this folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "neurotrain", *arguments], cwd=self.folder, text=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `neurotrain` in this folder to its end."""
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)


@pytest.fixture
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A finished run of the digits spec, made once."""
    folder = tmp_path_factory.getbasetemp() / "trained"

    def make() -> Path:
        if not folder.exists():
            folder.mkdir()
            project = Project(folder)
            project.write(DIGITS)
            done = project.call("run", "spec.yaml", "--plain")
            assert done.returncode == 0, done.stderr
        return folder / "runs" / "tiny"

    return make
