"""The network of a spec without memory for its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.models.base import Model

if TYPE_CHECKING:
    import torch
    from torch import nn


def on_meta(
    model: Model, in_channels: int, out_channels: int, size: tuple[int, int] | None
) -> nn.Module:
    """The network on the `meta` device, in training mode.

    One that reads values while it is built (SwinUNETR) is built on the CPU and then moved.

    Raises:
        ComponentFailed: it cannot be built.
    """
    import torch

    def build() -> nn.Module:
        return model.build(in_channels, out_channels, size)

    with torch.random.fork_rng(devices=()):
        try:
            with torch.device("meta"):
                network = tried(build)
        except ComponentFailed as failed:
            if not failed.needs_values:
                raise
            network = tried(build)
    return network.to("meta")


def forward(network: nn.Module, images_BCHW: torch.Tensor) -> torch.Tensor:
    """What the network gives for images on `meta`.

    Raises:
        ComponentFailed: it cannot be applied.
    """
    import torch

    with torch.device("meta"):
        output: torch.Tensor = tried(lambda: network(images_BCHW))
    return output
