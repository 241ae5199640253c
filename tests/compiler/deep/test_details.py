"""Names of what is recorded of layers and parameters, against what a training records."""

from __future__ import annotations

import pickle
from typing import Final

import pytest
import torch

from neurotrain.compiler.deep.details import activation_names, gradient_names
from neurotrain.compiler.deep.network import on_meta
from neurotrain.engine.activations import ActivationProbe
from neurotrain.models.base import Model
from neurotrain.models.classifiers import SimpleCNN
from neurotrain.models.large_classifiers import ViT
from neurotrain.models.unet import UNet
from tests.compiler.conftest import Compiling

MODELS: Final[dict[str, Model]] = {
    "unet": UNet(channels=(4, 8)),
    "cnn": SimpleCNN(channels=(4, 8), dropout=0.5),
    "vit": ViT(patch=8, hidden_size=16, mlp_size=16, layers=2, heads=2),
}
SPEC: Final = "extends: bases/segmentation.yaml\n"


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("pattern", ["*", "*1", "*0*"])
def test_activations_are_named_as_the_training_names_them(kind: str, pattern: str) -> None:
    """Containers that are never called and outputs that are no tensor have no values."""
    model = MODELS[kind]
    real = model.build(1, 3, (16, 16)).train()
    with ActivationProbe(real, [pattern]) as probe:
        real(torch.rand(2, 1, 16, 16))
        probe.count_update()
        recorded = set(probe.values())
    network = on_meta(model, (1, 3), (16, 16))
    images = torch.empty(2, 1, 16, 16, device="meta")
    assert set(activation_names(network, [pattern, pattern], images)) == recorded
    hooks = [hook for layer in network.modules() for hook in layer._forward_hooks]
    assert not hooks


def test_frozen_parameters_have_no_gradient() -> None:
    """Their norms are not recorded."""
    network = on_meta(MODELS["cnn"], (1, 3), (16, 16))
    first, *others = network.named_parameters()
    first[1].requires_grad_(False)
    assert gradient_names(network) == [f"grad_norm/{name}" for name, _ in others]


def test_a_checkpoint_has_room_for_their_history(compiling: Compiling) -> None:
    """Twenty epochs of every layer's values outweigh a small network."""
    sizes = []
    for record in ("{}", "{grad_norms: true, activations: ['*']}"):
        plan = compiling(SPEC, f"train.record={record}", deep=True).plan
        sizes.append(next(p.value for p in plan.predictions if p.name == "checkpoint"))
    network = UNet(channels=(8, 16, 32)).build(3, 1, (64, 64))
    images = torch.empty(8, 3, 64, 64, device="meta")
    names = [*gradient_names(network), *activation_names(network.to("meta"), ["*"], images)]
    history = {name: [[epoch + 256, 0.5] for epoch in range(20)] for name in names}
    assert sizes[1] - sizes[0] == pytest.approx(len(pickle.dumps(history, 2)), rel=0.05)
