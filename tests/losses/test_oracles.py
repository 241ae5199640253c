"""Focal, Tversky, generalised and centre-line Dice, and class weights, against MONAI and torch.

Compared are values and gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from monai import losses as monai
from torch.nn.functional import cross_entropy, one_hot

from neurotrain.losses.base import Loss
from neurotrain.losses.built_in import get_criterion
from neurotrain.losses.centreline import ClDiceLoss
from neurotrain.losses.likelihood import BinaryCrossEntropy, CrossEntropy, FocalLoss
from neurotrain.losses.overlap import DiceLoss, GeneralisedDiceLoss, TverskyLoss

SIZE = (20, 24)
CHANNELS = pytest.mark.parametrize("channels", [1, 3, 4])
Oracle = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def problem(channels: int, num: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits that know something of the labels, labels in bands, a region of half the pixels."""
    generator = torch.Generator().manual_seed(channels)
    num_classes = max(2, channels)
    noise = torch.rand(num, 1, SIZE[1], generator=generator) * 3
    rows = torch.arange(SIZE[0])[None, :, None] + noise
    targets = (rows / 4).long() % num_classes
    logits = torch.randn(num, channels, *SIZE, generator=generator)
    truth = one_hot(targets, num_classes).movedim(-1, 1)
    logits = logits + 2 * (truth[:, 1:] - 0.5 if channels == 1 else truth)
    return logits, targets, torch.rand(num, *SIZE, generator=generator) < 0.5


def agree(loss: Loss, oracle: Oracle, channels: int) -> None:
    """Value and gradient of a loss are those of its oracle of (logits, labels)."""
    logits, targets, _ = problem(channels)
    results = []
    for compute in (lambda x, y: loss.build()(x, y, None), oracle):
        given = logits.clone().requires_grad_()
        value = compute(given, targets)
        value.backward()
        results.append((value.detach(), given.grad))
    torch.testing.assert_close(*(value for value, _ in results))
    torch.testing.assert_close(*(gradient for _, gradient in results))


def activated(channels: int, *, background: bool = False) -> dict[str, Any]:
    """MONAI's settings for these logits."""
    return {
        "include_background": background or channels == 1, "to_onehot_y": channels > 1,
        "sigmoid": channels == 1, "softmax": channels > 1,
    }  # fmt: skip


@CHANNELS
@pytest.mark.parametrize("over_batch", [False, True])
def test_tversky_is_monais(channels: int, over_batch: bool) -> None:
    """Of a sigmoid and of a softmax, per sample and over the batch."""
    oracle = monai.TverskyLoss(
        alpha=0.2, beta=0.6, smooth_nr=0.5, smooth_dr=0.5, batch=over_batch, **activated(channels)
    )
    loss = TverskyLoss(alpha=0.2, beta=0.6, smooth=0.5, over_batch=over_batch)
    agree(loss, lambda logits, targets: oracle(logits, targets[:, None]), channels)


@CHANNELS
def test_even_tversky_is_dice(channels: int) -> None:
    """Alpha and beta 0.5 with half the smoothing are Dice."""
    agree(TverskyLoss(alpha=0.5, beta=0.5, smooth=0.5), bound(DiceLoss(smooth=1.0)), channels)


@CHANNELS
def test_focal_tversky_is_a_power_of_each_class(channels: int) -> None:
    """Each sample's and class's loss to the power."""
    oracle = monai.TverskyLoss(
        alpha=0.3, beta=0.7, smooth_nr=1, smooth_dr=1, reduction="none", **activated(channels)
    )
    agree(
        TverskyLoss(gamma=0.75),
        lambda logits, targets: (oracle(logits, targets[:, None]) ** 0.75).mean(),
        channels,
    )


