"""Loaders: the same bits however batches are made, each sample where it belongs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from neurotrain.dataset.base import CorruptSample, Sample
from neurotrain.dataset.blocks import Loader
from neurotrain.dataset.loader import BatchMaker, EvalLoader, TrainLoader
from neurotrain.transforms.base import Transform
from neurotrain.transforms.fixed import Grey, Normalize
from neurotrain.transforms.random import RandomAffine, RandomCrop, RandomFlip, RandomIntensity

SIZES = ((20, 26), (31, 17), (16, 16), (20, 26), (20, 26), (16, 16), (24, 40))
AUGMENTED: tuple[Transform, ...] = (
    Normalize(),
    Grey(),
    RandomCrop(size=(12, 14), crops_per_image=3),
    RandomFlip(),
    RandomAffine(probability=0.7),
    RandomIntensity(noise=0.2),
)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Noise of several sizes; the label map holds the index, the region its upper part."""

    sizes: tuple[tuple[int, int], ...] = SIZES
    with_roi: tuple[bool, ...] = (True,) * len(SIZES)
    tells_process: bool = False
    corrupt: int | None = None

    def __len__(self) -> int:
        return len(self.sizes)

    def load(self, index: int) -> Sample:
        """One picture."""
        if index == self.corrupt:
            raise CorruptSample(f"{index}.png: truncated")
        size = self.sizes[index]
        rng = np.random.default_rng(index)
        label = os.getpid() if self.tells_process else index
        roi = np.zeros(size, bool)
        roi[: size[0] // 2] = True
        return Sample(
            id=f"{index}.png",
            image_CHW=rng.random((3, *size), np.float32),
            target=np.full(size, label),
            roi_HW=roi if self.with_roi[index] else None,
        )


@dataclass(frozen=True)
class Vectors:
    """Single pixels with the index as class."""

    num: int

    def __len__(self) -> int:
        return self.num

    def load(self, index: int) -> Sample:
        """One pixel."""
        value = np.full((1, 1, 1), index, np.float32)
        return Sample(id=str(index), image_CHW=value, target=np.array(index))


def train_loader(
    data: Any = None,
    *,
    transforms: tuple[Transform, ...] = AUGMENTED,
    num_workers: int = 0,
    cache: Any = "memory",
    crops: int = 3,
    batch_size: int = 4,
    seed: int = 3,
) -> TrainLoader:
    """A loader of the pictures, cut and changed at random."""
    maker = BatchMaker(data or Pictures(), transforms, seed=seed, cache=cache)
    options = Loader(num_workers=num_workers)
    return TrainLoader(maker, batch_size=batch_size, crops_per_image=crops, options=options)


def eval_loader(data: Any, *, batch_size: int = 2, cache: Any = "none") -> EvalLoader:
    """A loader of whole pictures."""
    maker = BatchMaker(data, (Normalize(),), seed=0, cache=cache)
    return EvalLoader(maker, batch_size=batch_size, names=tuple(map(str, range(len(data)))))


def assert_same(first: Iterable[Any], second: Iterable[Any]) -> None:
    """Two sequences of batches are equal to the last bit."""
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.targets, other.targets)
        assert (one.rois is None) == (other.rois is None)
        assert one.rois is None or torch.equal(one.rois, other.rois)
        assert np.array_equal(one.samples, other.samples)
        assert np.array_equal(one.crops, other.crops)


@pytest.mark.parametrize("cache", ["memory", "none"])
@pytest.mark.parametrize("num_workers", [0, 1, 2])
def test_batches_have_the_same_bits(num_workers: int, cache: str) -> None:
    """Workers and cache change nothing."""
    plain = train_loader(cache="none").epoch(2)
    assert_same(train_loader(num_workers=num_workers, cache=cache).epoch(2), plain)


@pytest.mark.parametrize("start", range(6))
@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_epoch_can_be_entered_anywhere(start: int, num_workers: int) -> None:
    """An epoch from batch k on is the tail of the whole epoch."""
    loader = train_loader()
    whole = list(loader.epoch(4))
    assert len(whole) == len(loader) == 5
    assert_same(train_loader(num_workers=num_workers).epoch(4, start), whole[start:])


def test_what_was_loaded_before_does_not_matter() -> None:
    """A loader that has run other epochs gives the same batches as a fresh one."""
    used = train_loader()
    for epoch in (1, 2):
        assert len(list(used.epoch(epoch))) == len(used)
    assert_same(used.epoch(3), train_loader().epoch(3))


def test_crops_depend_on_epoch_and_seed() -> None:
    """The next epoch and another seed give other batches."""
    first = next(train_loader().epoch(1)).images
    assert not torch.equal(first, next(train_loader().epoch(2)).images)
    assert not torch.equal(first, next(train_loader(seed=4).epoch(1)).images)


