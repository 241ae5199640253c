"""Networks that tell true masks from predicted ones, for adversarial training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from neurotrain.component.base import Component, Family, Positive

if TYPE_CHECKING:
    from torch import nn


class Discriminator(Family):
    """A network that tells true masks from predicted ones."""

    __slots__ = ()
    family: ClassVar[str] = "discriminator"

    def build(self, in_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """The network: float32 (B, in_channels, H, W) to logits of any shape (B, ...).

        The channels are those of the image and then of its mask. A logit above 0 says that the
        mask is a true one. Weights come from torch's global generator.
        """
        raise AssertionError(f"{type(self).__name__} cannot be built")


class PatchDiscriminator(
    Component, Discriminator, tag="patch_discriminator", frozen=True, kw_only=True
):
    """A verdict for every patch of the image (PatchGAN).

    Convolutions of four pixels, each but the last with a stride of two. Isola et al.,
    "Image-to-image translation with conditional adversarial networks", CVPR 2017.
    """

    channels: Annotated[
        tuple[Positive, ...],
        Meta(description="Feature channels of each convolution", min_length=2, max_length=8),
    ] = (64, 128, 256)
    norm: Annotated[
        Literal["batch", "instance"],
        Meta(description="Kind of normalisation, after every convolution but the first"),
    ] = "instance"

    def build(self, in_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """The network: float32 (B, in_channels, H, W) to logits (B, 1, h, w)."""
        from monai.networks.utils import normal_init
        from torch import nn

        norm = nn.BatchNorm2d if self.norm == "batch" else nn.InstanceNorm2d
        layers: list[nn.Module] = []
        before = in_channels
        for index, channels in enumerate(self.channels):
            is_first, is_last = index == 0, index == len(self.channels) - 1
            layers.append(nn.Conv2d(before, channels, 4, 1 if is_last else 2, 1, bias=is_first))
            if not is_first:
                layers.append(norm(channels))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            before = channels
        network = nn.Sequential(*layers, nn.Conv2d(before, 1, 4, padding=1))
        return network.apply(normal_init)
