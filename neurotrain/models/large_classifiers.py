"""Larger networks for classification, from MONAI, in two dimensions. None downloads weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from msgspec import Meta

from neurotrain.component.base import Component, PartialShare, Positive
from neurotrain.models.base import Contradiction, Model

if TYPE_CHECKING:
    import torch
    from torch import nn

_BLOCKS: Final[dict[int, tuple[str, tuple[int, ...]]]] = {
    10: ("basic", (1, 1, 1, 1)),
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}
"""The kind of residual block and their number in each stage, by depth."""
_DENSE: Final = {
    121: (64, 32, (6, 12, 24, 16)),
    169: (64, 32, (6, 12, 32, 32)),
    201: (64, 32, (6, 12, 48, 32)),
    264: (64, 32, (6, 12, 64, 48)),
}
"""First channels, growth and the layers of each block, by depth."""


class ResNet(Component, Model, tag="resnet", frozen=True, kw_only=True):
    """A residual network (MONAI's `ResNet`); weights have the names of torchvision's.

    He et al., "Deep residual learning for image recognition", CVPR 2016.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    depth: Annotated[
        Literal[10, 18, 34, 50, 101, 152], Meta(description="Number of layers with weights")
    ] = 18
    first_stride: Annotated[
        Literal[1, 2], Meta(description="Of the first convolution; 1 suits images below 100 pixels")
    ] = 2

    @property
    def batch_statistics(self) -> bool:
        """Batch normalisation throughout."""
        return True

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional ResNet."""
        from monai.networks.nets.resnet import ResNet as MonaiResNet

        block, layers = _BLOCKS[self.depth]
        module: nn.Module = MonaiResNet(
            block,
            list(layers),
            [64, 128, 256, 512],
            spatial_dims=2,
            n_input_channels=in_channels,
            num_classes=out_channels,
            conv1_t_stride=self.first_stride,
            bias_downsample=False,
        )
        return module


class DenseNet(Component, Model, tag="densenet", frozen=True, kw_only=True):
    """A network in which each layer sees all before it (MONAI's `DenseNet`).

    Huang et al., "Densely connected convolutional networks", CVPR 2017.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    depth: Annotated[
        Literal[121, 169, 201, 264], Meta(description="Number of layers with weights")
    ] = 121
    dropout: Annotated[
        PartialShare, Meta(description="Share of features set to zero after each layer")
    ] = 0.0

    @property
    def batch_statistics(self) -> bool:
        """Batch normalisation throughout."""
        return True

    @property
    def min_side(self) -> int:
        """Two halvings round up, three round down to at least one pixel."""
        return 29

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional DenseNet."""
        from monai.networks.nets.densenet import DenseNet as MonaiDenseNet

        features, growth, layers = _DENSE[self.depth]
        module: nn.Module = MonaiDenseNet(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            init_features=features,
            growth_rate=growth,
            block_config=layers,
            dropout_prob=self.dropout,
        )
        return module


class EfficientNet(Component, Model, tag="efficientnet", frozen=True, kw_only=True):
    """A network scaled in depth, width and resolution together (MONAI's `EfficientNetBN`).

    Tan and Le, "EfficientNet", ICML 2019.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    version: Annotated[
        Literal["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"],
        Meta(description="How large the network is; b0 is the smallest"),
    ] = "b0"

    @property
    def batch_statistics(self) -> bool:
        """Batch normalisation throughout."""
        return True

    @property
    def min_side(self) -> int:
        """The padding, that of the published sizes, gives smaller images too few pixels."""
        return 32

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional EfficientNet."""
        from monai.networks.nets.efficientnet import EfficientNetBN

        module: nn.Module = EfficientNetBN(
            f"efficientnet-{self.version}",
            pretrained=False,
            spatial_dims=2,
            in_channels=in_channels,
            num_classes=out_channels,
        )
        return module


class ViT(Component, Model, tag="vit", frozen=True, kw_only=True):
    """A vision transformer on patches of the image (MONAI's `ViT`), by default of the size S/16.

    Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    needs_size: ClassVar[bool] = True
    patch: Annotated[Positive, Meta(description="Side of a patch in pixels")] = 16
    hidden_size: Annotated[
        Positive, Meta(description="Features of a patch, a multiple of the heads")
    ] = 384
    mlp_size: Annotated[Positive, Meta(description="Width of the layers between attention")] = 1536
    layers: Annotated[Positive, Meta(description="Number of transformer blocks")] = 12
    heads: Annotated[Positive, Meta(description="Attention heads of a block")] = 6
    dropout: Annotated[
        PartialShare, Meta(description="Share of features that dropout sets to zero")
    ] = 0.0

    @property
    def divisor(self) -> int:
        """Patches fill the image."""
        return self.patch

    def contradiction(self) -> Contradiction | None:
        """What is wrong between the parameters, or nothing."""
        if self.hidden_size % self.heads == 0:
            return None
        why = f"hidden_size {self.hidden_size} does not divide into {self.heads} heads"
        nearest = self.heads * max(1, round(self.hidden_size / self.heads))
        remedy = f"the nearest hidden_size for {self.heads} heads is {nearest}"
        return Contradiction(("heads", "hidden_size"), why, remedy)

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """MONAI's two-dimensional ViT with a class token and without an activation at the end."""
        from monai.networks.nets.vit import ViT as MonaiViT
        from torch import nn

        class Classifier(MonaiViT):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                logits: torch.Tensor = super().forward(x)[0]  # type: ignore[no-untyped-call]
                return logits

        assert size is not None
        module = Classifier(
            in_channels=in_channels,
            img_size=size,
            patch_size=self.patch,
            hidden_size=self.hidden_size,
            mlp_dim=self.mlp_size,
            num_layers=self.layers,
            num_heads=self.heads,
            classification=True,
            num_classes=out_channels,
            dropout_rate=self.dropout,
            spatial_dims=2,
            post_activation="none",
        )
        # A norm for the attention to another input, which this network has not.
        for block in module.blocks:
            block.norm_cross_attn = nn.Identity()
        network: nn.Module = module
        return network
