"""What the trainer costs over a bare PyTorch loop, on a network that costs next to nothing.

    python benchmarks/step_overhead.py [--epochs 20] [--rounds 5]

An MLP 64-64-10 on the 1,797 digits of scikit-learn, batch 32, AdamW, one CPU thread. Side by side,
in turns within one process: a bare loop over a `DataLoader`, the same with the loss, and with loss
and accuracy, recorded at every step, a bare loop that gathers whole batches by index, and the
trainer with its events and checkpoints on, which records loss and gradient norm. Each figure is the
median over rounds of microseconds a step, beside its ratio to the bare `DataLoader` loop: of the
clock on the wall, and of the processor time of all threads, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neurotrain.component.paths import Resolver
from neurotrain.dataset.digits import Digits
from neurotrain.dataset.loader import BatchMaker, TrainLoader
from neurotrain.engine.reporter import Reporter
from neurotrain.engine.setup import Setup
from neurotrain.engine.trainer import Trainer
from neurotrain.losses import get_criterion
from neurotrain.spec.train import Batch, Checkpoints, TrainOptions
from neurotrain.transforms.fixed import Normalize

BATCH = 32


def network() -> nn.Module:
    """The MLP; images are flattened first."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def maker() -> BatchMaker:
    """All digits, normalised and cached."""
    dataset = Digits()
    resolver = Resolver(base=Path.cwd())
    survey = dataset.survey(resolver, max_headers=0, num_classes=0)
    opened = dataset.open(resolver, survey.samples, 10)
    made = BatchMaker(opened, (Normalize(),), seed=0, cache="memory")
    made.fill_cache()
    return made


def tensors(made: BatchMaker) -> tuple[torch.Tensor, torch.Tensor]:
    """The same samples as two tensors."""
    samples = [made.prepared(index) for index in range(len(made))]
    images = torch.cat([torch.as_tensor(sample.images) for sample in samples])
    return images, torch.cat([torch.as_tensor(sample.targets) for sample in samples])


class Times(NamedTuple):
    """What a training took, in seconds."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Times:
        """Where the clocks stand."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, start: Times) -> Times:
        """What has passed from another reading to this one."""
        return Times(self.wall - start.wall, self.cpu - start.cpu)


Record = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], object]


def of_nothing(loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> None:
    """Record nothing."""


def of_loss(loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Record the loss."""
    return loss.item()


def of_both(loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> tuple[float, float]:
    """Record the loss and the accuracy."""
    return loss.item(), (logits.argmax(1) == targets).float().mean().item()


def bare(batches: Callable[[int], object], epochs: int, record: Record = of_nothing) -> Times:
    """A loop that trains, and records at every step what it is given to."""
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    recorded: list[object] = []
    start = Times.now()
    for epoch in range(epochs):
        for images, targets in batches(epoch):  # type: ignore[attr-defined]
            logits = model(images)
            loss = loss_of(logits, targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            recorded.append(record(loss.detach(), logits.detach(), targets))
    return Times.now().since(start)


def ours(made: BatchMaker, epochs: int, folder: Path) -> Times:
    """The trainer, from the first epoch to the last checkpoint."""
    model = network()
    options = TrainOptions(
        epochs=epochs, batch=Batch(global_=BATCH), checkpoints=Checkpoints(every="10 epochs")
    )
    trainer = Trainer(
        folder / "train", model, options=options, setup=Setup(seed=0), reporter=Reporter(folder)
    )
    loader = TrainLoader(made, batch_size=BATCH, crops_per_image=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    trainer._write_tables = lambda plots: None  # type: ignore[method-assign]
    start = Times.now()
    trainer.train(loader, None, get_criterion("cross_entropy"), optimizer)
    return Times.now().since(start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    made = maker()
    images, targets = tensors(made)
    steps = len(images) // BATCH * options.epochs

    def loaded(epoch: int) -> object:
        torch.manual_seed(epoch)
        data = TensorDataset(images, targets)
        return DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True)

    def gathered(epoch: int) -> object:
        order = torch.randperm(len(images))
        for rows in order.split(BATCH)[: len(images) // BATCH]:
            yield images[rows], targets[rows]

    runs: dict[str, list[Times]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            taken = {
                "bare DataLoader": bare(loaded, options.epochs),
                "  loss recorded": bare(loaded, options.epochs, of_loss),
                "  loss, accuracy": bare(loaded, options.epochs, of_both),
                "bare gather": bare(gathered, options.epochs),
                "neurotrain": ours(made, options.epochs, Path(folder)),
            }
        for name, times in taken.items():
            runs.setdefault(name, []).append(times)
    print(f"torch {torch.__version__}, {platform.machine()}, one thread, {steps} steps a run")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    base = _medians(runs["bare DataLoader"], steps)
    for name, times in runs.items():
        wall, cpu = _medians(times, steps)
        print(
            f"{name:<16} {wall:8.1f} us a step {wall / base.wall:5.2f} x"
            f"   processor {cpu:8.1f} us {cpu / base.cpu:5.2f} x"
        )


def _medians(times: list[Times], steps: int) -> Times:
    """Microseconds a step."""
    wall = statistics.median(found.wall for found in times)
    cpu = statistics.median(found.cpu for found in times)
    return Times(wall / steps * 1e6, cpu / steps * 1e6)


if __name__ == "__main__":
    main()
