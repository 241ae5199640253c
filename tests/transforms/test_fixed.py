"""Fixed transforms against numpy, Pillow and torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from neurotrain.transforms.base import Shape, Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws
from neurotrain.transforms.fixed import Grey, Normalize, Resize

Images = list[NDArray[np.float32]]


def batch_of(images: Images, **parts: list[torch.Tensor] | None) -> Batch:
    """A batch of these images, without targets unless they are given."""
    indices = np.arange(len(images))
    targets = parts.get("targets") or torch.zeros(len(images), dtype=torch.int64)
    return Batch(
        images=[torch.from_numpy(image) for image in images], targets=targets,
        rois=parts.get("rois"), samples=indices, crops=np.zeros_like(indices),
    )  # fmt: skip


def applied(transform: Transform, batch: Batch) -> Batch:
    """The batch after a transform that draws nothing."""
    return transform.build()(batch, Draws.of(0, 0, batch.samples, batch.crops))


def pictures(*shapes: tuple[int, int, int]) -> Images:
    """Noise with another mean and deviation in every channel."""
    rng = np.random.default_rng(1)
    scales = [rng.uniform(0.5, 2, (shape[0], 1, 1)) for shape in shapes]
    return [
        (rng.standard_normal(shape) * scale + 3 * scale).astype(np.float32)
        for shape, scale in zip(shapes, scales, strict=True)
    ]


@pytest.mark.parametrize(("per", "axes"), [("channel", (1, 2)), ("image", (0, 1, 2))])
def test_normalize_is_numpys(per: str, axes: tuple[int, ...]) -> None:
    """The result is (x - mean) / std of numpy, for images of different sizes."""
    images = pictures((3, 9, 14), (3, 20, 5))
    result = applied(Normalize(per=per), batch_of(images)).images  # type: ignore[arg-type]
    for before, after in zip(images, result, strict=True):
        exact = before.astype(np.float64)
        expected = (exact - exact.mean(axes, keepdims=True)) / exact.std(axes, keepdims=True)
        np.testing.assert_allclose(after.numpy(), expected, atol=1e-5)


def test_normalize_counts_inside_the_region() -> None:
    """Mean and deviation come from inside the region; outside is scaled by them too."""
    image = pictures((2, 12, 15))[0]
    roi = np.zeros((12, 15), bool)
    roi[2:8, 3:11] = True
    batch = batch_of([image], rois=[torch.from_numpy(roi)])
    inside = image[:, roi].astype(np.float64)
    expected = (image - inside.mean(1)[:, None, None]) / inside.std(1)[:, None, None]
    result = applied(Normalize(), batch).images[0]
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-5)


def test_normalize_can_ignore_the_region() -> None:
    """With `inside_roi: false` the region makes no difference."""
    image, roi = pictures((1, 8, 8)), torch.zeros(8, 8, dtype=torch.bool)
    roi[0] = True
    with_roi = applied(Normalize(inside_roi=False), batch_of(image, rois=[roi])).images[0]
    assert torch.equal(with_roi, applied(Normalize(), batch_of(image)).images[0])


def test_normalize_takes_an_empty_region_for_everywhere() -> None:
    """A region without a pixel gives finite values, those of the whole image."""
    image, roi = pictures((1, 8, 8)), torch.zeros(8, 8, dtype=torch.bool)
    with_roi = applied(Normalize(), batch_of(image, rois=[roi])).images[0]
    assert torch.equal(with_roi, applied(Normalize(), batch_of(image)).images[0])


def test_normalize_of_a_flat_image_is_zero() -> None:
    """An image of one value becomes zero, not infinite."""
    flat = np.full((1, 4, 4), 0.25, np.float32)
    assert applied(Normalize(), batch_of([flat])).images[0].abs().max() == 0


def test_grey_is_pillows_luminance() -> None:
    """Luminance is Pillow's `L` of the same picture, but for rounding to 8 bits."""
    rng = np.random.default_rng(2)
    colours = rng.integers(0, 256, (10, 12, 3), dtype=np.uint8)
    image = colours.transpose(2, 0, 1).astype(np.float32) / 255
    grey = applied(Grey(), batch_of([image])).images[0]
    pillows = np.asarray(Image.fromarray(colours).convert("L"), np.float32)
    assert np.abs(grey[0].numpy() * 255 - pillows).max() <= 1


