"""Losses against MONAI and torch, with and without a region of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from monai.losses.dice import DiceLoss as MonaiDice

from neurotrain.losses.base import Loss
from neurotrain.losses.built_in import BUILT_IN
from neurotrain.losses.likelihood import BinaryCrossEntropy, CrossEntropy
from neurotrain.losses.overlap import DiceLoss
from neurotrain.losses.total import TotalLoss

SIZE = (9, 13)
NAMES = [
    component.__struct_config__.tag
    for component in BUILT_IN
    if "regression" not in component.tasks  # type: ignore[attr-defined]
]
Parts = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def problem(channels: int, num: int = 4, size: tuple[int, ...] = SIZE) -> Parts:
    """Logits, labels and a region of about half the pixels."""
    generator = torch.Generator().manual_seed(channels)
    logits = torch.randn(num, channels, *size, generator=generator) * 2
    targets = torch.randint(0, max(2, channels), (num, *size), generator=generator)
    roi = torch.rand(num, *size, generator=generator) < 0.5
    return logits, targets, roi


def channels_of(name: str) -> int:
    """One logit where a loss takes it, else three."""
    return 1 if "sigmoid" in LOSSES[name].outputs else 3  # type: ignore[attr-defined]


def monai_dice(channels: int, *, smooth: float, batch: bool, background: bool = False) -> Any:
    """MONAI's Dice loss with the same settings."""
    return MonaiDice(
        include_background=background or channels == 1, to_onehot_y=channels > 1,
        sigmoid=channels == 1, softmax=channels > 1,
        smooth_nr=smooth, smooth_dr=smooth, batch=batch,
    )  # fmt: skip


@pytest.mark.parametrize("over_batch", [False, True])
@pytest.mark.parametrize("smooth", [1.0, 1e-5])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_dice_is_monais(channels: int, smooth: float, over_batch: bool) -> None:
    """Soft Dice is MONAI's, of a sigmoid and of a softmax, per sample and over the batch."""
    logits, targets, _ = problem(channels)
    loss = DiceLoss(smooth=smooth, over_batch=over_batch).build()(logits, targets, None)
    expected = monai_dice(channels, smooth=smooth, batch=over_batch)(logits, targets[:, None])
    torch.testing.assert_close(loss, expected)


def test_dice_with_background_is_monais() -> None:
    """With the background counted, too."""
    logits, targets, _ = problem(4)
    loss = DiceLoss(include_background=True).build()(logits, targets, None)
    expected = monai_dice(4, smooth=1.0, batch=False, background=True)(logits, targets[:, None])
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_dice_of_a_region_is_that_of_its_pixels(channels: int) -> None:
    """With a region, the loss is MONAI's of the pixels inside alone."""
    logits, targets, roi = problem(channels, num=1)
    inside = logits[0, :, roi[0]][None], targets[0, roi[0]][None, None]
    expected = monai_dice(channels, smooth=1.0, batch=False)(*inside)
    torch.testing.assert_close(DiceLoss().build()(logits, targets, roi), expected)


def test_dice_of_perfect_and_of_empty_is_zero() -> None:
    """A certain right prediction costs nothing; nor does nothing predicted where nothing is."""
    targets = problem(1)[1]
    compute = DiceLoss().build()
    for truth in (targets, torch.zeros_like(targets)):
        certain = (truth[:, None].float() * 2 - 1) * 100
        assert float(compute(certain, truth, None)) == pytest.approx(0, abs=1e-6)


def test_bce_is_torchs() -> None:
    """Binary cross-entropy is torch's module's."""
    logits, targets, _ = problem(1)
    expected = torch.nn.BCEWithLogitsLoss()(logits[:, 0], targets.float())
    torch.testing.assert_close(BinaryCrossEntropy().build()(logits, targets, None), expected)


@pytest.mark.parametrize("weight", [0.3, 4.0])
def test_weighted_bce_is_torchs(weight: float) -> None:
    """The foreground's weight is torch's `pos_weight`."""
    logits, targets, _ = problem(1)
    module = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weight))
    loss = BinaryCrossEntropy(positive_weight=weight).build()(logits, targets, None)
    torch.testing.assert_close(loss, module(logits[:, 0], targets.float()))


