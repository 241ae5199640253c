"""Networks against MONAI's built by hand, on images of odd sizes, and from plain dicts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from monai.networks.nets.basic_unet import BasicUNet as MonaiBasicUNet
from monai.networks.nets.unet import UNet as MonaiUNet
from torch import nn

from neurotrain.engine.inference import Inference
from neurotrain.models import get_model
from neurotrain.models.base import Model
from neurotrain.models.classifiers import MLP, SimpleCNN
from neurotrain.models.unet import BasicUNet, UNet

ODD_SIZES = [(5, 3), (7, 13), (33, 20), (48, 48), (65, 31)]
SEGMENTERS: dict[str, Model] = {
    "unet": UNet(channels=(4, 8, 16)),
    "unet-strides": UNet(channels=(4, 4, 8, 16), strides=(1, 2, 2), norm="batch"),
    "basic_unet": BasicUNet(features=(4, 4, 8, 8, 16, 4), norm="batch"),
}


def num_parameters(module: nn.Module) -> int:
    """Weights and biases."""
    return sum(parameter.numel() for parameter in module.parameters())


def built(model: Model, in_channels: int = 3, out_channels: int = 2) -> nn.Module:
    """The network in evaluation mode, with weights of a fixed seed."""
    torch.manual_seed(0)
    return model.build(in_channels, out_channels, None).eval()


def monai_unet(**settings: Any) -> nn.Module:
    """MONAI's UNet with the same weights' seed."""
    torch.manual_seed(0)
    module: nn.Module = MonaiUNet(spatial_dims=2, in_channels=3, out_channels=2, **settings)
    return module.eval()


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (
            UNet(),
            {"channels": (16, 32, 64), "strides": (2, 2), "num_res_units": 2, "norm": "instance"},
        ),
        (
            UNet(channels=(4, 8), num_res_units=0, norm="batch", activation="relu", dropout=0.2),
            {"channels": (4, 8), "strides": (2,), "norm": "batch", "act": "relu", "dropout": 0.2},
        ),
        (
            UNet(channels=(4, 4, 8), strides=(1, 2), activation="leakyrelu", num_res_units=1),
            {"channels": (4, 4, 8), "strides": (1, 2), "act": "leakyrelu", "num_res_units": 1},
        ),
    ],
    ids=["default", "plain", "strides"],
)
def test_unet_is_monais(model: UNet, settings: dict[str, Any]) -> None:
    """Weights and outputs are those of MONAI's UNet."""
    ours, theirs = built(model), monai_unet(**settings)
    images = torch.randn(2, 3, 16, 24)
    assert num_parameters(ours) == num_parameters(theirs)
    with torch.inference_mode():
        assert torch.equal(ours(images), theirs(images))


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_basic_unet_is_monais(norm: Any) -> None:
    """Weights and outputs are those of MONAI's BasicUNet."""
    features = (4, 4, 8, 8, 16, 4)
    ours = built(BasicUNet(features=features, norm=norm))
    torch.manual_seed(0)
    kind = (norm, {"affine": True})
    theirs = MonaiBasicUNet(2, 3, 2, features=features, norm=kind).eval()
    images = torch.randn(2, 3, 32, 48)
    assert num_parameters(ours) == num_parameters(theirs)
    with torch.inference_mode():
        assert torch.equal(ours(images), theirs(images))


@pytest.mark.parametrize("size", ODD_SIZES)
@pytest.mark.parametrize("name", SEGMENTERS)
def test_images_of_any_size_are_segmented(name: str, size: tuple[int, int]) -> None:
    """With evaluation's padding, logits have the size of the image."""
    model = SEGMENTERS[name]
    inference = Inference(device=torch.device("cpu"), divisor=model.divisor)
    with torch.inference_mode():
        logits = inference.logits(built(model), torch.randn(2, 3, *size))
    assert logits.shape == (2, 2, *size)
    assert bool(logits.isfinite().all())


def test_a_single_pixel_is_segmented() -> None:
    """With batch normalisation even one pixel passes; instance normalisation needs more."""
    model = SEGMENTERS["unet-strides"]
    inference = Inference(device=torch.device("cpu"), divisor=model.divisor)
    with torch.inference_mode():
        assert inference.logits(built(model), torch.randn(1, 3, 1, 1)).shape == (1, 2, 1, 1)


@pytest.mark.parametrize("name", SEGMENTERS)
def test_the_divisor_is_what_the_network_needs(name: str) -> None:
    """An image of one divisor passes; the padding makes no other size of it."""
    model = SEGMENTERS[name]
    with torch.inference_mode():
        for factor in (2, 3):
            side = model.divisor * factor
            assert built(model)(torch.randn(1, 3, side, side)).shape == (1, 2, side, side)


