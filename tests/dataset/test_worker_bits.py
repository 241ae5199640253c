"""Loading processes, however many and however they load ahead, change no bit of a training."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from neurotrain.dataset.base import Sample
from neurotrain.dataset.blocks import Loader
from neurotrain.dataset.loader import BatchMaker, TrainLoader
from neurotrain.engine.trainer import Trainer
from neurotrain.spec.train import Batch, TrainOptions
from neurotrain.transforms.fixed import Normalize
from neurotrain.transforms.random import RandomCrop, RandomFlip, RandomIntensity

NUM, SIZE = 10, (584, 565)
WAYS = [(0, 1, False), *itertools.product((1, 2, 4), (1, 4), (False, True))]


@dataclass(frozen=True)
class Photographs:
    """Pictures of the size of a fundus photograph, whose means differ between summations."""

    def __len__(self) -> int:
        return NUM

    def load(self, index: int) -> Sample:
        """Noise with a bright square where the mask is."""
        image = np.random.default_rng(index).random((3, *SIZE), np.float32)
        image[:, 100:400, 100:400] += 1
        mask = np.zeros(SIZE, np.int64)
        mask[100:400, 100:400] = 1
        return Sample(id=str(index), image_CHW=image, target=mask)


@cache
def weights(num_workers: int, prefetch: int, persistent: bool, folder: Path) -> dict[str, Any]:
    """What two epochs give; the last batch of each fills no whole update."""
    transforms = (
        Normalize(), RandomCrop(size=(64, 64), crops_per_image=3), RandomFlip(),
        RandomIntensity(noise=0.1),
    )  # fmt: skip
    maker = BatchMaker(Photographs(), transforms, seed=1, cache="none")
    options = Loader(
        num_workers=num_workers, prefetch_factor=prefetch, persistent_workers=persistent
    )
    loader = TrainLoader(maker, batch_size=6, crops_per_image=3, options=options)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))
    trainer = Trainer(
        folder / "train", model, options=TrainOptions(epochs=2, batch=Batch(accumulation=2))
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trainer.train(loader, None, nn.CrossEntropyLoss(), optimizer)
    return dict(model.state_dict())


@pytest.mark.parametrize(("num_workers", "prefetch", "persistent"), WAYS)
def test_weights_have_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, num_workers: int, prefetch: int, persistent: bool
) -> None:
    """As with loading in the training process, which may compute with several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        made = weights(num_workers, prefetch, persistent, tmp_path_factory.mktemp("made"))
        torch.set_num_threads(2)
        plain = weights(0, 2, False, tmp_path_factory.getbasetemp() / "plain")
    finally:
        torch.set_num_threads(before)
    for name, value in plain.items():
        assert torch.equal(made[name], value), name
