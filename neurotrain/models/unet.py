"""U-Net for segmentation, from MONAI."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from msgspec import Meta

from neurotrain.component.base import Component, PartialShare, Positive
from neurotrain.models.base import Contradiction, Model, wrong_strides

if TYPE_CHECKING:
    from torch import nn


_ACTIVATIONS: Final[dict[str, Any]] = {
    "prelu": "prelu",
    "relu": ("relu", {"inplace": True}),
    "leakyrelu": ("leakyrelu", {"inplace": True}),
}


class UNet(Component, Model, tag="unet", frozen=True, kw_only=True):
    """U-Net with strided convolutions and optional residual units (MONAI's `UNet`).

    Ronneberger, Fischer and Brox, "U-Net", MICCAI 2015; Kerfoot et al., STACOM 2018.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    channels: Annotated[
        tuple[Positive, ...],
        Meta(description="Feature channels of each level, top first", min_length=2, max_length=8),
    ] = (16, 32, 64)
    strides: (
        Annotated[
            tuple[Annotated[int, Meta(ge=1, le=2)], ...],
            Meta(
                description="From each level to the next: 2 halves the size, 1 keeps it; "
                "without it every one halves"
            ),
        ]
        | None
    ) = None
    num_res_units: Annotated[
        int, Meta(description="Residual units in each level; 0 gives plain convolutions", ge=0)
    ] = 2
    norm: Annotated[Literal["batch", "instance"], Meta(description="Kind of normalisation")] = (
        "instance"
    )
    activation: Annotated[
        Literal["prelu", "relu", "leakyrelu"], Meta(description="Kind of activation")
    ] = "prelu"
    dropout: Annotated[
        PartialShare, Meta(description="Share of features that dropout sets to zero")
    ] = 0.0

    @property
    def divisor(self) -> int:
        """The product of all strides."""
        return math.prod(self._strides)

    @property
    def min_side(self) -> int:
        """Instance normalisation needs more than one pixel at the bottom."""
        return 2 * self.divisor if self.norm == "instance" else self.divisor

    @property
    def _strides(self) -> tuple[int, ...]:
        return self.strides or (2,) * (len(self.channels) - 1)

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        return wrong_strides(self.channels, self._strides)

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional UNet."""
        from monai.networks.nets.unet import UNet as MonaiUNet

        module: nn.Module = MonaiUNet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            channels=self.channels,
            strides=self._strides,
            num_res_units=self.num_res_units,
            norm=self.norm,
            act=_ACTIVATIONS[self.activation],
            dropout=self.dropout,
        )
        return module


class BasicUNet(Component, Model, tag="basic_unet", frozen=True, kw_only=True):
    """U-Net with two convolutions a level, max-pooling and a full-resolution top (`BasicUNet`).

    Falk et al., "U-Net: deep learning for cell counting, detection, and morphometry",
    Nature Methods 2019.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    features: Annotated[
        tuple[Positive, Positive, Positive, Positive, Positive, Positive],
        Meta(description="Feature channels of the five levels, top first, then of the output"),
    ] = (16, 16, 32, 64, 128, 16)
    norm: Annotated[Literal["batch", "instance"], Meta(description="Kind of normalisation")] = (
        "instance"
    )
    dropout: Annotated[
        PartialShare, Meta(description="Share of features that dropout sets to zero")
    ] = 0.0

    @property
    def divisor(self) -> int:
        """Four levels halve the size."""
        return 16

    @property
    def min_side(self) -> int:
        """Instance normalisation needs more than one pixel at the bottom."""
        return 32 if self.norm == "instance" else 16

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional BasicUNet."""
        from monai.networks.nets.basic_unet import BasicUNet as MonaiBasicUNet

        norm = ("instance", {"affine": True}) if self.norm == "instance" else "batch"
        module: nn.Module = MonaiBasicUNet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            features=self.features,
            norm=norm,
            dropout=self.dropout,
        )
        return module
