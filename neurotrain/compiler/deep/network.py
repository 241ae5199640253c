"""The network of a spec without memory for its weights, and what stops it from being followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from neurotrain.models.base import Model

if TYPE_CHECKING:
    import torch
    from torch import nn

_MAX_TEXT: Final = 200


def on_meta(
    model: Model, in_channels: int, out_channels: int, size: tuple[int, int] | None
) -> nn.Module:
    """The network on the `meta` device, in training mode.

    One that reads values while it is built (SwinUNETR) is built on the CPU and then moved.

    Raises:
        Exception: whatever building raises.
    """
    import torch

    with torch.random.fork_rng(devices=()):
        try:
            with torch.device("meta"):
                network = model.build(in_channels, out_channels, size)
        except Exception as error:  # a network's code may raise anything
            if not needs_values(error):
                raise
            network = model.build(in_channels, out_channels, size)
    return network.to("meta")


def forward(network: nn.Module, images_BCHW: torch.Tensor) -> torch.Tensor:
    """What the network gives for images on `meta`.

    Raises:
        Exception: whatever the forward pass raises.
    """
    import torch

    with torch.device("meta"):
        output: torch.Tensor = network(images_BCHW)
    return output


def needs_values(error: Exception) -> bool:
    """Whether code failed only because a tensor on `meta` has no values; torch names the device."""
    return "meta" in str(error).lower()


def cause(error: Exception) -> str:
    """An exception as one short line."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]} …"
