"""`report.txt`: the test in 80 columns, for a terminal or an e-mail."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from neurotrain.dataset.faults import counted
from neurotrain.engine import report_wording as wording
from neurotrain.engine.report_statistics import (
    Summary,
    is_right,
    score_of,
    summaries,
    worst_first,
)
from neurotrain.engine.report_template import rendered
from neurotrain.recorder.results import SampleScore, TestResult
from neurotrain.visualizer.labels import shown

WIDTH: Final = 80
_NUMBER_WIDTH: Final = 11
_NAME_WIDTH: Final = 22
_NUM_WORST: Final = 5
_MOST_MISCLASSIFIED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPage:
    """What the template puts together: lines that are laid out already."""

    title: str
    synthetic: tuple[str, ...]
    headline: str
    facts: tuple[str, ...]
    overall: tuple[str, ...]
    folds: tuple[str, ...]
    part: str
    per_class: tuple[str, ...]
    pooling: tuple[str, ...]
    statistics: tuple[str, ...]
    statistics_note: tuple[str, ...]
    samples_title: str
    samples: tuple[str, ...]
    reference: tuple[str, ...]


def text_report(result: TestResult) -> str:
    """The report; no line is longer than 80 columns."""
    found = summaries(result)
    title, samples = _samples(result)
    page = TextPage(
        title=shown(f"{wording.title_text(result)}: {result.run}", WIDTH),
        synthetic=_wrapped(wording.SYNTHETIC, indent=4) if result.synthetic else (),
        headline=_headline(result),
        facts=_facts(result),
        overall=_overall(result),
        folds=_blocks(wording.fold_rows(result), "fold"),
        part=wording.part_name(result),
        per_class=_blocks(result.per_class, wording.part_name(result)),
        pooling=_wrapped(wording.pooling_text(result)),
        statistics=_statistics(found),
        statistics_note=_wrapped(wording.statistics_text(result, found)),
        samples_title=title,
        samples=samples,
        reference=_wrapped(wording.EFRON),
    )
    return rendered("report.txt.j2", page)


def padded(text: str, width: int) -> str:
    """The text shortened or filled up to so many columns; wide characters take two."""
    short = shown(text, width)
    while _columns(short) > width:
        short = short[:-2] + "…"
    return short + " " * (width - _columns(short))


def _columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def _wrapped(text: str, indent: int = 0) -> tuple[str, ...]:
    margin = " " * indent
    return tuple(
        textwrap.wrap(text, WIDTH - indent, initial_indent=margin, subsequent_indent=margin)
    )


def _headline(result: TestResult) -> str:
    value = result.overall.get(result.main_metric, float("nan"))
    return f"Overall {shown(result.main_metric, 40)}: {wording.number_text(value)}"


def _facts(result: TestResult) -> tuple[str, ...]:
    facts = {
        "spec": result.spec,
        "task": result.task,
        "classes": ", ".join(result.classes),
        "targets": ", ".join(result.targets),
        "weights": result.weights,
        "samples": f"{len(result.samples):,}",
        "left out": wording.left_out_text(result),
        "scored": wording.region_text(result),
        "data": "synthetic" if result.synthetic else "",
        "time": wording.duration_text(result.seconds),
    }
    lines: list[str] = []
    for name, text in facts.items():
        known = "".join(char if char.isprintable() else "\ufffd" for char in text)
        block = textwrap.wrap(known, WIDTH - 10, max_lines=4, placeholder=" …")
        lines += [f"{name if not at else '':<10}{line}" for at, line in enumerate(block)]
    return tuple(lines)


def _overall(result: TestResult) -> tuple[str, ...]:
    lines: list[str] = []
    for name, value in result.overall.items():
        meaning = wording.meaning_of(name, result.task)
        words = textwrap.wrap(meaning, WIDTH - _NAME_WIDTH - _NUMBER_WIDTH - 3) or [""]
        head = f"{padded(name, _NAME_WIDTH)}{wording.number_text(value):>{_NUMBER_WIDTH}}"
        lines.append(f"{head}   {words[0]}".rstrip())
        lines += [" " * (_NAME_WIDTH + _NUMBER_WIDTH + 3) + line for line in words[1:]]
    return tuple(lines)


def _blocks(table: Mapping[str, Mapping[str, float]], part: str) -> tuple[str, ...]:
    """A table of part × metric, in blocks of as many metrics as fit."""
    names = list(dict.fromkeys(name for row in table.values() for name in row))
    fitting = (WIDTH - _NAME_WIDTH) // (_NUMBER_WIDTH + 1)
    lines: list[str] = []
    for start in range(0, len(names), fitting):
        block = _block(table, part, names[start : start + fitting])
        lines += ["", *block] if lines else block
    return tuple(lines)


def _block(table: Mapping[str, Mapping[str, float]], part: str, names: Sequence[str]) -> list[str]:
    rows = [_row(part, (shown(name, _NUMBER_WIDTH) for name in names))]
    for name, values in table.items():
        cells = (wording.number_text(values[each]) if each in values else "" for each in names)
        rows.append(_row(name, cells))
    return rows


def _row(name: str, cells: Iterable[str]) -> str:
    columns = "".join(f" {cell:>{_NUMBER_WIDTH}}" for cell in cells)
    return (padded(name, _NAME_WIDTH) + columns).rstrip()


def _statistics(found: Sequence[Summary]) -> tuple[str, ...]:
    if not found:
        return ("There is no sample.",)
    lines = [f"{'':<16}{'mean':>10}{'sd':>10}  {'95 % interval':^20}{'median':>10}{'n':>8}"]
    for one in found:
        mean, sd, median = map(wording.number_text, (one.mean, one.sd, one.median))
        lines.append(
            f"{padded(one.name, 16)}{mean:>10}{sd:>10}  {wording.interval_text(one):^20}"
            f"{median:>10}{one.num:>8}"
        )
    return tuple(line.rstrip() for line in lines)


def _samples(result: TestResult) -> tuple[str, tuple[str, ...]]:
    """The title and the lines of the list of samples to look at."""
    ordered = [result.samples[place] for place in worst_first(result)]
    if result.task != "classification":
        worst = ordered[:_NUM_WORST]
        if result.task == "regression":
            return f"Worst {counted(len(worst), 'sample')}", _value_lines(result, worst)
        lines = tuple(_scored_line(result, sample) for sample in worst)
        return f"Worst {counted(len(worst), 'sample')}", lines
    wrong = [sample for sample in ordered if not is_right(sample)]
    title = f"Misclassified: {len(wrong):,} of {counted(len(ordered), 'sample')}"
    lines = tuple(_answer_line(sample) for sample in wrong[:_MOST_MISCLASSIFIED])
    if wrong:
        lines = (_answer_row("sample", "truth", "prediction", "loss"), *lines)
    if len(wrong) > _MOST_MISCLASSIFIED:
        lines += (f"… and {len(wrong) - _MOST_MISCLASSIFIED:,} more in per_sample.csv",)
    return title, lines


def _scored_line(result: TestResult, sample: SampleScore) -> str:
    name, value = score_of(result, sample)
    score = f"{shown(name, 16)} {wording.number_text(value)}"
    loss = "" if name == "loss" else f"loss {wording.number_text(sample.loss)}"
    return f"{padded(sample.id, 36)}  {score:<24}{loss}".rstrip()


def _value_lines(result: TestResult, samples: Sequence[SampleScore]) -> tuple[str, ...]:
    """A line for every target of every sample; the sample's name stands in its first."""
    lines = [_value_row("sample", "target", ("truth", "prediction"))]
    for sample in samples:
        for place, (target, pair) in enumerate(zip(result.targets, sample.values, strict=True)):
            name = "" if place else sample.id
            lines.append(_value_row(name, target, tuple(map(wording.number_text, pair))))
    return tuple(lines)


def _value_row(name: str, target: str, numbers: Sequence[str]) -> str:
    columns = "".join(f" {number:>12}" for number in numbers)
    return f"{padded(name, 30)}  {padded(target, 20)}{columns}".rstrip()


def _answer_line(sample: SampleScore) -> str:
    loss = wording.number_text(sample.loss)
    return _answer_row(sample.id, sample.truth, sample.prediction, loss)


def _answer_row(name: str, truth: str, prediction: str, loss: str) -> str:
    return f"{padded(name, 28)}  {padded(truth, 18)}  {padded(prediction, 18)}{loss:>12}"
