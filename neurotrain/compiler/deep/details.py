"""The names of what is recorded of single parameters and layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from neurotrain.compiler.deep.network import forward
from neurotrain.models.layers import layer_names, matching

if TYPE_CHECKING:
    import torch
    from torch import nn


def gradient_names(network: nn.Module) -> list[str]:
    """What `record.grad_norms` records of a network whose frozen parameters are marked."""
    return [f"grad_norm/{name}" for name, p in network.named_parameters() if p.requires_grad]


def activation_names(
    network: nn.Module, patterns: Sequence[str], inputs: torch.Tensor
) -> list[str]:
    """What `record.activations` records: of matching layers, those whose output is one tensor.

    Raises:
        ComponentFailed: the network cannot be applied to these inputs on `meta`.
    """
    import torch

    given: dict[str, None] = {}

    def note(name: str, layer: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            given[name] = None

    names = layer_names(network)
    chosen = {name for pattern in patterns for name in matching(names, pattern)}
    hooks = [
        network.get_submodule(name).register_forward_hook(partial(note, name)) for name in chosen
    ]
    try:
        forward(network, inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return [f"activation/{name}/{value}" for name in given for value in ("mean", "sd", "zeros")]
