"""Too little memory ends with what to change, by how much, and exit code 4."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from neurotrain.engine.faults import fault_of
from neurotrain.engine.memory import OutOfMemory, memory_for
from tests.engine.conftest import DIGITS, Project
from tests.engine.toys import fit, options


class Greedy(nn.Module):
    """A model that wants more memory than any machine has, in training or in evaluation."""

    def __init__(self, when_training: bool) -> None:
        super().__init__()
        self.head, self._when_training = nn.Linear(8, 2), when_training

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits, if at all."""
        if self.training == self._when_training:
            torch.empty(2**46)
        out: torch.Tensor = self.head(x)
        return out


@pytest.mark.parametrize(("when_training", "phase"), [(True, "training"), (False, "evaluation")])
def test_torchs_allocator_is_understood(tmp_path: Path, when_training: bool, phase: str) -> None:
    """The CPU's allocator raises a plain RuntimeError; the phase is told from it."""
    with pytest.raises(OutOfMemory, match=f"{phase}: .*allocate") as caught:
        fit(tmp_path, options(), model=Greedy(when_training))
    assert caught.value.phase == phase
    assert fault_of(caught.value).exit_code == 4


@pytest.mark.parametrize(
    ("phase", "overrides", "hint"),
    [
        ("training", ["train.batch={global: 32}"], "{micro: 16, accumulation: 2}'"),
        ("training", ["train.batch={global: 12, micro: 6}"], "{micro: 3, accumulation: 4}'"),
        ("training", ["train.batch={global: 5}"], "{micro: 1, accumulation: 5}'"),
        ("training", ["train.batch={micro: 1}"], "train.precision=bf16"),
        ("training", ["train.batch={micro: 1}", "train.precision=bf16"], "a smaller model"),
        ("evaluation", [], "--set test.batch=128 takes half of it (now 256)"),
        ("evaluation", ["test.batch=1"], "one by one already"),
    ],
)
def test_the_remedy_has_the_numbers_of_the_plan(
    project: Project, phase: str, overrides: list[str], hint: str
) -> None:
    """Micro-batch and accumulation are such that an update takes as many samples as before."""
    plan = project.plan(DIGITS, *overrides)
    fault = fault_of(OutOfMemory(phase, "too much"), plan)  # type: ignore[arg-type]
    assert fault.exit_code == 4
    assert hint in fault.hint


def test_the_remedy_for_training_compiles(project: Project) -> None:
    """What the hint says can be given as it is written, and keeps the steps."""
    import shlex

    plan = project.plan(DIGITS)
    hint = fault_of(OutOfMemory("training", "too much"), plan).hint
    smaller = project.plan(DIGITS, shlex.split(hint)[1])
    assert smaller.facts.num_steps == plan.facts.num_steps
    assert smaller.facts.micro_batch < plan.facts.micro_batch


def test_other_errors_pass_through() -> None:
    """A fault that is none of memory stays what it is."""
    with pytest.raises(RuntimeError, match="shapes"), memory_for("training"):
        raise RuntimeError("shapes do not fit")