def test_equal_transforms_draw_apart() -> None:
    """Two flips in a row do not always undo each other, as with the same draws they would."""
    flips = (RandomFlip(), RandomFlip())
    plain, flipped = (
        train_loader(Pictures(sizes=((9, 9),) * 7), transforms=which, crops=1, batch_size=7)
        for which in ((), flips)
    )
    one, other = next(plain.epoch(1)), next(flipped.epoch(1))
    assert not torch.equal(one.images, other.images)  # type: ignore[arg-type]


def test_a_crop_does_not_depend_on_the_batch_size() -> None:
    """A (sample, crop) pair of an epoch comes out with the same bits in batches of any size."""
    crops: list[dict[tuple[int, int], torch.Tensor]] = []
    for batch_size in (1, 4, 21):
        crops.append({})
        for batch in train_loader(batch_size=batch_size).epoch(1):
            pairs = zip(batch.samples.tolist(), batch.crops.tolist(), strict=True)
            crops[-1] |= dict(zip(pairs, batch.images, strict=True))
    assert len(crops[0]) == len(crops[2]) == 21
    for some in crops[1:]:
        assert all(torch.equal(image, crops[0][pair]) for pair, image in some.items())


def test_each_crop_comes_at_most_once() -> None:
    """An epoch uses each (image, crop) at most once, and only what exists."""
    for epoch in range(10):
        batches = list(train_loader().epoch(epoch))
        pairs = [
            pair
            for batch in batches
            for pair in zip(batch.samples.tolist(), batch.crops.tolist(), strict=True)
        ]
        assert len(pairs) == len(set(pairs)) == 20
        assert set(pairs) <= {(sample, crop) for sample in range(7) for crop in range(3)}


def test_the_samples_left_over_differ() -> None:
    """Over the epochs every crop is left out at some time."""
    left_out = set()
    for epoch in range(200):
        used = {
            pair
            for batch in train_loader(batch_size=10).epoch(epoch)
            for pair in zip(batch.samples.tolist(), batch.crops.tolist(), strict=True)
        }
        left_out |= {(sample, crop) for sample in range(7) for crop in range(3)} - used
    assert len(left_out) == 21


def test_targets_belong_to_their_images() -> None:
    """The label map of each sample is its own."""
    for batch in train_loader().epoch(1):
        for row, sample in enumerate(batch.samples.tolist()):
            assert batch.targets[row].unique().tolist() == [sample]


def test_class_indices_are_one_tensor() -> None:
    """Class indices come as int64 (B,), each with its image."""
    loader = train_loader(Vectors(10), transforms=(), crops=1)
    for batch in loader.epoch(1):
        assert batch.targets.dtype == torch.int64  # type: ignore[union-attr]
        assert batch.targets.tolist() == batch.images.flatten().int().tolist()  # type: ignore[union-attr]
        assert batch.targets.tolist() == batch.samples.tolist()  # type: ignore[union-attr]


def test_workers_are_other_processes() -> None:
    """With two workers, samples are loaded by two processes, and not by this one."""
    data = Pictures(tells_process=True, sizes=((12, 14),) * 7)
    loader = train_loader(data, transforms=(), crops=1, num_workers=2, batch_size=1, cache="none")
    processes = {int(batch.targets[0, 0, 0]) for batch in loader.epoch(1)}  # type: ignore[call-overload]
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_the_cache_is_filled_before_workers_start() -> None:
    """With the cache on, samples are loaded once, by this process, for all workers."""
    data = Pictures(tells_process=True, sizes=((12, 14),) * 7)
    loader = train_loader(data, transforms=(), crops=1, num_workers=2, batch_size=1)
    processes = {int(batch.targets[0, 0, 0]) for batch in loader.epoch(1)}  # type: ignore[call-overload]
    assert processes == {os.getpid()}


@pytest.mark.parametrize("num_workers", [0, 2])
def test_the_global_generator_stays(num_workers: int) -> None:
    """Loading draws nothing from torch's or numpy's global generators."""
    torch.manual_seed(1)
    np.random.seed(1)
    list(train_loader(num_workers=num_workers).epoch(1))
    drawn = torch.rand(3), np.random.random()
    torch.manual_seed(1)
    np.random.seed(1)
    assert torch.equal(drawn[0], torch.rand(3))
    assert drawn[1] == np.random.random()


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("cache", ["memory", "none"])
def test_a_corrupt_sample_is_named(num_workers: int, cache: str) -> None:
    """The error of a sample that cannot be loaded arrives as it was raised, from any process."""
    loader = train_loader(Pictures(corrupt=5), num_workers=num_workers, cache=cache)
    with pytest.raises(CorruptSample, match=r"^5\.png: truncated$"):
        list(loader.epoch(1))


