"""Batches whose images tell what their label maps and regions of interest must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
import torch
from scipy import ndimage

from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws

Build: TypeAlias = Callable[..., Batch]
Draw: TypeAlias = Callable[..., Draws]


@pytest.fixture
def told_batch() -> Build:
    """Build a batch whose image channels are the label, the region, and noise."""

    def build(num: int = 6, size: tuple[int, int] = (24, 36), *, start: int = 0) -> Batch:
        images, targets, rois = [], [], []
        for index in range(start, start + num):
            rng = np.random.default_rng(index)
            target = ndimage.gaussian_filter(rng.standard_normal(size), 4) > 0
            roi = ndimage.gaussian_filter(rng.standard_normal(size), 6) > -0.02
            noise = rng.standard_normal(size)
            images.append(torch.from_numpy(np.stack([target, roi, noise]).astype(np.float32)))
            targets.append(torch.from_numpy(target.astype(np.int64)))
            rois.append(torch.from_numpy(roi))
        return Batch(
            images=images, targets=targets, rois=rois,
            samples=np.arange(start, start + num), crops=np.zeros(num, np.int64),
        )  # fmt: skip

    return build


@pytest.fixture
def draws_of() -> Draw:
    """The draws of a batch."""

    def build(batch: Batch, *, seed: int = 5, epoch: int = 1) -> Draws:
        return Draws.of(seed, epoch, batch.samples, batch.crops)

    return build
