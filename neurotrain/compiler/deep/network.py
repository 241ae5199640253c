"""The network of a spec without memory for its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.models.base import Model, build_network

if TYPE_CHECKING:
    import torch
    from torch import nn


def on_meta(
    model: Model,
    channels: tuple[int, int],
    size: tuple[int, int] | None,
    tokens: int | None = None,
) -> nn.Module:
    """The network on the `meta` device, in training mode.

    One that reads values while it is built (SwinUNETR) is built on the CPU and then moved.

    Raises:
        ComponentFailed: it cannot be built.
    """
    import torch

    def build() -> nn.Module:
        return build_network(model, channels, size, tokens)

    with torch.random.fork_rng(devices=()):
        try:
            with torch.device("meta"):
                network = tried(build)
        except ComponentFailed as failed:
            if not failed.needs_values:
                raise
            network = tried(build)
    return network.to("meta")


def forward(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """What the network gives for images or tokens on `meta`.

    Raises:
        ComponentFailed: it cannot be applied.
    """
    import torch

    with torch.device("meta"):
        output: torch.Tensor = tried(lambda: network(inputs))
    return output
