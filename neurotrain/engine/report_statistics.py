"""What the samples of a test say together: order, means, and how sure they are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neurotrain.recorder.results import FoldScore, SampleScore, TestResult

SEED: Final = 1979
CONFIDENCE: Final = 0.95
CORRECT: Final = "correct"
"""The name of the share of samples that are classified right."""
_MOST_RESAMPLES: Final = 10_000
_FEWEST_RESAMPLES: Final = 1_000
_MOST_DRAWS: Final = 20_000_000
_DRAWS_AT_ONCE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One value over the samples for which it is a finite number."""

    name: str
    mean: float
    sd: float
    """With n - 1 in the denominator; NaN for fewer than two samples."""
    low: float
    """The ends of the 95 % interval of the mean; NaN for fewer than two samples."""
    high: float
    median: float
    num: int
    num_left_out: int
    """Samples for which the value is undefined or infinite."""


def summaries(result: TestResult) -> tuple[Summary, ...]:
    """Every metric and the loss over the samples; for classification what is correct, and the loss.

    Other metrics say nothing about a single classified sample. For a regression the absolute error
    of each target, and the loss.
    """
    samples = result.samples
    if result.task == "classification":
        columns = {CORRECT: [float(is_right(sample)) for sample in samples]}
    elif result.task == "regression":
        columns = {
            error_name(target): [absolute_error(sample, place) for sample in samples]
            for place, target in enumerate(result.targets)
        }
    else:
        names = dict.fromkeys(name for sample in samples for name in sample.metrics)
        first = sorted(names, key=lambda name: name != result.main_metric)
        columns = {
            name: [sample.metrics.get(name, math.nan) for sample in samples] for name in first
        }
    columns["loss"] = [sample.loss for sample in samples]
    return tuple(summary(name, values) for name, values in columns.items() if values)


def error_name(target: str) -> str:
    """What the absolute error of a target is called."""
    return f"error of {target}"


def absolute_error(sample: SampleScore, place: int) -> float:
    """How far a sample's prediction of a target is from the truth."""
    truth, predicted = sample.values[place]
    return abs(predicted - truth)


def spread_ranks(result: TestResult, num: int) -> dict[int, int]:
    """At most so many samples, evenly spaced from the worst to the best: place to number."""
    ranked = worst_first(result)
    num = min(num, len(ranked))
    ranks = [round(i * (len(ranked) - 1) / max(1, num - 1)) for i in range(num)]
    return {ranked[rank]: number for number, rank in enumerate(ranks, start=1)}


def summary(name: str, values: Sequence[float]) -> Summary:
    """Mean, deviation, interval and median of the finite values."""
    finite = np.asarray([value for value in values if math.isfinite(value)], dtype=np.float64)
    low, high = bootstrap_interval(finite)
    return Summary(
        name=name,
        mean=float(finite.mean()) if len(finite) else math.nan,
        sd=float(finite.std(ddof=1)) if len(finite) > 1 else math.nan,
        low=low,
        high=high,
        median=float(np.median(finite)) if len(finite) else math.nan,
        num=len(finite),
        num_left_out=len(values) - len(finite),
    )


def num_resamples(num_values: int) -> int:
    """How often the bootstrap draws: 10,000 times, less often for very many values."""
    affordable = _MOST_DRAWS // max(1, num_values)
    return max(_FEWEST_RESAMPLES, min(_MOST_RESAMPLES, affordable))


def bootstrap_interval(
    values: NDArray[np.float64], *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The percentile bootstrap's interval of the mean, the same at every call.

    NaN for fewer than two values. Efron, Bootstrap methods: another look at the jackknife,
    Annals of Statistics 7 (1979) 1-26.
    """
    if len(values) < 2:
        return math.nan, math.nan
    draw = np.random.Generator(np.random.PCG64(SEED))
    left = num_resamples(len(values))
    block = max(1, _DRAWS_AT_ONCE // len(values))
    means = []
    while left > 0:
        rows = min(block, left)
        means.append(values[draw.integers(0, len(values), (rows, len(values)))].mean(axis=1))
        left -= rows
    tail = 50 * (1 - confidence)
    low, high = np.percentile(np.concatenate(means), (tail, 100 - tail))
    return float(low), float(high)


def worst_first(result: TestResult) -> list[int]:
    """The places of the samples in order from worst to best.

    By the main metric; samples for which it is undefined come last. In classification the
    misclassified ones come first, and the loss decides among equals everywhere, and alone in a
    regression.
    """
    return sorted(range(len(result.samples)), key=lambda at: (*_badness(result, at), at))


def is_right(sample: SampleScore) -> bool:
    """Whether a classified sample's prediction is its class."""
    return sample.truth == sample.prediction


def score_of(result: TestResult, sample: SampleScore) -> tuple[str, float]:
    """The name and the value of what ranks a sample: the main metric, or the loss."""
    if result.task == "classification" or result.main_metric not in sample.metrics:
        return "loss", sample.loss
    return result.main_metric, sample.metrics[result.main_metric]


def _badness(result: TestResult, at: int) -> tuple[float, float]:
    """Two numbers, smaller for worse samples."""
    sample = result.samples[at]
    by_loss = -math.inf if math.isnan(sample.loss) else -sample.loss
    if result.task == "classification":
        return float(is_right(sample)), by_loss
    name, value = score_of(result, sample)
    if name == "loss":
        return by_loss, 0.0
    if math.isnan(value):
        return math.inf, by_loss
    return (-value if name in result.falling else value), by_loss


def deviations(folds: Sequence[FoldScore]) -> dict[str, float]:
    """The standard deviation of each value over the folds, with n - 1 in the denominator."""
    names = folds[0].overall
    return {name: _deviation([fold.overall[name] for fold in folds]) for name in names}


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if all(map(math.isfinite, values)) else math.nan
