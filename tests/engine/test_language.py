"""Language models: a bare loop and torchmetrics agree, and a run that was killed ends the same."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from torchmetrics.text import Perplexity

from neurotrain.dataset.sums import LINE_BYTES
from neurotrain.models.language import GPT2, Llama
from neurotrain.transforms.draws import permutation

from .conftest import Project

LM = """
version: 1
name: tiny
seed: 7
task: {type: causal_lm, context_length: 28}
data:
  train: {type: sums, lines: 300}
  valid: {fraction: 0.2}
  test: {fraction: 0.2}
model: {type: gpt2, layers: 1, heads: 2, width: 16, dropout: 0.1}
loss: [cross_entropy]
metrics: [perplexity, token_accuracy]
train:
  epochs: 3
  batch: {global: 8}
  optimizer: {type: adamw, learning_rate: 1e-2, weight_decay: 0.01, weight_decay_on: all}
  checkpoints: {every: 1 epoch}
engine: {type: torch, device: cpu, threads: 1}
"""
TWO = "engine={type: deepspeed, processes: 2, device: cpu, threads: 1, zero: {stage: 3}}"


def _events(project: Project, kind: str) -> list[dict[str, Any]]:
    file = project.folder / "runs/tiny/events.jsonl"
    events = [json.loads(line) for line in file.read_text().splitlines()]
    return [event["data"] for event in events if event["kind"] == kind]


def _losses(project: Project) -> list[float]:
    return [each["metrics"]["train/loss"] for each in _events(project, "epoch.finished")]


def _weights(project: Project) -> dict[str, torch.Tensor]:
    file = project.folder / "runs/tiny/train/checkpoints/last.pth"
    weights: dict[str, torch.Tensor] = torch.load(file, weights_only=True)["model_state_dict"]
    return weights


def _run(project: Project, *overrides: str) -> None:
    project.write(LM)
    sets = [word for override in overrides for word in ("--set", override)]
    done = project.call("run", "spec.yaml", "--plain", *sets)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_bare_loop_has_the_same_losses(project: Project) -> None:
    """Blocks cut by hand, torch's loss and AdamW, the seed's order: the same bits."""
    _run(project, "model.dropout=0")
    builder = project.builder(LM, "model.dropout=0")
    infos = builder.samples["train"]
    stream = builder.plan.experiment.data.train.open(builder.resolver, infos, 0)
    rows = [stream.load(index) for index in range(len(infos))]
    text = torch.stack([torch.from_numpy(row.image_CHW.copy()) for row in rows])
    following = torch.stack([torch.from_numpy(row.target.copy()) for row in rows])
    assert torch.equal(text[:, 1:], following[:, :-1])
    assert torch.equal(text[1:, 0], following[:-1, -1])
    torch.set_num_threads(1)
    model = builder.model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    found = []
    for epoch in (1, 2, 3):
        order = torch.from_numpy(permutation(7, epoch, len(text)))
        losses = []
        for start in range(0, len(order) - 7, 8):
            rows_of_batch = order[start : start + 8]
            loss = cross_entropy(model(text[rows_of_batch]), following[rows_of_batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        found.append(sum(losses) / len(losses))
    assert _losses(project) == pytest.approx(found, rel=1e-6)


def test_perplexity_is_that_of_torchmetrics(project: Project) -> None:
    """Of the tested weights over all test tokens; and no model can be better than chance allows."""
    _run(project)
    builder = project.builder(LM)
    model = builder.model().eval()
    best = project.folder / "runs/tiny/train/checkpoints/best.pth"
    model.load_state_dict(torch.load(best, weights_only=True)["model_state_dict"])
    oracle, right, num = Perplexity(), 0, 0
    with torch.no_grad():
        for batch in builder.eval_loader("test"):
            logits = model(batch.images)
            oracle.update(logits.transpose(1, 2), batch.targets)
            right += int((logits.argmax(1) == batch.targets).sum())
            num += batch.targets.numel()
    told = json.loads((project.folder / "runs/tiny/test/metrics.json").read_text())["overall"]
    assert told["perplexity"] == pytest.approx(float(oracle.compute()), rel=1e-5)
    assert told["perplexity"] == pytest.approx(math.exp(told["loss"]), rel=1e-6)
    assert told["token_accuracy"] == right / num
    assert told["perplexity"] > 10 ** (4 / LINE_BYTES)
    report = (project.folder / "runs/tiny/test/report.txt").read_text()
    assert "equally likely tokens" in report
    steps = _events(project, "step.finished")
    assert all(each["tokens_per_s"] == 28 * each["samples_per_s"] for each in steps)


def test_a_killed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    """SIGKILL after the first save, then the same command: the weights of an undisturbed run."""
    whole, killed = Project(tmp_path / "whole"), Project(tmp_path / "killed")
    for project in (whole, killed):
        project.folder.mkdir()
        project.write(LM)
    _run(whole, "train.epochs=20")
    process = killed.start("run", "spec.yaml", "--plain", "--set", "train.epochs=20")
    checkpoint = killed.folder / "runs/tiny/train/checkpoints/last.pth"
    while not checkpoint.exists() and process.poll() is None:
        pass
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    _run(killed, "train.epochs=20")
    assert _events(killed, "run.resumed")
    expected, found = _weights(whole), _weights(killed)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.slow
def test_two_processes_of_zero_3_learn_the_same(tmp_path: Path) -> None:
    """Losses, logits and score within summation error of one process, with a tied weight."""
    one, two = Project(tmp_path / "one"), Project(tmp_path / "two")
    for project in (one, two):
        project.folder.mkdir()
    _run(one, "model.dropout=0")
    _run(two, "model.dropout=0", TWO)
    assert _losses(two) == pytest.approx(_losses(one), rel=1e-4)
    logits = []
    for project in (one, two):
        model = project.builder(LM, "model.dropout=0").model().eval()
        model.load_state_dict(_weights(project))
        tokens = torch.arange(28)[None]
        with torch.no_grad():
            logits.append(model(tokens))
    torch.testing.assert_close(logits[1], logits[0], rtol=1e-2, atol=1e-2)
    scores = [_events(project, "run.finished")[0]["result"] for project in (one, two)]
    assert scores[1]["perplexity"] == pytest.approx(scores[0]["perplexity"], rel=1e-3)


@pytest.mark.parametrize("kind", [GPT2, Llama])
def test_tokens_do_not_see_what_follows(kind: type[GPT2] | type[Llama]) -> None:
    """A token that is changed leaves the logits of all before it as they were."""
    torch.manual_seed(0)
    model = kind(layers=2, heads=2, width=16).build_text(257, 32).eval()
    tokens = torch.randint(0, 257, (2, 32))
    changed = tokens.clone()
    changed[:, 20:] = 3
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    assert before.shape == (2, 257, 32)
    assert torch.equal(before[:, :, :20], after[:, :, :20])
    assert not torch.allclose(before[:, :, 20:], after[:, :, 20:])


@pytest.mark.parametrize("kind", [GPT2, Llama])
def test_checkpointed_activations_give_the_same_gradients(kind: type[GPT2] | type[Llama]) -> None:
    """And autograd keeps fewer tensors."""
    tokens = torch.randint(0, 257, (2, 32), generator=torch.Generator().manual_seed(1))
    gradients, kept = [], []
    for is_checkpointed in (False, True):
        torch.manual_seed(0)
        model = kind(layers=2, heads=2, width=16, activation_checkpointing=is_checkpointed)
        network = model.build_text(257, 32).train()
        saved: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, into=saved: into.append(x.numel()) or x, lambda x: x
        ):
            loss = network(tokens).square().mean()
        loss.backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
        kept.append(sum(saved))
    assert kept[1] < kept[0]
    for whole, again in zip(*gradients, strict=True):
        torch.testing.assert_close(again, whole)


def test_the_dry_run_speaks_of_text(tmp_path: Path) -> None:
    """Its summary has blocks, tokens and a vocabulary, and no images and channels."""
    project = Project(tmp_path)
    project.write(LM)
    process = project.start("compile", "spec.yaml", "-o", "plan")
    told, _ = process.communicate()
    assert process.returncode == 0, told
    assert "blocks of text" in told
    assert "a vocabulary of 257" in told
    assert "28 tokens" in told
    assert "images" not in told
    assert "channels" not in told
