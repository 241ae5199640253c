"""The networks of a spec without memory for their weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.models.base import Model, build_network
from neurotrain.models.discriminators import Discriminator

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
    return _built_on_meta(lambda: build_network(model, channels, size, tokens))


def discriminator_on_meta(
    discriminator: Discriminator, channels: int, size: tuple[int, int] | None
) -> nn.Module:
    """The discriminator on the `meta` device, in training mode.

    Raises:
        ComponentFailed: it cannot be built.
    """
    return _built_on_meta(lambda: discriminator.build(channels, size))


def _built_on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    import torch

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
