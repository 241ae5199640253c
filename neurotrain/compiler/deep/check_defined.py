"""A metric has to have a value on the samples that it is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.shapes import entries, is_regression, num_outputs, type_path
from neurotrain.compiler.draft import Draft, fault, need
from neurotrain.component.base import tag_of
from neurotrain.dataset.base import SampleInfo
from neurotrain.dataset.faults import counted
from neurotrain.language.diagnostics import Report
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
        samples = need(draft.parts).samples.get(part, ())
        for path, metric in entries(draft, ("metrics",)) if samples else ():
            if not _is_undefined(draft, metric, samples):
                continue
            name = tag_of(metric)
            message = f"'{name}' has no value on the {part} part: {_alike(draft, samples)}"
            code, hint = codes.UNDEFINED_METRIC, f"take a larger share for {part}, or leave it out"
            if f"{part}/{name}" in monitors:
                code = codes.UNDEFINED_MONITOR
                hint = "take a larger share, or write checkpoints: {monitor: valid/loss}"
            report.add(fault(code, type_path(draft, path), message, hint))
    return draft


def _monitors(draft: Draft) -> set[str | None]:
    """The values that choose the best weights, stop the training or lower its rate."""
    stopping, scheduler = draft.read("train", "early_stopping"), draft.read("train", "scheduler")
    stops = None if stopping is None else stopping.monitor
    return {draft.monitor, stops, getattr(scheduler, "monitor", None)}


def _is_undefined(draft: Draft, metric: Any, samples: Sequence[SampleInfo]) -> bool:
    """Whether a metric gives NaN for right answers; False where they are not known."""
    try:
        if is_regression(draft):
            columns = [[s.values[place] for s in samples] for place in range(num_outputs(draft))]
            values = [tried(partial(metric.of_values, each, each)) for each in columns]
            return all(value != value for value in values)
        labels = sorted({sample.label for sample in samples if sample.label is not None})
        if not labels:
            return False
        tally = Tally((metric,), len(need(draft.classes)), is_map=False)
        tried(lambda: tally.add(*_right(labels, len(need(draft.classes))), None))
        value = tried(lambda: tally.overall(metric))
        return value != value
    except ComponentFailed:
        return False


def _right(labels: list[int], num: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right answers (B,), their probabilities (B, K) and the truth (B,), a sample a label."""
    import torch

    truth = torch.tensor(labels)
    return truth, torch.nn.functional.one_hot(truth, num).float(), truth


def _alike(draft: Draft, samples: Sequence[SampleInfo]) -> str:
    """How the answers are alike."""
    have = f"it has {counted(len(samples), 'sample')}"
    if is_regression(draft):
        return f"{have}, all of one value"
    labels = {sample.label for sample in samples}
    names = [name for label, name in enumerate(need(draft.classes)) if label in labels]
    return f"{have}, all of {', '.join(names)}"
