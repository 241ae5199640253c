"""Operations against closed forms of each layer; saved bytes against real steps on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from neurotrain.compiler.deep.count_step import StepShape, count_flops, count_saved_bytes
from neurotrain.compiler.deep.network import on_meta
from neurotrain.losses.likelihood import BinaryCrossEntropy, CrossEntropy
from neurotrain.losses.overlap import DiceLoss
from neurotrain.losses.total import TotalLoss
from neurotrain.models.base import Model
from neurotrain.models.classifiers import MLP, SimpleCNN
from neurotrain.models.unet import BasicUNet, UNet

IMAGES: Final = (4, 3, 32, 32)
MODELS: Final[dict[str, Model]] = {
    "unet with instance norm": UNet(channels=(4, 8, 16)),
    "unet with batch norm": UNet(channels=(4, 8), norm="batch", activation="relu"),
    "unet with dropout": UNet(channels=(4, 8), dropout=0.2, activation="leakyrelu"),
    "basic unet": BasicUNet(features=(4, 4, 8, 8, 8, 4), dropout=0.1),
    "cnn": SimpleCNN(channels=(4, 8), dropout=0.5),
    "mlp": MLP(hidden=(16, 8), dropout=0.3),
}
SEGMENTS: Final = TotalLoss((DiceLoss(), BinaryCrossEntropy(weight=0.5)))
CLASSIFIES: Final = TotalLoss((CrossEntropy(),))


def _setting(name: str) -> tuple[Model, int, TotalLoss, tuple[int, ...]]:
    """The model, its outputs, a criterion and the shape of its labels."""
    model = MODELS[name]
    if "segmentation" in model.tasks:
        return model, 1, SEGMENTS, (IMAGES[0], *IMAGES[2:])
    return model, 5, CLASSIFIES, IMAGES[:1]


def _total(logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None) -> torch.Tensor:
    return logits.sum()


def _flops(network: nn.Module, images: tuple[int, ...]) -> int:
    return count_flops(network, _total, StepShape(images=images, targets=(1,), regions=False))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_have_their_closed_form(stride: int, groups: int) -> None:
    """2 B K C k² H W / groups forward, again for the weights, again for inputs but the images."""
    with torch.device("meta"):
        network = nn.Sequential(
            nn.Conv2d(2, 4, 3, stride, padding=1, groups=groups), nn.Conv2d(4, 6, 5, padding=2)
        )
    side = 8 // stride
    first = 2 * 3 * 4 * 2 * 9 * side * side // groups
    second = 2 * 3 * 6 * 4 * 25 * side * side
    assert _flops(network, (3, 2, 8, 8)) == 2 * first + 3 * second


def test_linear_layers_have_their_closed_form() -> None:
    """2 B I O forward, again for the weights, again for inputs but the images."""
    with torch.device("meta"):
        network = nn.Sequential(nn.Flatten(), nn.Linear(2 * 4 * 4, 7), nn.Linear(7, 5))
    assert _flops(network, (3, 2, 4, 4)) == 2 * (2 * 3 * 32 * 7) + 3 * (2 * 3 * 7 * 5)


class _Attention(nn.Module):
    """Self-attention of two heads over the pixels of images with 8 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """(B, heads, pixels, 4)."""
        tokens = x_BCHW.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(tokens).view(len(tokens), -1, 3, 2, 4).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v)


def test_attention_has_its_closed_form() -> None:
    """Two products of 2 B heads S² d forward and two for each backward, which the CPU hides."""
    with torch.device("meta"):
        network = _Attention()
    batch, tokens = 2, 16
    projection = 2 * batch * tokens * 8 * 24
    attention = 2 * (2 * batch * 2 * tokens**2 * 4)
    assert _flops(network, (batch, 8, 4, 4)) == 2 * projection + 3 * attention


