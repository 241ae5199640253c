"""The patch discriminator against MONAI's."""

from __future__ import annotations

import pytest
import torch
from monai.networks.nets.patchgan_discriminator import PatchDiscriminator as MonaiDiscriminator

from neurotrain.models.discriminators import PatchDiscriminator


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_it_computes_what_monai_does(norm: str) -> None:
    """Channels that double are MONAI's only form; the weights are drawn in the same order."""
    torch.manual_seed(3)
    ours = PatchDiscriminator(channels=(4, 8, 16), norm=norm).build(5, None)  # type: ignore[arg-type]
    theirs = MonaiDiscriminator(2, channels=4, in_channels=5, num_layers_d=2, norm=norm)
    weights = [*theirs.parameters()]
    assert [p.shape for p in ours.parameters()] == [p.shape for p in weights]
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), weights, strict=True):
            other.copy_(mine)
    images = torch.randn(2, 5, 32, 48)
    assert torch.equal(ours(images), theirs(images)[-1])


def test_first_weights_are_those_of_dcgan() -> None:
    """Normal with a deviation of 0.02."""
    torch.manual_seed(0)
    first = next(PatchDiscriminator().build(4, None).parameters())
    assert first.std().item() == pytest.approx(0.02, rel=0.1)


def test_its_verdicts_are_one_a_patch() -> None:
    """70 pixels wide in Isola's setting of 64, 128, 256 and 512 channels."""
    network = PatchDiscriminator(channels=(2, 4, 8, 16)).build(1, None).eval()
    image = torch.randn(1, 1, 256, 256, requires_grad=True)
    verdicts = network(image)
    assert verdicts.shape == (1, 1, 30, 30)
    # Normalisation sees the whole image; without it a verdict depends on its patch alone.
    plain = torch.nn.Sequential(*(m for m in network if "Norm" not in type(m).__name__))
    plain(image)[0, 0, 15, 15].backward()
    assert image.grad is not None
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 70