@pytest.mark.parametrize(("source", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_grey_of_one_channel(source: str, channel: int) -> None:
    """A named channel is taken as it is."""
    image = pictures((3, 5, 6))[0]
    grey = applied(Grey(source=source), batch_of([image])).images[0]  # type: ignore[arg-type]
    np.testing.assert_array_equal(grey[0].numpy(), image[channel])


def test_grey_keeps_grey() -> None:
    """An image of one channel stays."""
    image = pictures((1, 5, 6))[0]
    np.testing.assert_array_equal(applied(Grey(), batch_of([image])).images[0].numpy(), image)


def test_grey_refuses_two_channels() -> None:
    """Two channels are no colours."""
    with pytest.raises(ValueError, match="2 channels"):
        applied(Grey(), batch_of(pictures((2, 5, 6))))


def test_grey_tells_its_channels() -> None:
    """The shape ahead of the run has one channel and the same size."""
    assert Grey().shape(Shape(3, (4, 5))) == Shape(1, (4, 5))


@pytest.mark.parametrize("size", [(7, 11), (40, 24), (16, 18), (1, 1)])
def test_resize_is_pillows(size: tuple[int, int]) -> None:
    """Images are resampled as Pillow's antialiased bilinear filter does, up and down."""
    image = pictures((2, 16, 18))[0]
    result = applied(Resize(size=size), batch_of([image])).images[0]
    for channel, expected in zip(result.numpy(), image, strict=True):
        scaled = Image.fromarray(expected).resize(size[::-1], Image.Resampling.BILINEAR)
        np.testing.assert_allclose(channel, np.asarray(scaled), atol=1e-4)


@pytest.mark.parametrize("size", [(7, 11), (40, 24), (1, 1)])
def test_resize_takes_the_nearest_label(size: tuple[int, int]) -> None:
    """Label maps are resampled as Pillow's nearest neighbour, and keep dtype and labels.

    From odd sizes no centre falls between two pixels, where either is nearest.
    """
    labels = np.random.default_rng(3).integers(0, 256, (17, 19))
    batch = batch_of(pictures((1, 17, 19)), targets=[torch.from_numpy(labels)])
    target = applied(Resize(size=size), batch).targets[0]
    expected = Image.fromarray(labels.astype(np.uint8)).resize(size[::-1], Image.Resampling.NEAREST)
    assert target.dtype == torch.int64
    np.testing.assert_array_equal(target.numpy(), np.asarray(expected))


def test_resize_keeps_large_labels() -> None:
    """Labels beyond a byte survive."""
    target = torch.full((4, 4), 60_000)
    batch = batch_of(pictures((1, 4, 4)), targets=[target])
    assert applied(Resize(size=(3, 5)), batch).targets[0].unique().tolist() == [60_000]


def test_resize_keeps_the_region_bool() -> None:
    """The region goes where the labels go and stays bool."""
    roi = torch.from_numpy(np.random.default_rng(4).random((16, 18)) < 0.5)
    batch = batch_of(pictures((1, 16, 18)), targets=[roi.long()], rois=[roi])
    result = applied(Resize(size=(9, 30)), batch)
    assert result.rois is not None
    assert result.rois[0].dtype == torch.bool
    assert torch.equal(result.rois[0].long(), result.targets[0])


def test_resize_keeps_class_indices() -> None:
    """Class indices are no maps and stay."""
    batch = batch_of(pictures((1, 6, 6), (1, 9, 4)))
    result = applied(Resize(size=(5, 5)), batch)
    assert torch.equal(result.targets, batch.targets)  # type: ignore[arg-type]


def test_resize_stacks_images_of_all_sizes() -> None:
    """Images of different sizes become one tensor, and the shape ahead of the run says so."""
    transform = Resize(size=(5, 7))
    result = applied(transform, batch_of(pictures((2, 6, 6), (2, 9, 4))))
    assert isinstance(result.images, torch.Tensor)
    assert result.images.shape == (2, 2, 5, 7)
    assert transform.shape(Shape(2, None)) == Shape(2, (5, 7))


def test_images_of_different_sizes_do_not_stack() -> None:
    """Stacking them is an error that names the sizes."""
    with pytest.raises(ValueError, match=r"\(1, 6, 6\), \(1, 9, 4\)"):
        batch_of(pictures((1, 6, 6), (1, 9, 4))).stacked()


@pytest.mark.parametrize(
    "make", [Normalize, Grey, lambda: Resize(size=(5, 6))], ids=["normalize", "grey", "resize"]
)
def test_fixed_transforms_leave_their_input(make: Callable[[], Transform]) -> None:
    """The images that came in are unchanged, since they may be cached."""
    batch = batch_of(pictures((3, 8, 8)))
    before = batch.images[0].clone()
    applied(make(), batch)
    assert torch.equal(batch.images[0], before)


@pytest.mark.parametrize(
    "make", [Normalize, Grey, lambda: Resize(size=(5, 6))], ids=["normalize", "grey", "resize"]
)
def test_fixed_transforms_do_not_depend_on_the_batch(make: Callable[[], Transform]) -> None:
    """An image comes out with the same bits alone and with others."""
    images = pictures((3, 8, 8), (3, 8, 8), (3, 8, 8))
    together = applied(make(), batch_of(images)).images
    alone = [applied(make(), batch_of([image])).images[0] for image in images]
    assert all(torch.equal(one, other) for one, other in zip(together, alone, strict=True))
