"""Compute every loss and metric once, on a few values of the shapes that the task gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.shapes import (
    entries,
    gives_regions,
    is_segmentation,
    logits_shape,
    tokens_of,
    told,
    type_path,
)
from neurotrain.compiler.draft import Draft, attempt, fault, need
from neurotrain.compiler.learned import Learned, learned_tasks
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.metrics.base import TokenCounts
from neurotrain.metrics.tally import Tally

if TYPE_CHECKING:
    import torch

_MAX_SIDE: Final = 64
_ANY_SIZE: Final = (32, 32)


def check_losses(draft: Draft, report: Report) -> Draft:
    """Report losses and metrics that cannot be computed for this task.

    They get real numbers: many choose what to do by the labels, which `meta` cannot hold. A loss
    that takes one channel is answered by `loss-fails` where the task has three classes.
    """
    attempt(_losses, draft, report)
    attempt(_metrics, draft, report)
    return draft


def _losses(draft: Draft, report: Report) -> None:
    for learned in learned_tasks(draft):
        _losses_of(learned, draft, report)


def _losses_of(learned: Learned, draft: Draft, report: Report) -> None:
    logits, targets, roi = _values(learned, draft)
    for path, loss in entries(draft, learned.losses):
        problem = _loss_problem(loss, logits, targets, roi)
        if problem:
            shapes = f"{told(tuple(logits.shape))} and labels of {told(tuple(targets.shape))}"
            num, what = len(learned.classes), "classes"
            if _gives_numbers(learned):
                shapes = shapes.replace("labels", "numbers")
                num, what = logits.shape[1], "targets"
            message = f"'{tag_of(loss)}' fails on the output of {num} {what}, logits of {shapes}: "
            message += problem
            hint = f"take a loss that is made for this number of {what}"
            place = (*learned.place, what)
            place = place if draft.has(*place) else learned.place
            count = "class" if what == "classes" else "target"
            related = ((place, f"the {count} count comes from here"),)
            at = type_path(draft, path)
            report.add(fault(codes.LOSS_FAILS, at, message, hint, related=related))


def _loss_problem(
    loss: Any, logits: torch.Tensor, targets: torch.Tensor, roi: torch.Tensor | None
) -> str:
    """Why a loss gives no number to train on; empty where it does."""
    import torch

    given = logits.detach().requires_grad_()
    try:
        value: Any = tried(lambda: loss.build()(given, targets, roi))
        if not isinstance(value, torch.Tensor) or value.shape or not value.is_floating_point():
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            return f"it gives {shape}, not one number of shape ()"
        if value.requires_grad:
            tried(value.backward)
    except ComponentFailed as failed:
        return str(failed)
    return ""


def _gives_numbers(learned: Learned) -> bool:
    return tag_of(learned.kind) == "regression"


def _values(
    learned: Learned, draft: Draft
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Logits (2, K, ...), every label in turn, and a region where the data has one."""
    import torch

    height, width = draft.image_size or _ANY_SIZE
    shape = logits_shape(draft, 2, (min(height, _MAX_SIDE), min(width, _MAX_SIDE)))
    shape = (2, need(learned.task).num_outputs(learned.classes), *shape[2:])
    logits = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape)
    if _gives_numbers(learned):
        return logits, logits.flip(0).double(), None
    labels = torch.Size((shape[0], *shape[2:]))
    num = shape[1] if tokens_of(draft) is not None else len(learned.classes)
    targets = (torch.arange(labels.numel()) % num).reshape(labels)
    roi = torch.ones(labels, dtype=torch.bool) if gives_regions(draft) else None
    return logits, targets, roi


def _metrics(draft: Draft, report: Report) -> None:
    """Every metric gives its values as a pass over data asks for them."""
    for learned in learned_tasks(draft):
        _metrics_of(learned, draft, report)


def _metrics_of(learned: Learned, draft: Draft, report: Report) -> None:
    for path, metric in entries(draft, learned.metrics):
        if tokens_of(draft) is not None:
            wanted, problem = "no number for three tokens", _token_problem(metric)
        elif _gives_numbers(learned):
            wanted, problem = "no number for three samples", _value_problem(metric)
        else:
            wanted = f"no value for each of {len(learned.classes)} classes"
            problem = _class_problem(learned, draft, metric)
        if problem:
            message = f"'{tag_of(metric)}' gives {wanted}: {problem}"
            hint = "take another metric, or tell its author"
            report.add(fault(codes.METRIC_FAILS, type_path(draft, path), message, hint))


def _class_problem(learned: Learned, draft: Draft, metric: Any) -> str:
    """Why a metric gives no value for each class; empty where it does."""
    import torch

    logits, targets, roi = _values(learned, draft)
    num = len(learned.classes)
    scores = logits.sigmoid() if num == 2 else logits.softmax(1)
    probabilities = torch.cat([1 - scores, scores], dim=1) if num == 2 else scores
    tally = Tally((metric,), num, is_map=is_segmentation(draft))
    try:
        tried(lambda: tally.add(probabilities.argmax(1), probabilities, targets, roi))
        values: Any = tried(lambda: tally.per_class(metric))
    except ComponentFailed as failed:
        return str(failed)
    return "" if _is_per_class(values, num) else f"it gives {_told(values)}"


def _token_problem(metric: Any) -> str:
    """Why a metric of tokens gives no number; empty where it does."""
    counts = TokenCounts(cross_entropy=2.0, num_right=1, num_tokens=3)
    try:
        value: Any = tried(lambda: metric.of_counts(counts))
    except ComponentFailed as failed:
        return str(failed)
    return "" if isinstance(value, float) else f"it gives {_told(value)}"


def _value_problem(metric: Any) -> str:
    """Why a metric of numbers gives none; empty where it does."""
    try:
        value: Any = tried(lambda: metric.of_values([1.0, 2.0, 3.0], [1.0, 2.5, 2.5]))
    except ComponentFailed as failed:
        return str(failed)
    return "" if isinstance(value, float) else f"it gives {_told(value)}"


def _is_per_class(values: Any, num: int) -> bool:
    import torch

    return isinstance(values, torch.Tensor) and values.shape == (num,)


def _told(values: Any) -> str:
    import torch

    if isinstance(values, torch.Tensor):
        return f"a tensor of shape {tuple(values.shape)}"
    return f"a {type(values).__name__}"
