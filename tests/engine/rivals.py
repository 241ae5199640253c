"""Small adversarial trainings: a spec, its training in a folder, and the same as a bare loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from neurotrain.engine.adversarial_trainer import AdversarialTrainer
from neurotrain.engine.build import Builder
from neurotrain.engine.loop_state import History
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.signals import StopFlag
from neurotrain.transforms.draws import mix

ADVERSARIAL = """
version: 1
name: rivals
seed: 5
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: retina_phantom, num_images: 8, size: 64}
  valid: {fraction: 0.25}
  transforms: {train: [normalize, random_flip], eval: [normalize]}
model: {type: unet, channels: [4, 8], norm: batch, dropout: 0.1}
loss: [bce]
metrics: [dice]
train:
  epochs: 3
  batch: {global: 2}
  optimizer: {type: adam, learning_rate: 1e-2}
  adversarial:
    discriminator: {type: patch_discriminator, channels: [4, 8], norm: batch}
    weight: 0.1
    optimizer: {type: adam, learning_rate: 2e-3, betas: [0.5, 0.999]}
  checkpoints: {every: 1 epoch}
engine: {type: torch, device: cpu, threads: 1}
"""


class Plain(AdversarialTrainer):
    """Draws no curves."""

    def _write_tables(self, *, plots: bool) -> None:
        """The table alone."""
        super()._write_tables(plots=False)


def rivals(
    builder: Builder, folder: Path, flag: StopFlag | None = None, *, criterion: Any = None
) -> tuple[AdversarialTrainer, History]:
    """Train the plan in a folder, or go on where it was left off."""
    model = builder.model()
    optimizer = builder.optimizer(model)
    trainer = Plain(
        model, builder.discriminator(), output_dir=folder / "train",
        is_continue_mode=any((folder / "train/checkpoints").glob("*.pth")),
        options=builder.plan.experiment.train, setup=builder.setup(), reporter=Reporter(folder),
        flag=flag,
    )  # fmt: skip
    history = trainer.train(
        builder.train_loader(), builder.eval_loader("valid"), criterion or builder.criterion(),
        optimizer, scheduler=builder.schedule(optimizer), device=builder.device(),
    )  # fmt: skip
    return trainer, history


def batches(builder: Builder) -> Iterator[list[list[Any]]]:
    """The batches of each epoch, by update."""
    size = builder.plan.facts.accumulation
    for epoch in range(1, builder.plan.experiment.train.epochs + 1):
        found = list(builder.train_loader().epoch(epoch))
        yield [found[start : start + size] for start in range(0, len(found) - size + 1, size)]


def bare(builder: Builder, *, weight: float, steps: int, every: int) -> dict[str, Any]:
    """The training of a plan without anything of the engine: traces by epoch, and both networks."""
    torch.set_num_threads(1)
    model, judge = builder.model().train(), builder.discriminator().train()
    ours = torch.optim.Adam(model.parameters(), lr=1e-2)
    theirs = torch.optim.Adam(judge.parameters(), lr=2e-3, betas=(0.5, 0.999))
    criterion = builder.criterion()
    traces: dict[str, list[float]] = {"loss": [], "adversarial": [], "discriminator": []}
    micro_step = update = 0
    for epoch in batches(builder):
        sums: dict[str, list[float]] = {name: [] for name in traces}
        for parts in epoch:
            ours.zero_grad()
            pairs, terms = [], []
            for batch in parts:
                torch.manual_seed(mix(5, micro_step) & (2**63 - 1))
                micro_step += 1
                logits = model(batch.images)
                inside = batch.rois[:, None]
                truth = (batch.targets == 1).float()[:, None] * inside
                fake = torch.cat([batch.images, logits.sigmoid() * inside], 1)
                judge.requires_grad_(False)
                verdict = judge(fake)
                judge.requires_grad_(True)
                loss = criterion(logits, batch.targets, batch.rois)
                term = F.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))
                ((loss + weight * term) / len(parts)).backward()
                pairs.append((torch.cat([batch.images, truth], 1), fake.detach()))
                sums["loss"].append(loss.item())
                terms.append(term.detach())
            sums["adversarial"].append(torch.stack(terms).mean().item())
            if update % every == 0:
                losses = []
                for _ in range(steps):
                    theirs.zero_grad()
                    for real, fake in pairs:
                        losses.append(_judged(judge, real, fake))
                        (losses[-1] / len(pairs)).backward()
                    theirs.step()
                sums["discriminator"].append(torch.stack(losses).mean().item())
            ours.step()
            update += 1
        for name, values in sums.items():
            traces[name].append(sum(values) / len(values))
    return {**traces, "model": model, "judge": judge}


def _judged(judge: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Both halves of the discriminator's loss."""
    first, second = judge(real), judge(fake)
    of_real = F.binary_cross_entropy_with_logits(first, torch.ones_like(first))
    return (of_real + F.binary_cross_entropy_with_logits(second, torch.zeros_like(second))) / 2
