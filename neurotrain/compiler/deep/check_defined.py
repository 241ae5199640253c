"""A metric has to have a value on the samples that it is measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.shapes import entries, type_path
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.compiler.learned import Learned, learned_tasks
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.faults import counted
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.metrics.tally import Tally

if TYPE_CHECKING:
    import torch


def check_defined(draft: Draft, report: Report) -> Draft:
    """Report metrics of a part whose answers are so alike that even a right model has no value.

    `r2` of one validation sample, which chooses the best weights, is answered by
    `undefined-monitor`.
    """
    if report.failed:
        return draft
    monitors = _monitors(draft)
    for part in ("valid", "test"):
        several = [each.get(part, ()) for each in need(draft.parts).trainings]
        several = several if part == "valid" else several[:1]
        for learned, path, metric in _measured(draft) if all(several) else ():
            answers = [_answers(draft, learned, samples) for samples in several]
            bad = [at for at, each in enumerate(answers) if _is_undefined(learned, metric, each)]
            if not bad:
                continue
            name = f"{learned.name}/{tag_of(metric)}" if learned.name else tag_of(metric)
            where = f"the {part} part" if len(several) == 1 else f"fold {bad[0] + 1}"
            more = f", nor on {counted(len(bad) - 1, 'other')}" if len(bad) > 1 else ""
            message = f"'{name}' has no value on {where}{more}: {_alike(learned, answers[bad[0]])}"
            way = "take fewer folds" if len(several) > 1 else "take a larger share"
            place = "" if len(several) > 1 else f" for {part}"
            code, hint = codes.UNDEFINED_METRIC, f"{way}{place}, or leave it out"
            if f"{part}/{name}" in monitors:
                code = codes.UNDEFINED_MONITOR
                hint = f"{way}, or write checkpoints: {{monitor: valid/loss}}"
            report.add(fault(code, type_path(draft, path), message, hint))
    return draft


def _monitors(draft: Draft) -> set[str | None]:
    """The values that choose the best weights, stop the training or lower its rate."""
    stopping, scheduler = draft.read("train", "early_stopping"), draft.read("train", "scheduler")
    stops = None if stopping is None else stopping.monitor
    return {draft.monitor, stops, getattr(scheduler, "monitor", None)}


def _measured(draft: Draft) -> Iterator[tuple[Learned, SpecPath, Any]]:
    """The metrics of every task, with where they stand."""
    for learned in learned_tasks(draft):
        for path, metric in entries(draft, learned.metrics):
            yield learned, path, metric


def _answers(
    draft: Draft, learned: Learned, samples: Sequence[SampleInfo]
) -> list[tuple[float, ...]]:
    """What is right for each sample: numbers, or a label; empty ones where they are not known."""
    if not learned.name:
        if tag_of(learned.kind) == "regression":
            return [sample.values for sample in samples]
        return [() if sample.label is None else (sample.label,) for sample in samples]
    names = draft.read("task").target_names
    places = [names.index(name) for name, _ in draft.read(*learned.place).columns]
    return [tuple(sample.values[place] for place in places) for sample in samples]


def _is_undefined(learned: Learned, metric: Any, answers: Sequence[tuple[float, ...]]) -> bool:
    """Whether a metric gives NaN for right answers; False where they are not known."""
    try:
        if not learned.classes:
            columns = [list(column) for column in zip(*answers, strict=True)]
            values = [tried(partial(metric.of_values, each, each)) for each in columns]
            return bool(values) and all(value != value for value in values)
        labels = sorted({int(answer[0]) for answer in answers if answer})
        if not labels:
            return False
        tally = Tally((metric,), len(learned.classes), is_map=False)
        tried(lambda: tally.add(*_right(labels, len(learned.classes)), None))
        value = tried(lambda: tally.overall(metric))
        return value != value
    except ComponentFailed:
        return False


def _right(labels: list[int], num: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right answers (B,), their probabilities (B, K) and the truth (B,), a sample a label."""
    import torch

    truth = torch.tensor(labels)
    return truth, torch.nn.functional.one_hot(truth, num).float(), truth


def _alike(learned: Learned, answers: Sequence[tuple[float, ...]]) -> str:
    """How the answers are alike."""
    have = f"it has {counted(len(answers), 'sample')}"
    if not learned.classes:
        return f"{have}, all of one value"
    labels = {int(answer[0]) for answer in answers}
    names = [name for label, name in enumerate(learned.classes) if label in labels]
    return f"{have}, all of {', '.join(names)}"
