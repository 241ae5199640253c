"""The files of a test for programs: `metrics.json`, `metrics.csv` and `per_sample.csv`."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from neurotrain.engine import report_wording as wording
from neurotrain.engine.report_statistics import deviations, is_right, worst_first
from neurotrain.recorder.results import SampleScore, TestResult

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER_LIST: Final = re.compile(r"\[\n\s*(\d+(?:,\n\s*\d+)*)\n\s*\]")


def metrics_json(result: TestResult) -> str:
    """The scores as JSON that strict parsers read.

    A number that is not finite is null; `non_finite` lists them, from JSON pointer (RFC 6901) to
    `NaN`, `Infinity` or `-Infinity`.
    """
    record: dict[str, Any] = {
        "run": result.run,
        "spec": result.spec,
        "task": result.task,
        "synthetic": result.synthetic,
        "weights": result.weights,
        "scored_inside_roi": result.scored_inside_roi,
        "main_metric": result.main_metric,
        "num_samples": len(result.samples),
        "left_out": list(result.left_out),
        "overall": _numbers(result.overall),
    }
    if result.folds:
        record["folds"] = [
            {
                "fold": fold.number, "weights": fold.weights, "num_samples": fold.num_samples,
                "overall": _numbers(fold.overall),
            }
            for fold in result.folds
        ]  # fmt: skip
        record["sd"] = deviations(result.folds)
    parts = {name: _numbers(values) for name, values in result.per_class.items()}
    if result.task == "regression":
        record |= {"per_target": parts, "targets": list(result.targets)}
    elif result.task == "multi_task":
        record |= {"per_task": parts, "tasks": list(parts)}
    else:
        confusion = [list(row) for row in result.confusion]
        record |= {"per_class": parts, "classes": list(result.classes), "confusion": confusion}
    lost: dict[str, str] = {}
    record = _finite(record, "", lost)
    text = json.dumps({**record, "non_finite": lost}, indent=2, ensure_ascii=False, allow_nan=False)
    return _NUMBER_LIST.sub(lambda row: f"[{' '.join(row[1].split())}]", text) + "\n"


def metrics_csv(result: TestResult) -> str:
    """One row for the whole (`scope` is `overall`) and one a class, target or task.

    Of a cross-validation also one a fold, and the standard deviation over the folds (`sd`).
    """
    scope = wording.part_name(result)
    names = dict.fromkeys(result.overall)
    names.update(dict.fromkeys(name for values in result.per_class.values() for name in values))
    rows: list[list[str]] = [["scope", scope, *map(inert, names)]]
    rows.append(["overall", "", *_cells(result.overall, names)])
    for class_name, values in result.per_class.items():
        rows.append([scope, inert(class_name), *_cells(values, names)])
    for fold in result.folds:
        rows.append(["fold", str(fold.number), *_cells(fold.overall, names)])
    if result.folds:
        rows.append(["sd", "", *_cells(deviations(result.folds), names)])
    return _csv(rows)


def per_sample_csv(result: TestResult) -> str:
    """One row a sample, the worst first: its answer in classification, else its metrics.

    In a regression truth and prediction of every target, of several tasks those of each task.
    """
    if result.task == "regression":
        pairs = [(f"truth({name})", f"prediction({name})") for name in result.targets]
        header = ["id", *(inert(name) for pair in pairs for name in pair), "loss"]
        return _csv([header, *(_measured(sample) for sample in _ordered(result))])
    if result.task == "multi_task":
        return _csv(_tasks(result))
    if result.task == "classification":
        header = ["id", "truth", "prediction", "correct", "loss"]
        return _csv([header, *(_answered(sample) for sample in _ordered(result))])
    names = dict.fromkeys(name for sample in result.samples for name in sample.metrics)
    rows = [["id", "loss", *map(inert, names)]]
    for sample in _ordered(result):
        rows.append([inert(sample.id), repr(float(sample.loss)), *_cells(sample.metrics, names)])
    return _csv(rows)


def inert(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: a quote before `=`, `+`, `-`, `@`.

    Carriage returns, which end a row for many readers, become the replacement character.
    """
    quoted = f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    return quoted.replace("\r", "\ufffd")


def _ordered(result: TestResult) -> list[SampleScore]:
    return [result.samples[place] for place in worst_first(result)]


def _answered(sample: SampleScore) -> list[str]:
    correct, loss = str(int(is_right(sample))), repr(float(sample.loss))
    return [inert(sample.id), inert(sample.truth), inert(sample.prediction), correct, loss]


def _measured(sample: SampleScore) -> list[str]:
    numbers = [repr(float(value)) for pair in sample.values for value in pair]
    return [inert(sample.id), *numbers, repr(float(sample.loss))]


def _tasks(result: TestResult) -> list[list[str]]:
    """Truth and prediction of every task, then each one's loss."""
    samples = _ordered(result)
    names, losses = list(samples[0].answers), list(samples[0].metrics)
    pairs = [f"{what}({name})" for name in names for what in ("truth", "prediction")]
    rows = [["id", *map(inert, pairs), *map(inert, losses), "loss"]]
    for sample in samples:
        given = [inert(text) for pair in sample.answers.values() for text in pair]
        numbers = _cells(sample.metrics, losses)
        rows.append([inert(sample.id), *given, *numbers, repr(float(sample.loss))])
    return rows


def _cells(values: Mapping[str, float], names: Iterable[str]) -> list[str]:
    """The values under their names; empty where there is none."""
    return [repr(float(values[name])) if name in values else "" for name in names]


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _finite(value: Any, pointer: str, lost: dict[str, str]) -> Any:
    """The value with null for what is not finite; `lost` takes up what was there."""
    if isinstance(value, dict):
        return {
            key: _finite(below, f"{pointer}/{_token(key)}", lost) for key, below in value.items()
        }
    if isinstance(value, list):
        return [_finite(below, f"{pointer}/{at}", lost) for at, below in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        lost[pointer] = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return None
    return value


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
