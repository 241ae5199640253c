"""Every network on one to three channels and two or three classes, as training and tests use it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import torch
from monai.networks.nets.densenet import DenseNet121
from monai.networks.nets.resnet import resnet18, resnet50
from torch import nn

from neurotrain.engine.inference import Inference
from neurotrain.models import BUILT_IN
from neurotrain.models.base import Model
from neurotrain.models.classifiers import MLP, SimpleCNN
from neurotrain.models.large_classifiers import DenseNet, EfficientNet, ResNet, ViT
from neurotrain.models.segmenters import AttentionUNet, DynUNet, SegResNet, SwinUNETR
from neurotrain.models.unet import BasicUNet, UNet

SMALL: dict[str, Model] = {
    "unet": UNet(channels=(4, 8)),
    "basic_unet": BasicUNet(features=(4, 4, 8, 8, 16, 4)),
    "attention_unet": AttentionUNet(channels=(4, 8, 8), dropout=0.1),
    "segresnet": SegResNet(filters=4, groups=2, blocks_down=(1, 1, 1), blocks_up=(1, 1)),
    "segresnet-bilinear": SegResNet(filters=8, upsampling="bilinear", dropout=0.1),
    "dynunet": DynUNet(channels=(4, 8, 8)),
    "dynunet-residual": DynUNet(channels=(16,) * 3, residual=True, norm="batch", dropout=0.1),
    "swin_unetr": SwinUNETR(feature_size=12, depths=(1, 1, 1, 1)),
    "swin_unetr-batch": SwinUNETR(feature_size=12, norm="batch", window=4, drop_path=0.1),
    "simple_cnn": SimpleCNN(channels=(4, 8)),
    "mlp": MLP(),
    "resnet": ResNet(depth=10),
    "resnet-bottleneck": ResNet(depth=50, first_stride=1),
    "densenet": DenseNet(dropout=0.1),
    "efficientnet": EfficientNet(),
    "vit": ViT(patch=8, hidden_size=24, mlp_size=48, layers=2, heads=3, dropout=0.1),
}
SIZE = (64, 96)
each = pytest.mark.parametrize("name", SMALL)
of_any_size = pytest.mark.parametrize("name", [n for n, m in SMALL.items() if not m.needs_size])
ODD_SIZES = [(33, 45), (70, 37)]


def built(model: Model, in_channels: int = 3, out_channels: int = 2) -> nn.Module:
    """The network with the weights of a fixed seed."""
    torch.manual_seed(0)
    return model.build(in_channels, out_channels, SIZE)


def test_every_network_is_here() -> None:
    """A new one has to be added to the table; those of text have tests of their own."""
    assert {name.partition("-")[0] for name in SMALL} | {"gpt2", "llama"} == {
        component.__struct_config__.tag for component in BUILT_IN
    }


@each
@pytest.mark.parametrize(("in_channels", "out_channels"), [(1, 1), (3, 3)])
def test_it_learns_in_any_setting(name: str, in_channels: int, out_channels: int) -> None:
    """In bfloat16 with channels last, logits have their shape and every weight its gradient."""
    model = SMALL[name]
    network = built(model, in_channels, out_channels).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(2, in_channels, *SIZE).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(images)
    is_map = "segmentation" in model.tasks
    assert logits.shape == (2, out_channels, *(SIZE if is_map else ()))
    logits.float().square().mean().backward()
    gradients = [weight.grad for weight in network.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in gradients)


@each
def test_first_weights_follow_the_seed(name: str) -> None:
    """The same seed gives the same weights, another one others."""
    first, again = built(SMALL[name]).state_dict(), built(SMALL[name]).state_dict()
    torch.manual_seed(1)
    other = SMALL[name].build(3, 2, SIZE).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@of_any_size
def test_images_of_odd_sizes_pass(name: str) -> None:
    """Evaluation pads to the divisor; the logits have the size of the image."""
    model = SMALL[name]
    inference = Inference(device=torch.device("cpu"), divisor=model.divisor)
    network = built(model).eval()
    for size in ODD_SIZES:
        with torch.inference_mode():
            logits = inference.logits(network, torch.randn(1, 3, *size))
        assert logits.shape == ((1, 2, *size) if "segmentation" in model.tasks else (1, 2))
        assert bool(logits.isfinite().all())


@of_any_size
def test_the_least_side_passes_and_less_does_not(name: str) -> None:
    """`min_side` is what the network takes; one step smaller it fails, or there is no smaller."""
    model = SMALL[name]
    network, side = built(model).eval(), model.min_side
    with torch.inference_mode():
        assert network(torch.randn(1, 3, side, side)).shape[:2] == (1, 2)
        smaller = side - model.divisor
        if smaller > 0 and name not in ("basic_unet",):
            with pytest.raises((RuntimeError, ValueError)):
                network(torch.randn(1, 3, smaller, smaller))


@each
def test_it_can_be_built_without_memory(name: str) -> None:
    """On the meta device a network gives the shape of its logits."""
    with torch.device("meta"):
        network = SMALL[name].build(3, 2, SIZE)
        logits = network(torch.empty(2, 3, *SIZE))
    assert logits.device.type == "meta"
    assert logits.shape[:2] == (2, 2)


@each
def test_nothing_is_downloaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building opens no connection."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    built(SMALL[name])


@pytest.mark.parametrize("version", ["b1", "b2", "b3", "b4", "b5", "b6", "b7"])
def test_every_efficientnet_takes_its_least_side(version: Any) -> None:
    """The padding of each version suits images of 32 pixels."""
    model = EfficientNet(version=version)
    with torch.device("meta"):
        assert model.build(1, 2, None)(torch.empty(2, 1, 32, 32)).shape == (2, 2)


@pytest.mark.parametrize(
    ("model", "theirs"),
    [
        (ResNet(depth=18, first_stride=1), lambda: resnet18(**RESNET)),
        (ResNet(depth=50, first_stride=1), lambda: resnet50(**RESNET)),
        (DenseNet(), lambda: DenseNet121(2, 3, 2)),
    ],
)
def test_networks_by_depth_are_monais(model: Model, theirs: Any) -> None:
    """The depth gives the blocks and the weights of MONAI's network of that name."""
    found = built(model).state_dict()
    torch.manual_seed(0)
    expected = theirs().state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in found)