def test_bce_of_a_region_is_that_of_its_pixels() -> None:
    """With a region, the mean is over the pixels inside."""
    logits, targets, roi = problem(1)
    expected = F.binary_cross_entropy_with_logits(logits[:, 0][roi], targets[roi].float())
    torch.testing.assert_close(BinaryCrossEntropy().build()(logits, targets, roi), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("size", [SIZE, ()])
def test_cross_entropy_is_torchs(size: tuple[int, ...], smoothing: float) -> None:
    """Cross-entropy is torch's module's, on maps and on class indices."""
    logits, targets, _ = problem(5, size=size)
    module = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)
    loss = CrossEntropy(label_smoothing=smoothing).build()(logits, targets, None)
    torch.testing.assert_close(loss, module(logits, targets))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_a_region_is_that_of_its_pixels(smoothing: float) -> None:
    """With a region, the mean is over the pixels inside."""
    logits, targets, roi = problem(3)
    inside = logits.movedim(1, -1)[roi]
    expected = F.cross_entropy(inside, targets[roi], label_smoothing=smoothing)
    loss = CrossEntropy(label_smoothing=smoothing).build()(logits, targets, roi)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_region_has_gradients(name: str) -> None:
    """Pixels outside the region do not change the weights; those inside do."""
    logits, targets, roi = problem(channels_of(name))
    logits.requires_grad_()
    LOSSES[name]().build()(logits, targets, roi).backward()
    assert logits.grad is not None
    gradient = logits.grad.abs().sum(1)
    assert float(gradient[~roi].max()) == 0
    # A centre line touches few pixels.
    assert float((gradient[roi] > 0).float().mean()) > (0.2 if name == "cldice" else 0.999)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_region_is_finite(name: str) -> None:
    """A region without a pixel gives a finite loss and no gradient."""
    logits, targets, roi = problem(channels_of(name))
    logits.requires_grad_()
    loss = LOSSES[name]().build()(logits, targets, torch.zeros_like(roi))
    loss.backward()
    assert bool(loss.isfinite())
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) == 0


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_logits_are_summed_in_float32(name: str) -> None:
    """Logits in bfloat16 give a float32 loss, that of the same logits in float32."""
    logits, targets, _ = problem(channels_of(name))
    compute, half = LOSSES[name]().build(), logits.bfloat16()
    loss = compute(half, targets, None)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, compute(half.float(), targets, None))


@pytest.mark.parametrize("name", NAMES)
def test_losses_work_on_meta(name: str) -> None:
    """A loss has its shape and dtype on tensors without data."""
    logits, targets, roi = (part.to("meta") for part in problem(channels_of(name)))
    loss = LOSSES[name]().build()(logits, targets, roi)
    assert (loss.shape, loss.dtype, loss.device.type) == ((), torch.float32, "meta")


def test_the_total_is_the_weighted_sum() -> None:
    """Weights count, the order does not."""
    logits, targets, roi = problem(1)
    dice, bce = DiceLoss(weight=0.25), BinaryCrossEntropy(weight=3.0)
    expected = 0.25 * dice.build()(logits, targets, roi) + 3 * bce.build()(logits, targets, roi)
    torch.testing.assert_close(TotalLoss((dice, bce))(logits, targets, roi), expected)
    torch.testing.assert_close(TotalLoss((bce, dice))(logits, targets, roi), expected)


@pytest.mark.parametrize("shape", [(4, 1, *SIZE), (1, *SIZE), (4, *SIZE[::-1]), (4,)])
def test_the_total_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    """Targets that would be broadcast are an error that tells both shapes."""
    logits = problem(1)[0]
    with pytest.raises(ValueError, match=r"have the shape \(4, 9, 13\), not"):
        TotalLoss((DiceLoss(),))(logits, torch.zeros(shape, dtype=torch.int64))


def test_the_total_refuses_another_region() -> None:
    """So is a region of another shape."""
    logits, targets, roi = problem(1)
    with pytest.raises(ValueError, match="region of interest"):
        TotalLoss((DiceLoss(),))(logits, targets, roi[:, None])


LOSSES: dict[str, Callable[[], Loss]] = {
    component.__struct_config__.tag: component  # type: ignore[dict-item, misc]
    for component in BUILT_IN
}
