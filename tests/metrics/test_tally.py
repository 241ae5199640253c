"""A pass in parts, on any number of processes, gives what one pass gives."""

from __future__ import annotations

import pytest
import torch

from neurotrain.metrics.base import Metric, TokenMetric, ValueMetric, name_of
from neurotrain.metrics.built_in import BUILT_IN
from neurotrain.metrics.tally import Tally

METRICS: tuple[Metric, ...] = tuple(
    component()  # type: ignore[misc]
    for component in BUILT_IN
    if not issubclass(component, (ValueMetric, TokenMetric))
)
OF_SAMPLES = tuple(metric for metric in METRICS if "classification" in metric.tasks)


def batch(shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Labels, probabilities and truth of three classes."""
    generator = torch.Generator().manual_seed(len(shape))
    probabilities = torch.rand(shape[0], 3, *shape[1:], generator=generator).softmax(1)
    return probabilities.argmax(1), probabilities, torch.randint(0, 3, shape, generator=generator)


@pytest.mark.parametrize("shape", [(12,), (6, 9, 10)])
def test_merged_parts_give_the_same_bits(shape: tuple[int, ...]) -> None:
    """Parts merged in another order than that of the samples change no bit of any value."""
    is_map = len(shape) > 1
    metrics = METRICS if is_map else OF_SAMPLES
    labels, probabilities, targets = batch(shape)
    whole = Tally(metrics, 3, is_map=is_map)
    whole.add(labels, probabilities, targets)
    merged = Tally(metrics, 3, is_map=is_map)
    for part in (slice(4, None), slice(0, 1), slice(1, 4)):
        one = Tally(metrics, 3, is_map=is_map)
        one.add(labels[part], probabilities[part], targets[part])
        merged.merge(one.state())
    for metric in metrics:
        found, expected = merged.per_class(metric), whole.per_class(metric)
        assert torch.equal(found.nan_to_num(-1), expected.nan_to_num(-1)), name_of(metric)
        assert merged.overall(metric) == whole.overall(metric), name_of(metric)


def test_an_empty_part_changes_nothing() -> None:
    """A process that got no samples has a state like any other."""
    labels, probabilities, targets = batch((6, 9, 10))
    tally = Tally(METRICS, 3, is_map=True)
    tally.add(labels, probabilities, targets)
    before = [tally.overall(metric) for metric in METRICS]
    tally.merge(Tally(METRICS, 3, is_map=True).state())
    assert [tally.overall(metric) for metric in METRICS] == before


def test_only_what_is_asked_for_is_gathered() -> None:
    """Metrics of the matrix need no scores and no distances; memory is that of their counts."""
    labels, probabilities, targets = batch((6, 9, 10))
    matrix = tuple(metric for metric in METRICS if name_of(metric) in ("dice", "matthews"))
    tally = Tally(matrix, 3, is_map=True)
    tally.add(labels, None, targets)
    assert set(tally.state()) == {"counts"}
    ranked = Tally(tuple(m for m in METRICS if name_of(m) == "auroc"), 3, is_map=True)
    ranked.add(labels, probabilities, targets)
    size = sum(part.numel() for part in ranked.state().values())
    ranked.add(labels, probabilities, targets)
    assert sum(part.numel() for part in ranked.state().values()) == size
