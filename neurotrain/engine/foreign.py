"""Loaders that are not ours, such as a torch `DataLoader` of (inputs, targets) pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from neurotrain.dataset.loader import WHOLE, Share
from neurotrain.engine.evaluation import Criterion
from neurotrain.engine.task_criterion import TaskCriterion
from neurotrain.losses.multi_task import HeadsLoss, MultiTaskLoss
from neurotrain.losses.total import TotalLoss
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import ORDER_STREAM, mix


@runtime_checkable
class EpochLoader(Protocol):
    """What the trainer takes batches from."""

    def __len__(self) -> int:
        """Batches in an epoch."""

    def epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """The batches of an epoch from one batch number on and before another."""


class ForeignLoader:
    """Seeds a foreign loader and its generators for every epoch; a later start skips batches."""

    def __init__(self, loader: Iterable[Any], seed: int, share: Share = WHOLE) -> None:
        self._loader, self._seed, self._share = loader, seed, share

    def __len__(self) -> int:
        return len(self._loader) // self._share.size  # type: ignore[arg-type]

    def epoch(self, epoch: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """Iterate with torch's generator seeded before every batch, also before skipped ones."""
        seed = mix(mix(self._seed, ORDER_STREAM), epoch)
        seed_order(self._loader, seed)
        batches = as_batches(self._loader)
        rank, size = self._share
        for index in range((len(self) if stop is None else stop) * size):
            torch.manual_seed(mix(seed, index))
            batch = next(batches, None)
            if batch is None:
                return
            if index >= start * size and index % size == rank:
                yield batch


def seed_order(loader: Iterable[Any], seed: int) -> None:
    """Seed what a loader draws its order from: torch's generator, and its own where it has one."""
    torch.manual_seed(seed)
    batch_sampler = getattr(loader, "batch_sampler", None)
    samplers = [getattr(owner, "sampler", None) for owner in (loader, batch_sampler)]
    for owner in (loader, batch_sampler, *samplers):
        generator = getattr(owner, "generator", None)
        if isinstance(generator, torch.Generator):
            generator.manual_seed(seed)


def as_epoch_loader(
    loader: Iterable[Any] | EpochLoader, seed: int, share: Share = WHOLE
) -> EpochLoader:
    """Our own loader as it is, any other one seeded and of its batches the share."""
    return loader if isinstance(loader, EpochLoader) else ForeignLoader(loader, seed, share)


def told_of_skipping(loader: EpochLoader, num_batches: int) -> tuple[str, ...]:
    """What a resume inside an epoch costs with a loader that cannot begin there."""
    if not isinstance(loader, ForeignLoader) or not num_batches:
        return ()
    return (f"{num_batches} batches of the loader are given again and skipped",)


def as_batches(loader: Iterable[Any]) -> Iterator[Batch]:
    """Batches of a loader that yields ours, or pairs of inputs and targets.

    Raises:
        TypeError: it yields something else.
    """
    first = 0
    for item in loader:
        if isinstance(item, Batch):
            yield item
            continue
        if not (isinstance(item, (tuple, list)) and len(item) == 2):
            kind = type(item).__name__
            raise TypeError(f"a loader yields (inputs, targets) pairs; this one yields a {kind}")
        inputs, targets = item
        samples = np.arange(first, first + len(inputs))
        first += len(inputs)
        yield Batch(images=inputs, targets=targets, samples=samples, crops=np.zeros_like(samples))


class LossOfModel:
    """Stands for a criterion where the model returns its own loss."""

    def __call__(
        self, outputs: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
    ) -> torch.Tensor:
        """The output itself."""
        return outputs


def as_criterion(criterion: Any) -> Criterion:
    """A criterion of (logits, targets, roi): ours, or any of (logits, targets)."""
    if isinstance(criterion, (TotalLoss, LossOfModel, TaskCriterion)):
        return criterion
    if isinstance(criterion, (MultiTaskLoss, HeadsLoss)):
        return TaskCriterion(criterion)

    def compute(
        logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
    ) -> torch.Tensor:
        loss: torch.Tensor = criterion(logits, targets)
        return loss

    return compute