@pytest.mark.parametrize(
    ("model", "divisor"), [(UNet(channels=(4, 8, 16, 32)), 8), (UNet(strides=(1, 2)), 2)]
)
def test_divisors_follow_the_strides(model: UNet, divisor: int) -> None:
    """The divisor is the product of the strides."""
    assert model.divisor == divisor


def test_strides_that_do_not_fit_are_told() -> None:
    """Strides of another number than levels are a contradiction, matching ones none."""
    found = UNet(strides=(2,)).contradiction()
    assert found is not None
    assert found.why == "3 channels are levels that need 2 strides; there are 1"
    assert found.remedy == "write strides: [2, 2]"
    assert UNet(strides=(1, 1)).contradiction() is None


@pytest.mark.parametrize("size", [(2, 2), (7, 13), (8, 8), (33, 20)])
def test_the_cnn_takes_any_size(size: tuple[int, int]) -> None:
    """From 2 ** (blocks - 1) pixels on there is one logit a class."""
    network = built(SimpleCNN(channels=(4, 8)), in_channels=1, out_channels=10)
    with torch.inference_mode():
        assert network(torch.randn(3, 1, *size)).shape == (3, 10)


def test_the_cnns_parameters_are_counted_by_hand() -> None:
    """Two blocks of two convolutions with batch normalisation, and a linear layer."""
    blocks = 9 * (1 * 4 + 4 * 4 + 4 * 8 + 8 * 8) + 2 * (4 + 4 + 8 + 8)
    assert num_parameters(SimpleCNN(channels=(4, 8)).build(1, 10, None)) == blocks + 8 * 10 + 10


def test_the_mlps_parameters_are_counted_by_hand() -> None:
    """Linear layers from all pixels over the hidden widths to the classes."""
    network = MLP(hidden=(5, 4)).build(3, 2, (6, 7))
    assert num_parameters(network) == (3 * 6 * 7 + 1) * 5 + (5 + 1) * 4 + (4 + 1) * 2
    assert network(torch.randn(9, 3, 6, 7)).shape == (9, 2)


def test_an_mlp_without_hidden_layers_is_linear() -> None:
    """No hidden layer is allowed."""
    assert num_parameters(MLP(hidden=()).build(1, 3, (2, 2))) == (4 + 1) * 3


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("kind", [SimpleCNN, MLP])
def test_dropout_acts_in_training_only(kind: Any, dropout: float) -> None:
    """With dropout two passes in training differ; without it, and in evaluation, they do not."""
    network = kind(dropout=dropout).build(1, 3, (8, 8))
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(network(images), network(images)) == (dropout == 0)
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize(
    ("name", "config", "component"),
    [
        ("unet", {"channels": [4, 8]}, UNet(channels=(4, 8))),
        ("basic_unet", {"features": [4, 4, 4, 4, 4, 4]}, BasicUNet(features=(4,) * 6)),  # type: ignore[arg-type]
        ("simple_cnn", {"channels": [4]}, SimpleCNN(channels=(4,))),
        ("mlp", {"hidden": [3], "image_size": [16, 16]}, MLP(hidden=(3,))),
    ],
)
def test_a_plain_dict_is_the_specs_model(
    name: str, config: dict[str, Any], component: Model
) -> None:
    """A name and a dict give the network of the component, weights included."""
    torch.manual_seed(3)
    expected = component.build(2, 5, (16, 16)).state_dict()
    torch.manual_seed(3)
    found = get_model(name, {"in_channels": 2, "out_channels": 5, **config}).state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in found)


@pytest.mark.parametrize(
    ("name", "config", "told"),
    [
        ("unett", {}, "no model is named 'unett'; did you mean 'unet'?"),
        ("unet", {"chanels": [4, 8]}, "'unet' has no key 'chanels'; did you mean 'channels'?"),
        ("unet", {"type": "mlp"}, "named 'unet' and 'mlp'"),
        ("unet", {"channels": [4]}, "at `$.channels`"),
        ("unet", {"strides": [2]}, "3 channels are levels that need 2 strides"),
        ("unet", {"out_channels": 0}, "at `$.out_channels`"),
        ("mlp", {}, "'mlp' needs `image_size`"),
    ],
)
def test_wrong_models_are_told(name: str, config: dict[str, Any], told: str) -> None:
    """What is wrong is said, with the nearest name that is right."""
    with pytest.raises(ValueError, match=r".") as caught:
        get_model(name, {"in_channels": 1, "out_channels": 1, **config})
    assert told in str(caught.value)


def test_channels_must_be_given() -> None:
    """There is no data to derive them from."""
    with pytest.raises(ValueError, match="in_channels"):
        get_model("unet", {})