RESNET = {"spatial_dims": 2, "n_input_channels": 3, "num_classes": 2, "bias_downsample": False}


def test_resnets_weights_are_named_as_torchvisions() -> None:
    """So weights of ImageNet from there fit; the names are those of its documented module tree."""
    names = built(ResNet(depth=18)).state_dict()
    for wanted in ("conv1.weight", "bn1.running_var", "layer1.0.conv2.weight", "fc.bias",
                   "layer2.0.downsample.0.weight", "layer4.1.bn2.num_batches_tracked"):  # fmt: skip
        assert wanted in names
    assert "layer2.0.downsample.0.bias" not in names
    assert (
        sum(weight.numel() for weight in built(ResNet(depth=18), 3, 1000).parameters()) == 11689512
    )


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (AttentionUNet(strides=(2,)), "3 channels are levels that need 2 strides; there are 1"),
        (SegResNet(filters=12), "12 filters do not divide into 8 groups"),
        (SegResNet(blocks_up=(1,)), "4 levels in blocks_down need 3 in blocks_up; there are 1"),
        (
            DynUNet(channels=(8, 16, 32), residual=True),
            "residual blocks need 16 channels in every level; one has 8",
        ),
        (DynUNet(channels=(8, 16, 32)), ""),
        (SwinUNETR(feature_size=20), "feature_size is 20, which is no multiple of 12"),
        (ViT(hidden_size=100), "hidden_size 100 does not divide into 6 heads"),
        (ViT(), ""),
    ],
    ids=repr,
)
def test_contradictions_are_told(model: Model, told: str) -> None:
    """With both values, in one line."""
    found = model.contradiction()
    assert (found.why if found is not None else "") == told
