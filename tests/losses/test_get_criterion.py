"""Criteria from plain names, maps and lists."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from neurotrain.losses import get_criterion
from neurotrain.losses.likelihood import BinaryCrossEntropy
from neurotrain.losses.overlap import DiceLoss
from neurotrain.losses.total import TotalLoss

LOGITS = torch.randn(2, 1, 5, 7, generator=torch.Generator().manual_seed(0))
TARGETS = (LOGITS[:, 0] > 0.3).long()


@pytest.mark.parametrize(
    ("config", "losses"),
    [
        ("dice", (DiceLoss(),)),
        ({"type": "bce", "positive_weight": 2}, (BinaryCrossEntropy(positive_weight=2.0),)),
        (["dice", {"type": "bce", "weight": 0.5}], (DiceLoss(), BinaryCrossEntropy(weight=0.5))),
    ],
)
def test_a_plain_config_is_the_specs_loss(config: Any, losses: Any) -> None:
    """A name, a map and a list give what the components give."""
    expected = TotalLoss(losses)(LOGITS, TARGETS)
    assert torch.equal(get_criterion(config)(LOGITS, TARGETS), expected)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("dicee", "no loss is named 'dicee'; did you mean 'dice'?"),
        ({"type": "bce", "wieght": 1}, "'bce' has no key 'wieght'; did you mean 'weight'?"),
        ({"weight": 1}, "this loss has no `type`; there are: bce, cldice, cross_entropy, dice"),
        ({"type": "bce", "weight": "much"}, "Expected `float`, got `str` - at `$.weight`"),
        ({"type": "bce", "weight": -1}, "at `$.weight`"),
        ([], "at least one loss"),
        ([3], "not 3"),
    ],
)
def test_faults_are_named(config: Any, told: str) -> None:
    """What is wrong is said, with the nearest name that is right."""
    with pytest.raises(ValueError, match=r".") as caught:
        get_criterion(config)
    assert told in str(caught.value)
