"""What a test found, as data: the tester makes it, reports and pictures show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleScore:
    """One sample's own values; a metric that is not defined for it is NaN."""

    id: str
    loss: float
    metrics: Mapping[str, float]
    truth: str = ""
    """The class name, in classification."""
    prediction: str = ""
    values: tuple[tuple[float, float], ...] = ()
    """In a regression, truth and prediction of each target in its units."""
    answers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of several tasks, truth and prediction of each as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldScore:
    """What one training of a cross-validation gives on the samples held out of it."""

    number: int
    """Counted from 1."""
    weights: str
    num_samples: int
    overall: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """The scores of one test."""

    run: str
    spec: str
    task: str
    """`segmentation`, `classification`, `regression`, `causal_lm` or `multi_task`."""
    classes: tuple[str, ...]
    targets: tuple[str, ...] = ()
    """What a regression predicts; it has no classes."""
    synthetic: bool
    """The data was generated, not measured."""
    weights: str
    """The checkpoint that was tested, relative to the run directory, and its epoch in words."""
    scored_inside_roi: bool
    main_metric: str
    """The metric that stands for the result."""
    overall: Mapping[str, float]
    """Metric values over all pixels or samples, and `loss`; in a regression means over targets,
    of text over all tokens."""
    per_class: Mapping[str, Mapping[str, float]]
    """By class, by target of a regression, or by task of several."""
    falling: frozenset[str] = frozenset()
    """Metrics that are better when they are smaller."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts of pixels or samples, rows truth, columns prediction."""
    samples: tuple[SampleScore, ...]
    seconds: float
    left_out: tuple[str, ...] = ()
    """What was wrong with each sample that could not be read and is in none of the values."""
    folds: tuple[FoldScore, ...] = ()
    """The parts of a cross-validation; then values are means over them."""