def test_changing_a_batch_does_not_change_the_cache() -> None:
    """Batches are copies: a model that writes into one spoils nothing."""
    train, evaluation = train_loader(Vectors(6), transforms=(), crops=1), eval_loader(Pictures())
    for loader in (lambda: train.epoch(1), lambda: iter(evaluation)):
        before = [batch.images.clone() for batch in loader()]  # type: ignore[union-attr]
        for batch in loader():
            batch.images.zero_()  # type: ignore[union-attr]
        after = [batch.images for batch in loader()]
        assert all(torch.equal(one, two) for one, two in zip(before, after, strict=True))  # type: ignore[arg-type]


def test_threads_are_given_back() -> None:
    """Loading computes with one thread and leaves torch's number as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        list(train_loader().epoch(1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_threads_do_not_change_bits() -> None:
    """Batches are the same whatever number of threads torch has.

    Torch's mean over all of an image does differ between one thread and two.
    """
    big = Pictures(sizes=((300, 300),) * 7)
    transforms = (Normalize(per="image", inside_roi=False), *AUGMENTED[2:])
    before, found, means = torch.get_num_threads(), [], []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            images = [torch.as_tensor(big.load(index).image_CHW) for index in range(len(big))]
            means.append([float(image.mean()) for image in images])
            loader = train_loader(big, cache="none", transforms=transforms)
            found.append(list(loader.epoch(1)))
    finally:
        torch.set_num_threads(before)
    assert means[0] != means[1]
    assert_same(*found)


def test_a_region_is_everywhere_where_a_sample_has_none() -> None:
    """Samples with and without a region of interest can share a batch."""
    data = Pictures(with_roi=(True, False, True, True, False, True, True))
    for batch in train_loader(data).epoch(1):
        assert batch.rois is not None
        for row, sample in enumerate(batch.samples.tolist()):
            assert sample not in (1, 4) or bool(batch.rois[row].all())


@pytest.mark.parametrize("batch_size", [1, 2, 3, 10])
@pytest.mark.parametrize("cache", ["memory", "none"])
def test_evaluation_covers_every_sample_once(batch_size: int, cache: str) -> None:
    """Every sample comes once, in order, in batches of one size of image."""
    loader = eval_loader(Pictures(), batch_size=batch_size, cache=cache)
    samples = []
    for batch in loader:
        assert len(batch) <= batch_size
        for row, sample in enumerate(batch.samples.tolist()):
            assert batch.images[row].shape == (3, *SIZES[sample])
            assert batch.targets[row].unique().tolist() == [sample]
        samples += batch.samples.tolist()
    assert samples == list(range(len(SIZES)))
    assert len(loader) == len(SIZES)


def test_evaluation_batches_equal_sizes() -> None:
    """Neighbours of one size go together, up to the batch size."""
    sizes = [len(batch) for batch in eval_loader(Pictures(), batch_size=2)]
    assert sizes == [1, 1, 1, 2, 1, 1]


def test_evaluation_does_not_depend_on_the_batch_size() -> None:
    """Images have the same bits in batches of any size."""
    alone = [batch.images[0] for batch in eval_loader(Pictures(), batch_size=1)]
    together = [image for batch in eval_loader(Pictures(), batch_size=3) for image in batch.images]
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


def test_evaluation_of_nothing() -> None:
    """No samples are no batches."""
    assert list(eval_loader(Vectors(0))) == []


ABANDONED = """
import sys

from tests.dataset.test_loader import train_loader

batches = train_loader(num_workers=2).epoch(1)
next(batches)
sys.modules["kept"] = batches
"""


def test_an_abandoned_epoch_does_not_keep_the_process(pytestconfig: pytest.Config) -> None:
    """Python waits at its end for loading processes; they ignore the signal it sends them."""
    command = [sys.executable, "-c", ABANDONED]
    subprocess.run(command, check=True, timeout=60, cwd=pytestconfig.rootpath)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_damaged_sample_is_replaced_by_one_of_the_same_members(num_workers: int) -> None:
    """A level of a curriculum takes no sample of another."""
    members, told = (1, 3, 5), []
    maker = BatchMaker(
        Pictures(sizes=((16, 16),) * 7, corrupt=5), (), seed=3, cache="none", skip_corrupt=1,
        tell=told.append,
    )  # fmt: skip
    loader = TrainLoader(
        maker, batch_size=3, crops_per_image=1, options=Loader(num_workers=num_workers),
        members=members,
    )  # fmt: skip
    for epoch in (1, 2):
        (batch,) = loader.epoch(epoch)
        assert sorted(batch.samples.tolist()) == [1, 3, 5]
        assert sorted(int(target.max()) for target in batch.targets) == [1, 1, 3]
    assert told == ["left out: 5.png: truncated"]
