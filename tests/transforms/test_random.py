"""Random transforms against numpy and SciPy: geometry, alignment, and what they draw from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from neurotrain.transforms.base import Shape, Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws
from neurotrain.transforms.random import (
    RandomAffine,
    RandomCrop,
    RandomFlip,
    RandomIntensity,
    RandomRotate90,
)

Build = Callable[..., Batch]
GEOMETRIC: dict[str, tuple[Transform, tuple[int, int]]] = {
    "crop": (RandomCrop(size=(10, 13)), (24, 36)),
    "flip": (RandomFlip(), (24, 36)),
    "rotate90": (RandomRotate90(), (24, 24)),
    "affine": (RandomAffine(), (24, 36)),
    "affine-half": (RandomAffine(probability=0.5), (24, 36)),
    "intensity": (RandomIntensity(noise=0.2, contrast=0.3), (24, 36)),
}
every_transform = pytest.mark.parametrize(("transform", "size"), GEOMETRIC.values(), ids=GEOMETRIC)


def applied(transform: Transform, batch: Batch, *, epoch: int = 1) -> Any:
    """The batch after a transform, with tensors for certain."""
    draws = Draws.of(5, epoch, batch.samples, batch.crops)
    return transform.build()(batch, draws).stacked()


def members(batch: Any, chosen: list[int]) -> Batch:
    """Some samples of a batch, in this order."""
    return Batch(
        images=[batch.images[i] for i in chosen], targets=[batch.targets[i] for i in chosen],
        rois=[batch.rois[i] for i in chosen], samples=batch.samples[chosen],
        crops=batch.crops[chosen],
    )  # fmt: skip


@every_transform
def test_images_of_several_sizes_are_taken_as_it_is_said(
    told_batch: Build, transform: Transform, size: tuple[int, int]
) -> None:
    """One that says that it needs equal sizes does, and another gives each sample as alone."""
    first, second = told_batch(1, size), told_batch(1, (40, 40), start=1)
    both = Batch(
        images=[*first.images, *second.images], targets=[*first.targets, *second.targets],
        rois=[*(first.rois or ()), *(second.rois or ())],
        samples=np.arange(2), crops=np.zeros(2, np.int64),
    )  # fmt: skip
    if transform.equal_sizes:
        with pytest.raises(ValueError, match="differ in size"):
            applied(transform, both)
        return
    assert torch.equal(applied(transform, both).images[1:], applied(transform, second).images)


@pytest.mark.parametrize("name", ["crop", "flip", "rotate90"])
def test_target_and_region_follow_the_image(told_batch: Build, name: str) -> None:
    """What moves whole pixels moves label and region exactly as it moves the image."""
    transform, size = GEOMETRIC[name]
    result = applied(transform, told_batch(40, size))
    assert torch.equal(result.images[:, 0], result.targets.float())
    assert torch.equal(result.images[:, 1], result.rois.float())


@pytest.mark.parametrize("size", [(24, 36), (36, 24), (25, 25)])
def test_target_and_region_follow_the_turned_image(
    told_batch: Build, size: tuple[int, int]
) -> None:
    """Wherever the turned image mixes no labels, the label map and the region are the same."""
    result = applied(RandomAffine(), told_batch(40, size))
    for channel, expected in ((0, result.targets), (1, result.rois)):
        values = result.images[:, channel]
        pure = (values < 1e-3) | (values > 1 - 1e-3)
        assert pure.float().mean() > 0.6
        assert torch.equal(values[pure].round().long(), expected[pure].long())


@every_transform
def test_dtypes_and_labels_stay(
    told_batch: Build, transform: Transform, size: tuple[int, int]
) -> None:
    """Images stay float32, labels int64 and among those that exist, regions bool."""
    batch = told_batch(6, size)
    batch.targets[0][:] = 200  # type: ignore[index]
    result = applied(transform, batch)
    assert (result.images.dtype, result.targets.dtype) == (torch.float32, torch.int64)
    assert result.rois.dtype == torch.bool
    assert set(result.targets.unique().tolist()) <= {0, 1, 200}


@every_transform
def test_samples_do_not_depend_on_their_batch(
    told_batch: Build, transform: Transform, size: tuple[int, int]
) -> None:
    """A sample comes out with the same bits alone, in another order and among others."""
    batch = told_batch(7, size)
    whole = applied(transform, batch)
    for chosen in ([4], [6, 0, 3], [5, 4, 3, 2, 1, 0]):
        part = applied(transform, members(batch, chosen))
        assert torch.equal(part.images, whole.images[chosen])
        assert torch.equal(part.targets, whole.targets[chosen])
        assert torch.equal(part.rois, whole.rois[chosen])


@every_transform
def test_epochs_differ(told_batch: Build, transform: Transform, size: tuple[int, int]) -> None:
    """The next epoch draws anew."""
    batch = told_batch(8, size)
    first, second = (applied(transform, batch, epoch=epoch).images for epoch in (1, 2))
    assert not torch.equal(first, second)


@every_transform
def test_input_stays(told_batch: Build, transform: Transform, size: tuple[int, int]) -> None:
    """The batch that came in is unchanged, since its samples may be cached."""
    batch, same = told_batch(4, size), told_batch(4, size)
    applied(transform, batch)
    pairs = [*zip(batch.images, same.images, strict=True)]
    pairs += zip(batch.targets, same.targets, strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@every_transform
def test_class_indices_stay(told_batch: Build, transform: Transform, size: tuple[int, int]) -> None:
    """Class indices are no maps: no geometry touches them."""
    maps = told_batch(4, size)
    batch = Batch(
        images=maps.images, targets=torch.arange(4), samples=maps.samples, crops=maps.crops
    )
    result = applied(transform, batch)
    assert result.targets.tolist() == [0, 1, 2, 3]
    assert result.rois is None


def test_crop_is_a_window_of_the_image(told_batch: Build) -> None:
    """Each crop is a part of its image, and all places come up."""
    batch = told_batch(1, (6, 7))
    pixels = batch.images[0][2].numpy()
    windows = {pixels[top : top + 3, left : left + 4].tobytes(): (top, left)
               for top in range(4) for left in range(4)}  # fmt: skip
    crop = RandomCrop(size=(3, 4))
    seen = [
        windows[applied(crop, without_region(batch), epoch=epoch).images[0, 2].numpy().tobytes()]
        for epoch in range(800)
    ]
    counts = [seen.count(place) for place in windows.values()]
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("size", [(8, 8), (9, 6), (5, 12)])
@pytest.mark.parametrize("share", [0.5, 0.01])
def test_crops_are_centred_in_the_region(size: tuple[int, int], share: float) -> None:
    """The centre of every window lies in the region, however small that is."""
    rng = np.random.default_rng(0)
    place = torch.arange(30 * 40, dtype=torch.float32).reshape(1, 30, 40)
    for epoch in range(150):
        roi = torch.from_numpy(rng.random((30, 40)) < share)
        roi[15, 20] = True
        batch = Batch(
            images=[place], targets=[roi.long()], rois=[roi],
            samples=np.array([3]), crops=np.array([0]),
        )  # fmt: skip
        result = applied(RandomCrop(size=size), batch, epoch=epoch)
        assert bool(result.rois[0, size[0] // 2, size[1] // 2])


def test_crops_of_a_sparse_region_are_even() -> None:
    """Each of the few pixels of a region is the centre equally often."""
    roi = torch.zeros(40, 40, dtype=torch.bool)
    centres = [(5, 6), (20, 30), (36, 9), (19, 19)]
    for centre in centres:
        roi[centre] = True
    place = torch.arange(1600, dtype=torch.float32).reshape(1, 40, 40)
    crops = np.arange(2000)
    batch = Batch(
        images=[place] * 2000, targets=torch.zeros(2000, dtype=torch.int64), rois=[roi] * 2000,
        samples=np.zeros(2000, np.int64), crops=crops,
    )  # fmt: skip
    middle = applied(RandomCrop(size=(7, 8)), batch).images[:, 0, 3, 4].int().tolist()
    counts = [middle.count(row * 40 + column) for row, column in centres]
    assert sum(counts) == 2000
    assert stats.chisquare(counts).pvalue > 1e-4


def test_crop_with_an_unreachable_region_stays_inside(told_batch: Build) -> None:
    """Where no window can have its centre in the region, one inside the image is taken."""
    batch = told_batch(5, (12, 12))
    for roi in batch.rois or ():
        roi[:] = False
        roi[0, 0] = True
    assert applied(RandomCrop(size=(8, 8)), batch).images.shape == (5, 3, 8, 8)


def test_crop_of_the_whole_image(told_batch: Build) -> None:
    """A window of the image's size is the image."""
    batch = told_batch(3, (12, 17))
    result = applied(RandomCrop(size=(12, 17)), batch).images
    assert torch.equal(result, torch.stack(batch.images))  # type: ignore[arg-type]