@CHANNELS
@pytest.mark.parametrize("over_batch", [False, True])
def test_generalised_dice_is_monais(channels: int, over_batch: bool) -> None:
    """Two classes count as two, as in the paper."""
    module = monai.GeneralizedDiceLoss(batch=over_batch)

    def oracle(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        likely = logits.softmax(1)
        if channels == 1:
            likely = torch.cat([1 - logits.sigmoid(), logits.sigmoid()], 1)
        return module(likely, one_hot(targets, likely.shape[1]).movedim(-1, 1).float())

    agree(GeneralisedDiceLoss(over_batch=over_batch), oracle, channels)


def test_generalised_dice_without_a_class_is_monais() -> None:
    """A class that a sample lacks weighs as much as the heaviest other, so it is not predicted."""
    logits, targets, _ = problem(4)
    targets[0][targets[0] == 2] = 1
    truth = one_hot(targets, 4).movedim(-1, 1).float()
    expected = monai.GeneralizedDiceLoss()(logits.softmax(1), truth)
    torch.testing.assert_close(GeneralisedDiceLoss().build()(logits, targets, None), expected)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_of_one_logit_is_monais(gamma: float) -> None:
    """The mean over pixels of a sigmoid's focal terms."""
    module = monai.FocalLoss(gamma=gamma)
    agree(FocalLoss(gamma=gamma), lambda x, y: module(x, y[:, None].float()), 1)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_focal_of_a_softmax_is_monais(channels: int, gamma: float) -> None:
    """The mean over pixels; MONAI's is over pixels and classes."""
    module = monai.FocalLoss(gamma=gamma, use_softmax=True, to_onehot_y=True)
    agree(FocalLoss(gamma=gamma), lambda x, y: channels * module(x, y[:, None]), channels)


def test_weighted_focal_is_monais() -> None:
    """Weights of three classes are MONAI's, those of two its alpha."""
    weights = (0.2, 1.0, 3.0)
    module = monai.FocalLoss(use_softmax=True, to_onehot_y=True, weight=weights)
    agree(FocalLoss(class_weights=weights), lambda x, y: 3 * module(x, y[:, None]), 3)
    alpha = monai.FocalLoss(alpha=0.25)
    agree(FocalLoss(class_weights=(0.75, 0.25)), lambda x, y: alpha(x, y[:, None].float()), 1)


def test_focal_without_power_is_cross_entropy() -> None:
    """Of one logit binary, of several plain."""
    agree(FocalLoss(gamma=0.0), bound(BinaryCrossEntropy()), 1)
    agree(FocalLoss(gamma=0.0), bound(CrossEntropy()), 3)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_weighted_cross_entropy_is_torchs(smoothing: float) -> None:
    """Weights are torch's, and its mean is over their sum."""
    weights = (0.5, 2.0, 0.0, 1.0)
    module = torch.nn.CrossEntropyLoss(torch.tensor(weights), label_smoothing=smoothing)
    agree(CrossEntropy(class_weights=weights, label_smoothing=smoothing), module, 4)


def test_weighted_cross_entropy_of_a_region_is_that_of_its_pixels() -> None:
    """Only pixels inside count in the sum of weights, too."""
    logits, targets, roi = problem(3)
    weights = (0.5, 2.0, 1.0)
    expected = cross_entropy(logits.movedim(1, -1)[roi], targets[roi], torch.tensor(weights))
    loss = CrossEntropy(class_weights=weights).build()(logits, targets, roi)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("background", [False, True])
def test_weighted_dice_is_the_weighted_mean_of_monais(background: bool) -> None:
    """Each class's Dice times its weight, over the sum of the weights."""
    weights = (0.5, 2.0, 1.0)[: 3 if background else 2]
    module = monai.DiceLoss(
        smooth_nr=1, smooth_dr=1, reduction="none", **activated(3, background=background)
    )

    def oracle(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        by_class = module(logits, targets[:, None]).squeeze((2, 3)).mean(0)
        return (by_class * torch.tensor(weights)).sum() / sum(weights)

    agree(DiceLoss(class_weights=weights, include_background=background), oracle, 3)


@pytest.mark.parametrize("kind", [DiceLoss, TverskyLoss, CrossEntropy, FocalLoss])
def test_even_weights_change_nothing(kind: Any) -> None:
    """Equal weights of 1 are no weights."""
    num = 2 if kind in (DiceLoss, TverskyLoss) else 3
    agree(kind(class_weights=(1.0,) * num), bound(kind()), 3)


@CHANNELS
@pytest.mark.parametrize("iterations", [1, 3])
def test_cldice_is_monais_of_each_class(channels: int, iterations: int) -> None:
    """MONAI takes all classes as one; ours is the mean over its values of single classes."""
    module = monai.SoftclDiceLoss(iter_=iterations, smooth=1e-12)

    def oracle(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        likely = logits.sigmoid() if channels == 1 else logits.softmax(1)[:, 1:]
        truth = one_hot(targets, max(2, channels)).movedim(-1, 1).float()[:, 1:]
        pairs = zip(likely.split(1, 1), truth.split(1, 1), strict=True)
        return torch.stack([module(*pair) for pair in pairs]).mean()

    agree(ClDiceLoss(iterations=iterations), oracle, channels)


@CHANNELS
def test_dice_and_cross_entropy_are_monais_sum(channels: int) -> None:
    """A list of two losses is MONAI's combined one."""
    name = "bce" if channels == 1 else "cross_entropy"
    criterion = get_criterion(["dice", {"type": name, "weight": 0.5}])
    module = monai.DiceCELoss(
        smooth_nr=1, smooth_dr=1, lambda_dice=1.0, lambda_ce=0.5, **activated(channels)
    )
    logits, targets, _ = problem(channels)
    truth = targets[:, None].float() if channels == 1 else targets[:, None]
    torch.testing.assert_close(criterion(logits, targets), module(logits, truth))


@pytest.mark.parametrize(
    "loss",
    [
        TverskyLoss(gamma=0.5), FocalLoss(gamma=0.5), FocalLoss(gamma=2.0), GeneralisedDiceLoss(),
        ClDiceLoss(),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("certain", [1, -1])
def test_certain_logits_have_finite_gradients(loss: Loss, certain: int) -> None:
    """All right and all wrong, beyond what a sigmoid can tell from 0 and 1."""
    _, targets, _ = problem(1)
    logits = (targets[:, None].float() * 2 - 1) * 200 * certain
    logits.requires_grad_()
    value = loss.build()(logits, targets, None)
    value.backward()
    assert bool(value.isfinite())
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


@pytest.mark.parametrize(
    ("loss", "num_classes", "field"),
    [
        (DiceLoss(class_weights=(1.0, 1.0)), 2, "class_weights"),
        (DiceLoss(class_weights=(1.0, 1.0)), 3, None),
        (DiceLoss(class_weights=(1.0, 1.0)), 4, "class_weights"),
        (DiceLoss(class_weights=(1.0, 1.0), include_background=True), 3, "class_weights"),
        (DiceLoss(include_background=True), 2, "include_background"),
        (TverskyLoss(alpha=0.0, beta=0.0), 3, "alpha"),
        (CrossEntropy(class_weights=(1.0, 1.0)), 3, "class_weights"),
        (CrossEntropy(class_weights=(0.0, 0.0, 0.0)), 3, "class_weights"),
        (FocalLoss(class_weights=(1.0, 1.0)), 2, None),
    ],
    ids=repr,
)
def test_what_does_not_suit_the_classes_is_told(
    loss: Loss, num_classes: int, field: str | None
) -> None:
    """Weights of another number than the counted classes, and settings that exclude each other."""
    found = loss.contradiction(num_classes)
    assert (found and found[0]) == field


def bound(loss: Loss) -> Oracle:
    """Another loss of ours as an oracle."""
    compute = loss.build()
    return lambda logits, targets: compute(logits, targets, None)
