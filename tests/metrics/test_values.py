"""MAE, RMSE and R2 against torchmetrics and scikit-learn, in one pass and in parts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn
from torchmetrics import MeanAbsoluteError, MeanSquaredError, R2Score

from neurotrain.metrics import get_metric_fns, mae, r2, rmse
from neurotrain.metrics.base import ValueMetric
from neurotrain.metrics.value_tally import ValueTally
from neurotrain.metrics.values import MAE, R2, RMSE

METRICS: tuple[ValueMetric, ...] = (MAE(), RMSE(), R2())


def problem(num: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions and truth of two targets whose sizes differ a thousandfold."""
    generator = torch.Generator().manual_seed(5)
    size = torch.tensor([1.0, 1000.0], dtype=torch.float64)
    truth = torch.randn(num, 2, generator=generator, dtype=torch.float64) * size + 5 * size
    noise = torch.randn(num, 2, generator=generator, dtype=torch.float64) * size
    return truth + 0.4 * noise, truth


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [
        (mae, sklearn.mean_absolute_error),
        (rmse, sklearn.root_mean_squared_error),
        (r2, sklearn.r2_score),
    ],
)
def test_each_target_is_scikit_learns(ours: Callable[..., Any], oracle: Callable[..., Any]) -> None:
    """The values of both targets to eleven digits."""
    predicted, truth = problem()
    expected = oracle(truth.numpy(), predicted.numpy(), multioutput="raw_values")
    np.testing.assert_allclose(ours(predicted, truth).numpy(), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [
        (mae, MeanAbsoluteError(num_outputs=2)),
        (rmse, MeanSquaredError(squared=False, num_outputs=2)),
        (r2, R2Score(multioutput="raw_values")),
    ],
)
def test_each_target_is_torchmetrics(ours: Callable[..., Any], oracle: Any) -> None:
    """The same as a stream of batches gives there."""
    predicted, truth = problem()
    for part in (slice(0, 7), slice(7, 40)):
        oracle.update(predicted[part], truth[part])
    np.testing.assert_allclose(ours(predicted, truth).numpy(), oracle.compute().numpy(), rtol=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_merged_parts_give_the_same_bits(metric: ValueMetric) -> None:
    """Parts in another order, and an empty one, change no bit."""
    predicted, truth = problem()
    whole = ValueTally(2)
    whole.add(predicted, truth)
    merged = ValueTally(2)
    for part in (slice(30, 40), slice(0, 0), slice(0, 11), slice(11, 30)):
        one = ValueTally(2)
        one.add(predicted[part], truth[part])
        merged.merge(one.state())
    assert torch.equal(merged.per_target(metric), whole.per_target(metric))
    assert merged.overall(metric) == whole.overall(metric)


def test_large_numbers_lose_nothing() -> None:
    """Years with seconds of difference: sums of squares would have no digit left."""
    truth = torch.tensor([[1e9 + 1], [1e9 + 2], [1e9 + 3]], dtype=torch.float64)
    predicted = truth + torch.tensor([[0.5], [-0.5], [0.0]], dtype=torch.float64)
    assert float(r2(predicted, truth)) == 0.75


def test_overall_is_the_mean_over_the_targets() -> None:
    """A target without a value is left out."""
    tally = ValueTally(2)
    predicted, truth = problem()
    tally.add(predicted, torch.stack([truth[:, 0], torch.full((40,), 7.0)], 1))
    assert math.isnan(tally.per_target(R2())[1])
    assert tally.overall(R2()) == float(tally.per_target(R2())[0])
    assert tally.overall(MAE()) == float(tally.per_target(MAE()).mean())


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_and_nothing_finite_have_no_value(metric: ValueMetric) -> None:
    """No sample, or a prediction that is no number."""
    assert math.isnan(ValueTally(1).overall(metric))
    tally = ValueTally(1)
    tally.add(torch.tensor([[1.0], [math.inf]]), torch.tensor([[1.0], [2.0]]))
    assert math.isnan(tally.overall(metric))


def test_metrics_from_a_list_take_numbers_of_one_target() -> None:
    """Predictions (B,) are of one target; other shapes are refused."""
    functions = get_metric_fns(["mae", "r2"])
    predicted, truth = problem()
    assert float(functions["mae"](predicted[:, 0], truth[:, 0])) == float(mae(predicted, truth)[0])
    with pytest.raises(ValueError, match="numbers are"):
        functions["r2"](predicted, truth[:, :1])


def test_directions() -> None:
    """Errors fall, the explained share rises."""
    assert [metric.better for metric in METRICS] == ["min", "min", "max"]