@pytest.mark.parametrize("name", MODELS)
def test_networks_have_the_closed_form_of_their_layers(name: str) -> None:
    """The sum over the convolutions and linear layers that a real forward pass goes through."""
    model, outputs, criterion, targets = _setting(name)
    network = model.build(IMAGES[1], outputs, IMAGES[2:])
    total = 0

    def add(layer: nn.Module, given: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        (x,) = given
        if isinstance(layer, nn.Linear):
            flops = 2 * len(x) * layer.in_features * layer.out_features
        else:
            assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
            places = x if isinstance(layer, nn.ConvTranspose2d) else output
            weights = layer.in_channels * layer.out_channels * math.prod(layer.kernel_size)
            flops = 2 * len(x) * weights * math.prod(places.shape[2:])
        total += flops * (3 if x.requires_grad else 2)

    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(add)
    network(torch.zeros(IMAGES))
    counted = on_meta(model, (IMAGES[1], outputs), IMAGES[2:])
    shape = StepShape(images=IMAGES, targets=targets, regions=False)
    assert count_flops(counted, criterion, shape) == total


def _really_saved(
    network: nn.Module, criterion: TotalLoss, shape: StepShape, memory: torch.memory_format
) -> int:
    """The bytes that hooks see saved in a real step on the CPU, by the address of each storage."""
    images = torch.rand(shape.images).to(memory_format=memory)
    targets = torch.zeros(shape.targets, dtype=torch.int64)
    roi = torch.ones(shape.targets, dtype=torch.bool) if shape.regions else None
    network.to(memory_format=memory)
    known = [*network.parameters(), images, targets, *([] if roi is None else [roi])]
    skipped = {tensor.untyped_storage().data_ptr() for tensor in known}
    saved: dict[int, int] = {}
    held: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in skipped:
            saved[storage.data_ptr()] = storage.nbytes()
            held.append(tensor)
        return tensor

    half = torch.float16 if shape.precision == "fp16" else torch.bfloat16
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", half, enabled=shape.precision != "fp32"),
    ):
        loss = criterion(network(images), targets, roi)
    loss.backward()
    return sum(saved.values())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", MODELS)
def test_saved_bytes_are_those_of_a_real_step(name: str, precision: str) -> None:
    """Exactly what hooks count on the CPU, with and without autocast."""
    model, outputs, criterion, targets = _setting(name)
    shape = StepShape(images=IMAGES, targets=targets, regions=False, precision=precision)
    predicted = count_saved_bytes(
        on_meta(model, (IMAGES[1], outputs), IMAGES[2:]), criterion, shape
    )
    network = model.build(IMAGES[1], outputs, IMAGES[2:])
    assert predicted == _really_saved(network, criterion, shape, torch.contiguous_format) > 0


def test_saved_bytes_with_a_region_and_channels_last() -> None:
    """The region itself is an input; what its product with the loss saves is counted."""
    model, outputs, criterion, targets = _setting("unet with instance norm")
    shape = StepShape(images=IMAGES, targets=targets, regions=True, channels_last=True)
    predicted = count_saved_bytes(
        on_meta(model, (IMAGES[1], outputs), IMAGES[2:]), criterion, shape
    )
    network = model.build(IMAGES[1], outputs, IMAGES[2:])
    assert predicted == _really_saved(network, criterion, shape, torch.channels_last)


class _Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.second.weight = self.first.weight

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """(B, 6)."""
        output: torch.Tensor = self.second(self.first(x_BCHW.flatten(1)).tanh())
        return output


def test_tied_weights_stay_tied() -> None:
    """A weight that two layers share is a parameter for both and is not counted."""
    shape = StepShape(images=(2, 6, 1, 1), targets=(2,), regions=False)
    with torch.device("meta"):
        network = _Tied()
    predicted = count_saved_bytes(network, CLASSIFIES, shape)
    assert predicted == _really_saved(_Tied(), CLASSIFIES, shape, torch.contiguous_format)


def test_what_reads_values_cannot_be_counted() -> None:
    """No number is given where the network's way hangs on values."""

    class Chooses(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) if x.mean() > 0 else -x

    shape = StepShape(images=(2, 3), targets=(2,), regions=False)
    counts: list[Callable[..., int]] = [count_flops, count_saved_bytes]
    for count in counts:
        with pytest.raises(RuntimeError):
            count(Chooses(3, 3, device="meta"), CLASSIFIES, shape)
