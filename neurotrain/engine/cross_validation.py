"""What the trainings of all folds come to: each sample by the model that has not seen it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from neurotrain.engine.report import write_reports
from neurotrain.recorder.results import FoldScore, TestResult
from neurotrain.visualizer.confusion import draw_confusion
from neurotrain.visualizer.scatter import draw_scatter


def summed_up(results: Sequence[TestResult]) -> TestResult:
    """One result of all folds, in their order.

    Its values are the means over the folds, of which each counts once; its samples are those of
    all, and the confusion matrices are added up.
    """
    first = results[0]
    folds = tuple(
        FoldScore(
            number=number, weights=one.weights, num_samples=len(one.samples), overall=one.overall
        )
        for number, one in enumerate(results, start=1)
    )
    return replace(
        first,
        weights=f"{len(results)} models, each on the samples that its training had not seen",
        overall=means([one.overall for one in results]),
        per_class={
            name: means([one.per_class[name] for one in results]) for name in first.per_class
        },
        confusion=_added([one.confusion for one in results]),
        samples=tuple(sample for one in results for sample in one.samples),
        left_out=tuple(told for one in results for told in one.left_out),
        seconds=sum(one.seconds for one in results),
        folds=folds,
    )


def means(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each value; NaN where it is not defined in one of them."""
    return {name: math.fsum(one[name] for one in values) / len(values) for name in values[0]}


def write_cross_validation(results: Sequence[TestResult], folder: Path) -> TestResult:
    """Write the reports of all folds together; what they say.

    Raises:
        OSError: a file cannot be written.
    """
    whole = summed_up(results)
    plots = []
    if whole.confusion:
        plots.append(folder / "confusion_matrix.png")
        draw_confusion(whole.confusion, whole.classes, plots[0])
    elif whole.targets:
        plots.append(folder / "prediction_by_truth.png")
        draw_scatter([sample.values for sample in whole.samples], whole.targets, plots[0])
    write_reports(whole, folder, pictures=(), plots=plots)
    return whole


def _added(matrices: Sequence[tuple[tuple[int, ...], ...]]) -> tuple[tuple[int, ...], ...]:
    rows = zip(*matrices, strict=True)
    return tuple(tuple(map(sum, zip(*row, strict=True))) for row in rows)