def test_crop_refuses_small_images(told_batch: Build) -> None:
    """An image that is smaller than the window is an error that tells both sizes."""
    with pytest.raises(ValueError, match="13x8 pixels does not fit into an image of 12x17"):
        applied(RandomCrop(size=(13, 8)), told_batch(1, (12, 17)))


def test_crop_tells_its_shape() -> None:
    """The shape ahead of the run is the window's, and the samples an image gives are counted."""
    crop = RandomCrop(size=(3, 4), crops_per_image=5)
    assert (crop.shape(Shape(2, None)), crop.per_image) == (Shape(2, (3, 4)), 5)


@pytest.mark.parametrize(
    ("axes", "allowed"),
    [
        (("horizontal",), [(), (1,)]),
        (("vertical",), [(), (0,)]),
        (("horizontal", "vertical"), [(), (0,), (1,), (0, 1)]),
    ],
)
def test_flips_are_numpys(told_batch: Build, axes: Any, allowed: list[tuple[int, ...]]) -> None:
    """Each sample is one of numpy's flips, all equally often."""
    batch = told_batch(400, (5, 7))
    result = applied(RandomFlip(axes=axes), batch).images
    counts = [0] * len(allowed)
    for before, after in zip(batch.images, result, strict=True):
        pixels = before[2].numpy()
        matches = [np.array_equal(np.flip(pixels, way), after[2].numpy()) for way in allowed]
        assert matches.count(True) == 1
        counts[matches.index(True)] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize(("probability", "flipped"), [(0.0, False), (1.0, True)])
