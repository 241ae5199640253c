"""Small networks for classification and regression, on torch alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, PartialShare, Positive
from neurotrain.models.base import Model

if TYPE_CHECKING:
    from torch import nn


class SimpleCNN(Component, Model, tag="simple_cnn", frozen=True, kw_only=True):
    """Blocks of two 3x3 convolutions with batch normalisation, halved between, averaged at the end.

    Takes images of any size from 2 ** (blocks - 1) pixels on.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    channels: Annotated[
        tuple[Positive, ...],
        Meta(description="Feature channels of each block", min_length=1, max_length=8),
    ] = (32, 64)
    dropout: Annotated[
        PartialShare, Meta(description="Share of features set to zero before the last layer")
    ] = 0.0

    @property
    def min_side(self) -> int:
        """Every block but the first halves the size."""
        return int(2 ** (len(self.channels) - 1))

    @property
    def batch_statistics(self) -> bool:
        """Every block has batch normalisation."""
        return True

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """The blocks, global average pooling and a linear layer."""
        from torch import nn

        layers: list[nn.Module] = []
        before = in_channels
        for index, channels in enumerate(self.channels):
            layers += [nn.MaxPool2d(2)] if index else []
            for width in (before, channels):
                layers += [
                    nn.Conv2d(width, channels, 3, padding=1, bias=False),
                    nn.BatchNorm2d(channels),
                    nn.ReLU(inplace=True),
                ]
            before = channels
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.dropout)]
        return nn.Sequential(*layers, *head, nn.Linear(before, out_channels))


class MLP(Component, Model, tag="mlp", frozen=True, kw_only=True):
    """A multi-layer perceptron on the flattened image."""

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    needs_size: ClassVar[bool] = True
    hidden: Annotated[tuple[Positive, ...], Meta(description="Width of each hidden layer")] = (64,)
    dropout: Annotated[
        PartialShare, Meta(description="Share of features set to zero after each hidden layer")
    ] = 0.0

    def build(self, in_channels: int, out_channels: int, size: tuple[int, int] | None) -> nn.Module:
        """Linear layers with ReLU between."""
        from torch import nn

        assert size is not None
        width = in_channels * size[0] * size[1]
        layers: list[nn.Module] = [nn.Flatten()]
        for hidden in self.hidden:
            layers += [nn.Linear(width, hidden), nn.ReLU(inplace=True), nn.Dropout(self.dropout)]
            width = hidden
        return nn.Sequential(*layers, nn.Linear(width, out_channels))
