"""The networks that NeuroTrain brings, and their building from a plain dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from neurotrain.component.base import Component, Options, Positive
from neurotrain.component.catalogue import Catalogue
from neurotrain.models.base import LanguageModel, Model, build_network
from neurotrain.models.classifiers import MLP, SimpleCNN
from neurotrain.models.discriminators import PatchDiscriminator
from neurotrain.models.language import GPT2, Llama
from neurotrain.models.large_classifiers import DenseNet, EfficientNet, ResNet, ViT
from neurotrain.models.segmenters import AttentionUNet, DynUNet, SegResNet, SwinUNETR
from neurotrain.models.unet import BasicUNet, UNet

if TYPE_CHECKING:
    from torch import nn

BUILT_IN: Final[tuple[type[Component], ...]] = (
    *(UNet, BasicUNet, AttentionUNet, SegResNet, DynUNet, SwinUNETR),
    *(SimpleCNN, MLP, ResNet, DenseNet, EfficientNet, ViT),
    *(GPT2, Llama),
)
DISCRIMINATORS: Final[tuple[type[Component], ...]] = (PatchDiscriminator,)


class _Data(Options, frozen=True, kw_only=True):
    """What a spec derives from its data and task."""

    in_channels: Positive
    out_channels: Positive
    image_size: tuple[Positive, Positive] | None = None
    context_length: Positive | None = None


def get_model(name: str, config: Mapping[str, Any]) -> nn.Module:
    """The network that a spec calls `name`, with weights from torch's global generator.

    `config` holds its parameters, and what a spec derives from the data: `in_channels`,
    `out_channels` (1 for two classes, else one a class) and, where a network needs it,
    `image_size`: height and width in pixels, or `context_length` in tokens.

    Raises:
        ValueError: the name, a key or a value is wrong; names the nearest that is right.
    """
    derived = {key: value for key, value in config.items() if key in _Data.__struct_fields__}
    stated = {key: value for key, value in config.items() if key not in derived}
    if stated.get("type", name) != name:
        raise ValueError(f"the model is named {name!r} and {stated['type']!r}")
    catalogue = Catalogue.of(BUILT_IN)
    model = catalogue.decode({**stated, "type": name}, Model)
    data = catalogue.decode(derived, _Data)
    contradiction = model.contradiction()
    if contradiction is not None:
        raise ValueError(f"{name!r}: {contradiction.why}; {contradiction.remedy}")
    if model.needs_size and data.image_size is None:
        raise ValueError(f"{name!r} needs `image_size`: height and width in pixels")
    if isinstance(model, LanguageModel) and data.context_length is None:
        raise ValueError(f"{name!r} needs `context_length` in tokens")
    channels = (data.in_channels, data.out_channels)
    return build_network(model, channels, data.image_size, data.context_length)
