"""Networks for segmentation besides U-Net, from MONAI, in two dimensions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import Meta

from neurotrain.component.base import Component, PartialShare, Positive
from neurotrain.models.base import Contradiction, Model, wrong_strides

if TYPE_CHECKING:
    from torch import nn

_Dropout = Annotated[PartialShare, Meta(description="Share of features that dropout sets to zero")]
_Norm = Annotated[Literal["batch", "instance"], Meta(description="Kind of normalisation")]


class AttentionUNet(Component, Model, tag="attention_unet", frozen=True, kw_only=True):
    """U-Net whose skip connections are weighted by what the deeper level sees (`AttentionUnet`).

    Batch normalisation throughout. Oktay et al., "Attention U-Net", MIDL 2018.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    channels: Annotated[
        tuple[Annotated[int, Meta(ge=2)], ...],
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
    dropout: _Dropout = 0.0

    @property
    def batch_statistics(self) -> bool:
        """Batch normalisation throughout."""
        return True

    @property
    def divisor(self) -> int:
        """The product of all strides."""
        return math.prod(self._strides)

    @property
    def _strides(self) -> tuple[int, ...]:
        return self.strides or (2,) * (len(self.channels) - 1)

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        return wrong_strides(self.channels, self._strides)

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional AttentionUnet."""
        from monai.networks.nets.attentionunet import AttentionUnet

        module: nn.Module = AttentionUnet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            channels=self.channels,
            strides=self._strides,
            dropout=self.dropout,
        )
        return module


class SegResNet(Component, Model, tag="segresnet", frozen=True, kw_only=True):
    """Residual blocks with group normalisation, wide down and narrow up (`SegResNet`).

    Myronenko, "3D MRI brain tumor segmentation using autoencoder regularization", BrainLes 2018,
    without the autoencoder.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    filters: Annotated[
        Positive, Meta(description="Feature channels of the top level; each further one doubles")
    ] = 16
    blocks_down: Annotated[
        tuple[Positive, ...],
        Meta(description="Residual blocks of each level going down", min_length=2, max_length=8),
    ] = (1, 2, 2, 4)
    blocks_up: Annotated[
        tuple[Positive, ...],
        Meta(description="Residual blocks of each level going up, the lowest first", min_length=1),
    ] = (1, 1, 1)
    groups: Annotated[
        Positive, Meta(description="Groups of channels that are normalised together")
    ] = 8
    upsampling: Annotated[
        Literal["deconv", "bilinear"],
        Meta(description="How the size doubles: by a learned kernel, or by interpolation"),
    ] = "deconv"
    dropout: _Dropout = 0.0

    @property
    def divisor(self) -> int:
        """Every level but the top halves the size."""
        return int(2 ** (len(self.blocks_down) - 1))

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        if self.filters % self.groups:
            why = f"{self.filters} filters do not divide into {self.groups} groups"
            remedy = f"write groups: {math.gcd(self.filters, 8)}"
            return Contradiction(("groups", "filters"), why, remedy)
        if len(self.blocks_up) != len(self.blocks_down) - 1:
            wanted = len(self.blocks_down) - 1
            why = (
                f"{len(self.blocks_down)} levels in blocks_down need {wanted} in blocks_up; "
                f"there are {len(self.blocks_up)}"
            )
            remedy = f"write blocks_up: {[1] * wanted}"
            return Contradiction(("blocks_up", "blocks_down"), why, remedy)
        return None

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional SegResNet."""
        from monai.networks.nets.segresnet import SegResNet as MonaiSegResNet

        module: nn.Module = MonaiSegResNet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            init_filters=self.filters,
            blocks_down=self.blocks_down,
            blocks_up=self.blocks_up,
            norm=("group", {"num_groups": self.groups}),
            upsample_mode="deconv" if self.upsampling == "deconv" else "nontrainable",
            dropout_prob=self.dropout or None,
        )
        return module


class DynUNet(Component, Model, tag="dynunet", frozen=True, kw_only=True):
    """The U-Net of nnU-Net: two convolutions a level and leaky ReLU (`DynUNet`).

    Without deep supervision. Isensee et al., "nnU-Net", Nature Methods 2021.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    channels: Annotated[
        tuple[Positive, ...],
        Meta(description="Feature channels of each level, top first", min_length=3, max_length=9),
    ] = (32, 64, 128, 256)
    residual: Annotated[bool, Meta(description="Add the input of each block to its output")] = False
    norm: _Norm = "instance"
    dropout: _Dropout = 0.0

    @property
    def divisor(self) -> int:
        """Every level but the top halves the size."""
        return int(2 ** (len(self.channels) - 1))

    @property
    def min_side(self) -> int:
        """Instance normalisation needs more than one pixel at the bottom."""
        return 2 * self.divisor if self.norm == "instance" else self.divisor

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        # On CPUs, oneDNN (uxlfoundation/oneDNN issue 6035) writes outside its memory in the
        # backward pass of strided 1x1 convolutions of fewer, channels last.
        if not self.residual or min(self.channels) >= 16:
            return None
        why = f"residual blocks need 16 channels in every level; one has {min(self.channels)}"
        remedy = "write 16 channels or more in every level, or residual: false"
        return Contradiction(("channels", "residual"), why, remedy)

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional DynUNet with kernels of three by three."""
        from monai.networks.nets.dynunet import DynUNet as MonaiDynUNet

        num_levels = len(self.channels)
        module: nn.Module = MonaiDynUNet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=[3] * num_levels,
            strides=[1] + [2] * (num_levels - 1),
            upsample_kernel_size=[2] * (num_levels - 1),
            filters=self.channels,
            norm_name=_affine(self.norm),
            dropout=self.dropout or None,
            res_block=self.residual,
        )
        return module


class SwinUNETR(Component, Model, tag="swin_unetr", frozen=True, kw_only=True):
    """A Swin transformer that reads and convolutions that write (`SwinUNETR`).

    Hatamizadeh et al., "Swin UNETR", BrainLes 2021.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    feature_size: Annotated[
        int, Meta(description="Feature channels of the top level, a multiple of 12", ge=12)
    ] = 24
    depths: Annotated[
        tuple[Positive, Positive, Positive, Positive],
        Meta(description="Transformer blocks of each of the four stages"),
    ] = (2, 2, 2, 2)
    window: Annotated[
        int, Meta(description="Side of the windows in which attention looks, in patches", ge=2)
    ] = 7
    norm: _Norm = "instance"
    dropout: _Dropout = 0.0
    drop_path: Annotated[
        float, Meta(description="Share of blocks that training skips, at the end", ge=0.0, lt=1.0)
    ] = 0.0

    @property
    def divisor(self) -> int:
        """Patches of two pixels, halved four times."""
        return 32

    @property
    def min_side(self) -> int:
        """Instance normalisation needs more than one pixel at the bottom."""
        return 64 if self.norm == "instance" else 32

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        if self.feature_size % 12 == 0:
            return None
        why = f"feature_size is {self.feature_size}, which is no multiple of 12"
        remedy = f"write feature_size: {12 * round(self.feature_size / 12)}"
        return Contradiction(("feature_size",), why, remedy)

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional SwinUNETR, on torch's default device."""
        import torch
        from monai.networks.nets.swin_unetr import SwinUNETR as MonaiSwinUNETR

        # It reads numbers back while it is built, which a meta device cannot give.
        with torch.device("cpu"):
            module: nn.Module = MonaiSwinUNETR(
                spatial_dims=2,
                in_channels=in_channels,
                out_channels=out_channels,
                feature_size=self.feature_size,
                depths=self.depths,
                window_size=self.window,
                norm_name=_affine(self.norm),
                drop_rate=self.dropout,
                dropout_path_rate=self.drop_path,
            )
        return module.to(torch.get_default_device())


def _affine(norm: str) -> Any:
    """A kind of normalisation with learned scale and shift."""
    return (norm, {"affine": True})