def test_flip_probability_ends(told_batch: Build, probability: float, flipped: bool) -> None:
    """Probability 0 flips nothing, 1 everything."""
    batch = told_batch(20, (5, 7))
    result = applied(RandomFlip(axes=("horizontal",), probability=probability), batch)
    before = torch.stack(batch.images)  # type: ignore[arg-type]
    assert torch.equal(result.images, before.flip(-1) if flipped else before)


def test_quarter_turns_are_numpys(told_batch: Build) -> None:
    """Each sample is one of numpy's quarter turns, all four equally often."""
    batch = told_batch(400, (6, 6))
    counts = [0] * 4
    for before, after in zip(batch.images, applied(RandomRotate90(), batch).images, strict=True):
        turned = [np.rot90(before[2].numpy(), k) for k in range(4)]
        matches = [np.array_equal(one, after[2].numpy()) for one in turned]
        counts[matches.index(True)] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


def test_quarter_turns_refuse_oblong_images(told_batch: Build) -> None:
    """Images that are not square cannot be turned within a batch."""
    with pytest.raises(ValueError, match="5x7 pixels cannot be turned"):
        applied(RandomRotate90(), told_batch(2, (5, 7)))


def without_region(batch: Batch) -> Batch:
    """The batch without regions of interest."""
    return Batch(
        images=batch.images, targets=batch.targets, samples=batch.samples, crops=batch.crops
    )


