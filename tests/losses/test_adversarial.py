"""Adversarial losses against those of MONAI, and by their definitions."""

from __future__ import annotations

import pytest
import torch
from monai.losses.adversarial_loss import PatchAdversarialLoss

from neurotrain.losses.adversarial import AdversarialKind, AdversarialLoss


def logits(seed: int) -> torch.Tensor:
    """Verdicts about patches."""
    return torch.randn(3, 1, 5, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", ["bce", "least_squares"])
def test_both_sides_are_those_of_monai(kind: AdversarialKind) -> None:
    """MONAI gives the two terms of the discriminator one by one."""
    theirs = PatchAdversarialLoss(criterion=kind, no_activation_leastsq=True)
    ours, real, fake = AdversarialLoss(kind), logits(0), logits(1)
    both = [
        theirs(real, target_is_real=True, for_discriminator=True),
        theirs(fake, target_is_real=False, for_discriminator=True),
    ]
    wanted = theirs(fake, target_is_real=True, for_discriminator=False)
    torch.testing.assert_close(ours.of_discriminator(real, fake), torch.stack(both).mean())
    torch.testing.assert_close(ours.of_generator(fake), wanted)


def test_the_hinge_stops_at_a_margin_of_one() -> None:
    """MONAI squashes logits by tanh first; Lim and Ye do not."""
    loss = AdversarialLoss("hinge")
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.5])
    assert loss.of_discriminator(real, fake).item() == (0.25 + 0.75) / 2
    assert loss.of_generator(fake).item() == 1.25


@pytest.mark.parametrize("kind", ["bce", "least_squares", "hinge"])
def test_half_precision_is_summed_in_float32(kind: AdversarialKind) -> None:
    """Under autocast the discriminator gives sixteen bits."""
    loss = AdversarialLoss(kind)
    half = logits(2).bfloat16()
    assert loss.of_generator(half).dtype == torch.float32
    assert loss.of_discriminator(half, half).dtype == torch.float32
