"""`report.html`: the test on one page that needs no other file and no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurotrain.dataset.faults import counted
from neurotrain.engine import report_wording as wording
from neurotrain.engine.report_pictures import Picture, embedded, sample_pictures
from neurotrain.engine.report_statistics import (
    CORRECT,
    Summary,
    is_right,
    score_of,
    summaries,
    worst_first,
)
from neurotrain.engine.report_template import rendered
from neurotrain.recorder.results import SampleScore, TestResult
from neurotrain.visualizer.confusion import share_text

_MATRIX: Final = "confusion_matrix"
_SCATTER: Final = "prediction_by_truth"
_NUM_WORST: Final = 10
_MOST_MISCLASSIFIED: Final = 50
_MOST_COUNTED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text; the first cell of a row names it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = (0,)
    """The columns that hold words and not numbers, counted from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlPage:
    """What the template shows."""

    title: str
    run: str
    synthetic: str
    score: str
    score_name: str
    score_meaning: str
    score_share: str
    """The score as a share of its range, in percent; empty where it has no range from 0 to 1."""
    mean: str
    introduction: str
    facts: tuple[tuple[str, str], ...]
    overall: Table
    pooling: str
    folds: Table
    part: str
    """What single values are of: a class, or a target."""
    per_class: Table
    matrix: Picture | None
    matrix_counts: Table
    scatter: Picture | None
    curves: tuple[Picture, ...]
    statistics: Table
    statistics_note: str
    samples_title: str
    samples: Table
    samples_note: str
    pictures: tuple[Picture, ...]
    reference: str


def html_report(result: TestResult, *, pictures: Sequence[Path], plots: Sequence[Path]) -> str:
    """The page.

    Raises:
        OSError: a picture or a plot cannot be read.
    """
    found = summaries(result)
    value = result.overall.get(result.main_metric, math.nan)
    title, samples, note = _sample_table(result)
    named = {path.stem: path for path in plots}
    matrix, scatter = named.get(_MATRIX), named.get(_SCATTER)
    page = HtmlPage(
        title=wording.title_text(result),
        run=result.run or "a model",
        synthetic=wording.SYNTHETIC if result.synthetic else "",
        score=wording.number_text(value),
        score_name=result.main_metric,
        score_meaning=wording.meaning_of(result.main_metric, result.task),
        score_share=f"{100 * value:.1f}" if wording.has_range(result.main_metric, value) else "",
        mean=_mean_text(result, found),
        introduction=_introduction(result),
        facts=_facts(result),
        overall=_overall(result),
        pooling=wording.pooling_text(result),
        folds=_by_part(wording.fold_rows(result), "fold"),
        part=wording.part_name(result),
        per_class=_by_part(result.per_class, wording.part_name(result)),
        matrix=_plot(matrix) if matrix else None,
        matrix_counts=_matrix_counts(result),
        scatter=_plot(scatter) if scatter else None,
        curves=tuple(_plot(path) for path in plots if path.stem not in (_MATRIX, _SCATTER)),
        statistics=_statistics(found),
        statistics_note=wording.statistics_text(result, found),
        samples_title=title,
        samples=samples,
        samples_note=note,
        pictures=sample_pictures(result, pictures),
        reference=wording.EFRON,
    )
    return rendered("report.html.j2", page)


def _plot(path: Path) -> Picture:
    name = path.stem.replace("_", " ")
    return Picture(uri=embedded(path), name=name, words=f"Plot: {name}")


def _introduction(result: TestResult) -> str:
    num = counted(len(result.samples), "test sample")
    if result.folds:
        num = counted(len(result.samples), "sample") + " that its training had not seen"
    if result.task == "segmentation":
        return (
            f"A trained network gave every pixel of {num} one of {len(result.classes)} classes."
            " Its answers are compared with the true ones, pixel by pixel:"
            f" {wording.region_text(result)} count."
        )
    if result.task == "regression":
        noun = counted(len(result.targets), "number")
        return (
            f"A trained network predicted {noun} for each of {num}. Its answers are compared with"
            " the true ones."
        )
    if result.task == "multi_task":
        return (
            f"A trained network answered {len(result.per_class)} questions about each of {num}:"
            f" {', '.join(result.per_class)}. Its answers are compared with the true ones."
        )
    if result.task == "causal_lm":
        return (
            f"A trained network read {num} of text and told, at every token, how likely it finds"
            " each next one. Its answers are compared with the true next tokens."
        )
    return (
        f"A trained network put {num} into one of {len(result.classes)} classes each. Its answers"
        " are compared with the true ones."
    )


