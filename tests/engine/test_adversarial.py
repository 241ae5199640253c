"""A model against a discriminator: what a bare loop computes, and resumes that change no bit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from neurotrain.engine.checkpoint import load
from neurotrain.engine.signals import Interrupted
from neurotrain.recorder.events import read_all
from tests.engine.conftest import Project
from tests.engine.rivals import ADVERSARIAL, bare, rivals
from tests.engine.toys import StopAt, files

RATIOS = {
    "one": ([], 1, 1),
    "accumulated": (["train.batch={micro: 1, accumulation: 2}"], 1, 1),
    "more": (["train.adversarial.steps=3"], 3, 1),
    "rarer": (["train.adversarial.every=3 steps", "train.adversarial.steps=2"], 2, 3),
}


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_bare_loop_gives_the_same_bits(project: Project, tmp_path: Path, ratio: str) -> None:
    """Losses of both networks, and all weights and statistics of both."""
    overrides, steps, every = RATIOS[ratio]
    builder = project.builder(ADVERSARIAL, *overrides)
    _, history = rivals(builder, tmp_path / "ours")
    wanted = bare(builder, weight=0.1, steps=steps, every=every)
    names = {"loss": "train/loss", "adversarial": "train/adversarial_loss",
             "discriminator": "train/discriminator_loss"}  # fmt: skip
    for name, recorded in names.items():
        assert [value for _, value in history[recorded]] == wanted[name], name
    found = load(tmp_path / "ours/train/checkpoints/last.pth")
    for key, network in (("model", wanted["model"]), ("discriminator", wanted["judge"])):
        for name, value in network.state_dict().items():
            assert torch.equal(found[f"{key}_state_dict"][name], value), (key, name)


SETTINGS = {
    "plain": [],
    "accumulated": ["train.batch={micro: 1, accumulation: 2}", "train.adversarial.steps=2"],
    "rarer": ["train.adversarial.every=3 steps", "train.adversarial.loss=hinge"],
    "averaged": ["train.ema={decay: 0.9, start: 4 steps}", "train.precision=bf16"],
    "squares": ["train.precision=bf16", "train.adversarial.loss=least_squares"],
    "clipped": [
        "train.clip_grad_norm=0.1", "train.record={grad_norms: true}",
        "train.scheduler={type: cosine, warmup: 3 steps}", "train.nan_policy={type: skip}",
    ],
    "sgd": ["train.adversarial.optimizer={type: sgd, momentum: 0.9}",
            "train.nan_policy={type: roll_back}"],
}  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_resume_at_any_look_changes_no_bit(
    project: Project, tmp_path: Path, setting: str
) -> None:
    """Ended after every step, before every validation batch, again and again."""
    builder = project.builder(ADVERSARIAL, *SETTINGS[setting])
    rivals(builder, tmp_path / "whole")
    folder, attempts = tmp_path / "cut", 0
    while attempts < 100:
        try:
            rivals(builder, folder, StopAt(looks=1 + attempts % 3))
            break
        except Interrupted:
            attempts += 1
    assert attempts > 4
    assert files(folder) == files(tmp_path / "whole")


def test_another_accumulation_goes_on_with_both_networks(project: Project, tmp_path: Path) -> None:
    """The same global batch in other parts: updates, moments and histories are kept."""
    first = project.builder(ADVERSARIAL)
    with pytest.raises(Interrupted):
        rivals(first, tmp_path, StopAt(4))
    before = load(tmp_path / "train/checkpoints/last.pth")
    parted = project.builder(ADVERSARIAL, "train.batch={micro: 1, accumulation: 2}")
    _, history = rivals(parted, tmp_path)
    after = load(tmp_path / "train/checkpoints/last.pth")
    assert before["adversarial_updates"] == before["step"] > 0
    assert after["adversarial_updates"] == after["step"] == parted.plan.facts.num_steps
    assert len(history["train/discriminator_loss"]) == 3
    moments = after["discriminator_optimizer_state_dict"]["state"]
    assert {int(state["step"]) for state in moments.values()} == {after["step"]}


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("setting", ["accumulated", "rarer"])
def test_killed_at_every_micro_step_it_changes_no_bit(
    project: Project, tmp_path: Path, setting: str
) -> None:
    """Before any loss, inside an accumulation too, with a save after every epoch."""
    builder = project.builder(ADVERSARIAL, *SETTINGS[setting])
    rivals(builder, tmp_path / "whole", criterion=foreground)
    wanted, at, was_killed = files(tmp_path / "whole"), 0, True
    while was_killed:
        folder, at, was_killed, left = tmp_path / str(at), at + 1, False, at

        def criterion(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            nonlocal left
            left -= 1
            if left == -1:
                raise Killed
            return foreground(logits, targets)

        try:
            rivals(builder, folder, criterion=criterion)
        except Killed:
            was_killed = True
            rivals(builder, folder, criterion=foreground)
        assert files(folder) == wanted, at
    assert at > 9


def foreground(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The cross-entropy of one logit a pixel."""
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets.float())


def test_all_of_both_networks_is_recorded_and_kept(project: Project, tmp_path: Path) -> None:
    """In the table, the events and the checkpoint, whose weights any network loads."""
    builder = project.builder(ADVERSARIAL)
    trainer, history = rivals(builder, tmp_path)
    names = {"train/loss", "train/adversarial_loss", "train/discriminator_loss",
             "discriminator_grad_norm", "grad_norm"}  # fmt: skip
    assert names <= history.keys()
    told = [e for e in read_all(tmp_path / "events.jsonl") if e.kind == "epoch.finished"]
    assert all(names <= event.data["metrics"].keys() for event in told)
    header = (tmp_path / "train/metrics.csv").read_text().splitlines()[0]
    assert names <= set(header.split(","))
    state = torch.load(tmp_path / "train/checkpoints/best.pth", weights_only=True)
    builder.model().load_state_dict(state["model_state_dict"])
    builder.discriminator().load_state_dict(state["discriminator_state_dict"])
    assert state["discriminator_optimizer_state_dict"]["state"]
    assert not any(p.grad is not None for p in trainer.discriminator.parameters())


def test_a_run_from_a_spec_trains_and_tests(project: Project) -> None:
    """The whole way, with more classes and an interrupted first attempt."""
    text = ADVERSARIAL.replace("[background, vessel]", "[background, vessel, disc]")
    text = text.replace("loss: [bce]", "loss: [cross_entropy]").replace(
        "  valid: {fraction: 0.25}", "  valid: {fraction: 0.25}\n  test: {fraction: 0.25}"
    )
    project.write(text)
    done = project.call("run", "spec.yaml", "--plain")
    assert done.returncode == 0, done.stderr
    assert "train/discriminator_loss" in done.stderr
    assert (project.folder / "runs/rivals/test/metrics.json").exists()
    assert (project.folder / "runs/rivals/train/plots/discriminator_loss.png").exists()


def test_the_mask_is_learned_with_a_discriminator(project: Project, tmp_path: Path) -> None:
    """The second network does not keep the first from its task."""
    _, history = rivals(project.builder(ADVERSARIAL, "train.epochs=8"), tmp_path)
    losses = [value for _, value in history["valid/loss"]]
    assert losses[-1] < losses[0]
    assert all(math.isfinite(value) for _, value in history["train/discriminator_loss"])
