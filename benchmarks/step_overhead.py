"""What the trainer costs over a bare PyTorch loop, on a network that costs next to nothing.

    python benchmarks/step_overhead.py [--epochs 20] [--rounds 5]

An MLP 64-64-10 on the 1,797 digits of scikit-learn, batch 32, AdamW, one CPU thread. Side by side,
in turns within one process: a bare loop over a `DataLoader`, a bare loop that gathers whole batches
by index, and the trainer with its events and checkpoints on. Each figure is the median over rounds
of microseconds a step, beside its ratio to the bare `DataLoader` loop.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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


def bare(batches: Callable[[int], object], epochs: int) -> float:
    """Seconds of a loop that only trains."""
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    started_s = time.perf_counter()
    for epoch in range(epochs):
        for images, targets in batches(epoch):  # type: ignore[attr-defined]
            loss_of(model(images), targets).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    return time.perf_counter() - started_s


def ours(made: BatchMaker, epochs: int, folder: Path) -> float:
    """Seconds of the trainer, from the first epoch to the last checkpoint."""
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
    started_s = time.perf_counter()
    trainer.train(loader, None, get_criterion("cross_entropy"), optimizer)
    return time.perf_counter() - started_s


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

    runs: dict[str, list[float]] = {"bare DataLoader": [], "bare gather": [], "neurotrain": []}
    for _ in range(options.rounds):
        runs["bare DataLoader"].append(bare(loaded, options.epochs))
        runs["bare gather"].append(bare(gathered, options.epochs))
        with tempfile.TemporaryDirectory() as folder:
            runs["neurotrain"].append(ours(made, options.epochs, Path(folder)))
    base = statistics.median(runs["bare DataLoader"])
    print(f"torch {torch.__version__}, {platform.machine()}, one thread, {steps} steps a run")
    for name, seconds in runs.items():
        middle = statistics.median(seconds)
        print(f"{name:<16} {middle / steps * 1e6:8.1f} us a step   {middle / base:5.2f} x")


if __name__ == "__main__":
    main()
