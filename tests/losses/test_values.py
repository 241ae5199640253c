"""The losses of a regression against torch, and what the sum of losses does with targets."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn

from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.targets import in_units, learned_targets, standardized
from neurotrain.losses.base import Loss
from neurotrain.losses.built_in import get_criterion
from neurotrain.losses.total import TotalLoss
from neurotrain.losses.values import HuberLoss, MeanAbsoluteErrorLoss, MeanSquaredError


def problem() -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and numbers of five samples and three targets."""
    generator = torch.Generator().manual_seed(3)
    numbers = 40 + 12 * torch.randn(5, 3, generator=generator, dtype=torch.float64)
    return 40 + 12 * torch.randn(5, 3, generator=generator), numbers


@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        (MeanSquaredError(), nn.MSELoss()),
        (MeanAbsoluteErrorLoss(), nn.L1Loss()),
        (HuberLoss(), nn.HuberLoss()),
        (HuberLoss(delta=7.5), nn.HuberLoss(delta=7.5)),
    ],
)
def test_losses_are_torchs(loss: Loss, oracle: nn.Module) -> None:
    """Value and gradient are those of torch's modules in float32."""
    outputs, numbers = problem()
    ours, theirs = outputs.clone().requires_grad_(), outputs.clone().requires_grad_()
    value, expected = TotalLoss((loss,))(ours, numbers), oracle(theirs, numbers.float())
    value.backward()  # type: ignore[no-untyped-call]
    expected.backward()
    assert torch.equal(value, expected)
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.equal(ours.grad, theirs.grad)


def samples(numbers: torch.Tensor) -> list[SampleInfo]:
    """Samples with these numbers."""
    return [SampleInfo(id=str(row), values=tuple(one)) for row, one in enumerate(numbers.tolist())]


def test_standardised_targets_are_scikit_learns() -> None:
    """Mean and deviation are those of `StandardScaler`, and so are the numbers that are learned."""
    outputs, numbers = problem()
    targets = learned_targets(("a", "b", "c"), samples(numbers), standardize=True)
    scaler = StandardScaler().fit(numbers.numpy())
    np.testing.assert_allclose([target.mean for target in targets], scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose([t.deviation for t in targets], scaler.scale_, rtol=1e-12)
    expected = scaler.transform(numbers.numpy())
    np.testing.assert_allclose(standardized(numbers, targets).numpy(), expected, rtol=1e-5)
    back = in_units(outputs, targets).numpy()
    np.testing.assert_allclose(back, scaler.inverse_transform(outputs.numpy()), rtol=1e-6)


def test_the_loss_is_of_standardised_targets() -> None:
    """With a scale the targets are put on it; the outputs are on it already."""
    outputs, numbers = problem()
    targets = learned_targets(("a", "b", "c"), samples(numbers), standardize=True)
    scaler = StandardScaler().fit(numbers.numpy())
    expected = nn.MSELoss()(outputs, torch.tensor(scaler.transform(numbers.numpy())).float())
    assert torch.allclose(TotalLoss((MeanSquaredError(),), targets)(outputs, numbers), expected)


def test_targets_as_they_are_have_no_scale() -> None:
    """Without `standardize` the numbers are learned to the last bit as they are."""
    _, numbers = problem()
    targets = learned_targets(("a", "b", "c"), samples(numbers), standardize=False)
    assert torch.equal(standardized(numbers, targets), numbers.float())


def test_a_constant_target_is_refused_by_name() -> None:
    """There is no deviation to divide by."""
    constant = [SampleInfo(id=str(row), values=(0.1 + row, 0.3)) for row in range(3)]
    with pytest.raises(ValueError, match=r"^site$"):
        learned_targets(("age", "site"), constant, standardize=True)


@pytest.mark.parametrize("shape", [(5,), (5, 1), (3, 5)])
def test_numbers_are_never_broadcast(shape: tuple[int, ...]) -> None:
    """Targets of another shape than the outputs are an error, not torch's warning."""
    outputs, _ = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"targets of logits \(5, 3\)"):
            get_criterion("mse")(outputs, torch.zeros(shape))


@pytest.mark.parametrize("config", [["mse", "cross_entropy"], ["dice", "huber"]])
def test_losses_of_classes_and_numbers_are_not_added(config: Any) -> None:
    """From Python as from a spec."""
    with pytest.raises(ValueError, match="cannot be added up"):
        get_criterion(config)
