"""Settings by parameter: decay, rate and freezing go to the parameters that are meant."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neurotrain.optim import get_optimizer
from neurotrain.optim.optimizers import SGD, AdamW, ParameterGroup
from neurotrain.optim.parameters import NoSuchParameter, parameter_groups, unmatched


class Network(nn.Module):
    """An encoder with a norm, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3))
        self.head = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        out: torch.Tensor = self.head(self.encoder(x).relu())
        return out


def stepped(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """The parameters after three updates on fixed data."""
    x = torch.linspace(-1, 1, 20).reshape(5, 4)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()
    return [parameter.detach() for parameter in model.parameters()]


def network() -> Network:
    """Always the same weights."""
    torch.manual_seed(0)
    return Network()


def test_norms_and_biases_do_not_decay() -> None:
    """The updates are those of torch with two groups written by hand."""
    ours = network()
    config = AdamW(weight_decay=0.5, weight_decay_on="weights")
    found = stepped(ours, config.build(parameter_groups(config, ours)))
    theirs = network()
    decayed = [theirs.encoder[0].weight, theirs.head.weight]
    others = [theirs.encoder[0].bias, *theirs.encoder[1].parameters(), theirs.head.bias]
    groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    wanted = stepped(theirs, torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.5))
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_an_encoder_has_its_own_rate() -> None:
    """So with a rate and a decay of its own for what a pattern matches."""
    ours = network()
    config = {
        "type": "sgd",
        "learning_rate": 0.1,
        "groups": [{"match": "encoder.*", "learning_rate": 0.01, "weight_decay": 0.2}],
    }
    found = stepped(ours, get_optimizer(config, ours))
    theirs = network()
    groups = [
        {"params": theirs.head.parameters()},
        {"params": theirs.encoder.parameters(), "lr": 0.01, "weight_decay": 0.2},
    ]
    wanted = stepped(theirs, torch.optim.SGD(groups, lr=0.1, momentum=0.9))
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_frozen_parameters_keep_their_values() -> None:
    """They are in no group, and no gradient is computed for them."""
    model = network()
    before = model.encoder[0].weight.clone()
    config = SGD(groups=(ParameterGroup(match="encoder.0.*", frozen=True),))
    stepped(model, config.build(parameter_groups(config, model)))
    assert torch.equal(model.encoder[0].weight, before)
    assert model.encoder[0].weight.grad is None


def test_the_first_group_that_matches_counts() -> None:
    """A later one that is left with nothing is told."""
    groups = (ParameterGroup(match="head.*"), ParameterGroup(match="*.bias"))
    assert unmatched(groups, ["head.bias", "encoder.0.bias"]) == ()
    assert unmatched(groups, ["head.bias", "head.weight"]) == (1,)


@pytest.mark.parametrize(
    ("match", "told"),
    [("encodr.*", r"groups\[0\]\.match 'encodr\.\*' matches no parameter.*encoder\.0\.weight")],
)
def test_a_pattern_without_parameters_is_told(match: str, told: str) -> None:
    """With the names that there are."""
    config = SGD(groups=(ParameterGroup(match=match, learning_rate=0.1),))
    with pytest.raises(NoSuchParameter, match=told):
        parameter_groups(config, network())


def test_nothing_left_to_train_is_told() -> None:
    """Everything frozen is no training."""
    config = SGD(groups=(ParameterGroup(match="*", frozen=True),))
    with pytest.raises(NoSuchParameter, match="every parameter is frozen"):
        parameter_groups(config, network())


def test_settings_by_name_need_the_model() -> None:
    """Parameters alone have no names."""
    config = {"type": "sgd", "weight_decay_on": "weights"}
    with pytest.raises(ValueError, match="give the model instead"):
        get_optimizer(config, network().parameters())