def _mean_text(result: TestResult, found: Sequence[Summary]) -> str:
    """The main metric's mean over the samples, where single samples have it."""
    names = (CORRECT, result.main_metric)
    for one in found:
        if one.name in names and one.num > 1:
            what = "share that is right" if one.name == CORRECT else "mean"
            return (
                f"{what} over the {counted(one.num, 'sample')}:"
                f" {wording.number_text(one.mean)}, 95 % interval {wording.interval_text(one)}"
            )
    return ""


def _facts(result: TestResult) -> tuple[tuple[str, str], ...]:
    facts = {
        "Run": result.run,
        "Spec": result.spec,
        "Task": result.task,
        "Classes": ", ".join(result.classes),
        "Targets": ", ".join(result.targets),
        "Weights": result.weights,
        "Samples": f"{len(result.samples):,}",
        "Left out": wording.left_out_text(result),
        "Scored": wording.region_text(result),
        "Data": "synthetic: generated, not measured" if result.synthetic else "",
        "Time": wording.duration_text(result.seconds),
    }
    return tuple((name, text) for name, text in facts.items() if text)


def _overall(result: TestResult) -> Table:
    rows = tuple(
        (name, wording.number_text(value), wording.meaning_of(name, result.task))
        for name, value in result.overall.items()
    )
    return Table(columns=("metric", "value", "what it says"), rows=rows, words=(0, 2))


def _by_part(table: Mapping[str, Mapping[str, float]], part: str) -> Table:
    names = tuple(dict.fromkeys(name for row in table.values() for name in row))
    rows = tuple(
        (title, *(wording.number_text(row[name]) if name in row else "" for name in names))
        for title, row in table.items()
    )
    return Table(columns=(part, *names), rows=rows)


def _matrix_counts(result: TestResult) -> Table:
    """The confusion matrix in numbers; empty for very many classes."""
    if not result.classes or len(result.classes) > _MOST_COUNTED:
        return Table(columns=(), rows=())
    rows = tuple(
        (name, *(f"{count:,} ({share_text(count, sum(counts))})" for count in counts))
        for name, counts in zip(result.classes, result.confusion, strict=True)
    )
    return Table(columns=("truth \\ prediction", *result.classes), rows=rows)


def _statistics(found: Sequence[Summary]) -> Table:
    rows = tuple(
        (
            one.name,
            wording.number_text(one.mean),
            wording.number_text(one.sd),
            wording.interval_text(one),
            wording.number_text(one.median),
            f"{one.num:,}",
        )
        for one in found
    )
    return Table(columns=("value", "mean", "sd", "95 % interval", "median", "n"), rows=rows)


def _sample_table(result: TestResult) -> tuple[str, Table, str]:
    """The samples to look at: their title, their table, and what is left out of it."""
    ordered = [result.samples[place] for place in worst_first(result)]
    if result.task == "classification":
        wrong = [sample for sample in ordered if not is_right(sample)]
        listed = wrong[:_MOST_MISCLASSIFIED]
        answers = tuple(
            (one.id, one.truth, one.prediction, wording.number_text(one.loss)) for one in listed
        )
        table = Table(
            columns=("sample", "truth", "prediction", "loss"), rows=answers, words=(0, 1, 2)
        )
        title = f"Misclassified: {len(wrong):,} of {counted(len(ordered), 'sample')}"
        return title, table, _left_out(len(wrong) - len(listed))
    worst = ordered[:_NUM_WORST]
    if result.task == "regression":
        title = f"The worst {counted(len(worst), 'sample')}"
        return title, _value_table(result, worst), _left_out(len(ordered) - len(worst))
    ranked = score_of(result, worst[0])[0] if worst else "loss"
    scores = {ranked: [score_of(result, one)[1] for one in worst]}
    scores["loss"] = [one.loss for one in worst]
    rows = tuple(
        (one.id, *(wording.number_text(column[at]) for column in scores.values()))
        for at, one in enumerate(worst)
    )
    title = f"The worst {counted(len(worst), 'sample')}"
    return (
        title,
        Table(columns=("sample", *scores), rows=rows),
        _left_out(len(ordered) - len(worst)),
    )


def _value_table(result: TestResult, samples: Sequence[SampleScore]) -> Table:
    """Truth and prediction of every target, a row each."""
    rows = tuple(
        (one.id, target, *map(wording.number_text, pair))
        for one in samples
        for target, pair in zip(result.targets, one.values, strict=True)
    )
    return Table(columns=("sample", "target", "truth", "prediction"), rows=rows, words=(0, 1))


def _left_out(num: int) -> str:
    return f"{num:,} more in per_sample.csv, worst first." if num else ""