@pytest.mark.parametrize("size", [(31, 31), (24, 40), (40, 24)])
def test_affine_is_scipys(told_batch: Build, size: tuple[int, int]) -> None:
    """The turned image is SciPy's with the same matrix, in pixels, about the centre."""
    transform = RandomAffine(degrees=50, scale=0.3)
    batch = told_batch(8, size)
    result = applied(transform, batch)
    uniform = Draws.of(5, 1, batch.samples, batch.crops).uniform(3)
    for index in range(8):
        angle = np.deg2rad(50) * (2 * uniform[index, 1] - 1)
        factor = 1 + 0.3 * (2 * uniform[index, 2] - 1)
        cosine, sine = np.cos(angle) / factor, np.sin(angle) / factor
        matrix = np.array([[cosine, sine], [-sine, cosine]])
        centre = (np.array(size) - 1) / 2
        smooth = ndimage.gaussian_filter(batch.images[index][2].numpy(), 2)
        soft = batch_with_image(batch, index, smooth)
        turned = applied(transform, soft).images[0, 2].numpy()
        expected = ndimage.affine_transform(
            smooth, matrix, centre - matrix @ centre, order=1, mode="reflect"
        )
        np.testing.assert_allclose(turned, expected, atol=2e-5)
    assert result.images.shape == (8, 3, *size)


def batch_with_image(batch: Batch, index: int, pixels: Any) -> Batch:
    """One sample of a batch with other pixels in its last channel."""
    one = members(batch, [index])
    image = one.images[0].clone()
    image[2] = torch.from_numpy(pixels)
    return Batch(images=[image], targets=one.targets, samples=one.samples, crops=one.crops)


def test_affine_leaves_the_others_alone(told_batch: Build) -> None:
    """Samples that are not drawn keep every bit, about as many as the probability says."""
    batch = told_batch(200, (9, 14))
    result = applied(RandomAffine(probability=0.3), batch)
    same = [torch.equal(a, b) for a, b in zip(batch.images, result.images, strict=True)]
    assert stats.binomtest(same.count(True), 200, 0.7).pvalue > 1e-4


def test_affine_without_degrees_and_scale_is_the_identity(told_batch: Build) -> None:
    """With nothing to change, images stay within rounding and labels exactly."""
    batch = told_batch(5, (23, 37))
    result = applied(RandomAffine(degrees=0, scale=0), batch)
    torch.testing.assert_close(result.images, torch.stack(batch.images), atol=1e-4, rtol=0)  # type: ignore[arg-type]
    assert torch.equal(result.targets, torch.stack(batch.targets))  # type: ignore[arg-type]


def test_intensity_is_linear_about_the_mean(told_batch: Build) -> None:
    """Without noise each channel is scaled about its mean and shifted, within the limits."""
    batch = told_batch(50, (9, 14))
    result = applied(RandomIntensity(brightness=0.4, contrast=0.2), batch)
    assert torch.equal(result.targets, torch.stack(batch.targets))  # type: ignore[arg-type]
    for before, after in zip(batch.images, result.images, strict=True):
        fit = stats.linregress(before[2].double().flatten(), after[2].double().flatten())
        assert fit.rvalue == pytest.approx(1, abs=1e-6)
        assert 0.8 <= fit.slope <= 1.2
        shifts = (after - before).mean((1, 2))
        torch.testing.assert_close(shifts, shifts[:1].expand(3), atol=1e-5, rtol=0)
        assert abs(float(shifts[0])) <= 0.4 + 1e-5


def test_intensity_noise_is_normal(told_batch: Build) -> None:
    """The noise of a sample is Gaussian, of at most the given deviation."""
    batch = told_batch(4, (64, 64))
    transform = RandomIntensity(brightness=0, contrast=0, noise=0.5)
    result = applied(transform, batch)
    for before, after in zip(batch.images, result.images, strict=True):
        noise = (after - before)[2].flatten().numpy()
        assert noise.std() < 0.53
        assert stats.kstest(noise / noise.std(), "norm").pvalue > 1e-4


def test_intensity_of_zero_is_the_identity(told_batch: Build) -> None:
    """With nothing to change, images stay within rounding."""
    batch = told_batch(3, (9, 14))
    result = applied(RandomIntensity(brightness=0, contrast=0), batch)
    torch.testing.assert_close(result.images, torch.stack(batch.images), atol=1e-6, rtol=0)  # type: ignore[arg-type]
