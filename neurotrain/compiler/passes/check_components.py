"""Check that model, losses, metrics, transforms and post-processing suit the task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from neurotrain.compiler.codes import components as codes
from neurotrain.compiler.draft import Draft, Tainted, attempt, fault
from neurotrain.compiler.learned import Learned, is_multi_task, learned_tasks
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.language.tree import SpecPath
from neurotrain.transforms.fixed import Normalize

_KINDS: Final = {
    "sigmoid": "which has one logit with a sigmoid",
    "softmax": "which has a softmax",
    "values": "whose outputs are numbers",
}
"""What the output of a model is, in words."""


def check_components(draft: Draft, report: Report) -> Draft:
    """Report components that are right by themselves and wrong together.

    `loss: [cross_entropy]` with two classes is answered by `loss-not-for-task` at the loss.
    """
    checks = (
        _heads, _classes, _model, _adversarial, _losses, _loss_weights, _metrics,
        _random_evaluation, _normalized, _postprocess, _unused, _loader, _idle, _unevaluated,
    )  # fmt: skip
    for check in checks:
        attempt(check, draft, report)
    return draft


def _model(draft: Draft, report: Report) -> None:
    model = draft.read("model")
    found = model.contradiction()
    if found is not None:
        message = f"'{tag_of(model)}' contradicts itself: {found.why}"
        stated: list[SpecPath] = [
            ("model", key) for key in found.parameters if draft.has("model", key)
        ]
        at, *rest = stated or [_type_path(draft, ("model",))]
        related = tuple((other, "together with this") for other in rest)
        report.add(fault(codes.CONTRADICTION, at, message, found.remedy, related=related))
    several = learned_tasks(draft) if is_multi_task(draft) else None
    kinds = [tag_of(draft.kind)] if several is None else [tag_of(each.kind) for each in several]
    unserved = [kind for kind in kinds if kind not in model.tasks]
    if unserved:
        others = draft.catalogue.families["model"]
        fitting = [
            name for name in sorted(others)
            if set(kinds).issubset(others[name].tasks)  # type: ignore[attr-defined]
        ]  # fmt: skip
        message = f"'{tag_of(model)}' is no model for a {unserved[0]}"
        path = _type_path(draft, ("model",))
        report.add(fault(codes.MODEL_NOT_FOR_TASK, path, message, f"take {_either(fitting)}"))


def _adversarial(draft: Draft, report: Report) -> None:
    task, path = tag_of(draft.kind), ("train", "adversarial")
    if draft.has(*path) and task != "segmentation":
        message = f"a {task} has no masks that a discriminator could tell from true ones"
        code, hint = codes.ADVERSARIAL_NOT_FOR_TASK, "leave it out"
        report.add(fault(code, path, message, hint, at_key=True))
    if draft.has(*path) and draft.read("train", "precision") == "fp16":
        message = "fp16 scales the loss of each network by itself, and an update has to be of both"
        related = ((path, "the second network"),)
        at, hint = ("train", "precision"), "write precision: bf16"
        report.add(fault(codes.CONTRADICTION, at, message, hint, related=related))


def _heads(draft: Draft, report: Report) -> None:
    """Heads have names of their own, and what is of each stands in it."""
    if not is_multi_task(draft):
        return
    for key in ("loss", "metrics"):
        if draft.has(key) and not report.taints((key,)):
            message = f"'{key}' stands beside several tasks"
            hint = f"write it in the heads: task.heads[0].{key}; of a base, drop it: {key}: null"
            several: SpecPath = ("task", "type")
            related = ((several, "several tasks, each with its own"),)
            report.add(fault(codes.BESIDE_HEADS, (key,), message, hint, related=related))
    seen: dict[str, SpecPath] = {}
    for learned in learned_tasks(draft):
        name, path = learned.name.casefold(), (*learned.place, "name")
        if name in seen:
            related = ((seen[name], "first named here"),)
            message, hint = f"the head '{learned.name}' is named twice", "give each its own name"
            report.add(fault(codes.DUPLICATE_HEAD, path, message, hint, related=related))
        seen.setdefault(name, path)


def _losses(draft: Draft, report: Report) -> None:
    for learned in learned_tasks(draft):
        _losses_of(learned, draft, report)


def _losses_of(learned: Learned, draft: Draft, report: Report) -> None:
    task, output = tag_of(learned.kind), learned.kind.output(learned.classes)
    others = draft.catalogue.families["loss"]
    for path, loss in _entries(draft, learned.losses):
        if task in loss.tasks and output in loss.outputs:
            _loss_parameters(learned, draft, report, path, loss)
            continue
        fitting = [
            name for name, other in sorted(others.items())
            if task in other.tasks and output in other.outputs  # type: ignore[attr-defined]
        ]  # fmt: skip
        message = f"'{tag_of(loss)}' does not suit a {task} {_KINDS[output]}"
        related: tuple[tuple[SpecPath, str], ...] = ()
        if learned.kind.gives_classes:
            num = len(learned.classes)
            message = f"'{tag_of(loss)}' does not suit a {task} of {num} classes, {_KINDS[output]}"
            place: SpecPath = (*learned.place, "classes")
            place = place if draft.has(*place) else learned.place
            related = ((place, "the class count comes from here"),)
        code, hint = codes.LOSS_NOT_FOR_TASK, f"take {_either(fitting)}"
        report.add(fault(code, _type_path(draft, path), message, hint, related=related))


def _loss_weights(draft: Draft, report: Report) -> None:
    """Some loss counts."""
    if is_multi_task(draft) and not any(head.weight for head in draft.read("task").heads):
        path: SpecPath = ("task", "heads", 0, "weight")
        message, hint = "every head has the weight 0: nothing is learned", "write a weight above 0"
        report.add(fault(codes.WINDOW_UNUSED, path, message, hint))
    for learned in learned_tasks(draft):
        try:
            losses = draft.read(*learned.losses)
        except Tainted:
            continue
        if any(loss.weight > 0 for loss in losses):
            continue
        message = f"every loss has the weight 0: nothing is learned from {tag_of(losses[0])}"
        path = (*learned.losses, 0, "weight")
        report.add(fault(codes.WINDOW_UNUSED, path, message, "write a weight above 0"))


def _loss_parameters(
    learned: Learned, draft: Draft, report: Report, path: SpecPath, loss: Any
) -> None:
    found = loss.contradiction(len(learned.classes))
    if found is not None:
        field, why = found
        at = (*path, field) if draft.has(*path, field) else _type_path(draft, path)
        message = f"'{tag_of(loss)}' does not suit the task: {why}"
        hint = f"see: neurotrain explain loss.{tag_of(loss)}.{field}"
        report.add(fault(codes.CONTRADICTION, at, message, hint))


def _metrics(draft: Draft, report: Report) -> None:
    for learned in learned_tasks(draft):
        _metrics_of(learned, draft, report)


def _metrics_of(learned: Learned, draft: Draft, report: Report) -> None:
    task = tag_of(learned.kind)
    others = draft.catalogue.families["metric"]
    seen: dict[str, SpecPath] = {}
    for path, metric in _entries(draft, learned.metrics):
        name, at = tag_of(metric), _type_path(draft, path)
        if task not in metric.tasks:
            fitting = [n for n, other in sorted(others.items()) if task in other.tasks]  # type: ignore[attr-defined]
            message = f"'{name}' is no metric for a {task}"
            report.add(fault(codes.METRIC_NOT_FOR_TASK, at, message, f"take {_either(fitting)}"))
        if name in seen:
            related = ((seen[name], "first named here"),)
            message = f"the metric '{name}' is named twice"
            report.add(fault(codes.DUPLICATE_METRIC, at, message, "name it once", related=related))
        seen.setdefault(name, at)


def _random_evaluation(draft: Draft, report: Report) -> None:
    for path, transform in _entries(draft, ("data", "transforms", "eval")):
        if transform.random:
            message = f"'{tag_of(transform)}' is random and stands among the eval transforms"
            hint = "move it to transforms.train"
            report.add(fault(codes.RANDOM_EVALUATION, _type_path(draft, path), message, hint))


def _normalized(draft: Draft, report: Report) -> None:
    for part in ("train", "eval"):
        path = ("data", "transforms", part)
        if draft.kind.reads_text:
            return
        if report.taints(path) or any(isinstance(each, Normalize) for each in draft.read(*path)):
            continue
        message = f"images reach the model without normalisation in {part}"
        hint = "add {type: normalize} to the list"
        report.add(fault(codes.NOT_NORMALIZED, path, message, hint))


def _postprocess(draft: Draft, report: Report) -> None:
    task = tag_of(draft.kind)
    if task != "segmentation":
        for key, what in (("postprocess", "post-processing works"), ("roi", "regions work")):
            if draft.has("predict", key):
                message = f"{what} on masks, and a {task} has none"
                report.add(fault(codes.PREDICT_TASK, ("predict", key), message, "leave it out"))
        return
    if not draft.has("predict", "postprocess"):
        return
    num_classes = len(learned_tasks(draft)[0].classes)
    for index, (path, step) in enumerate(_entries(draft, ("predict", "postprocess"))):
        if step.consumes != "probabilities" or (index == 0 and num_classes == 2):
            continue
        message = f"'{tag_of(step)}' works on the probabilities of two classes"
        hint = "write it first" if num_classes == 2 else "leave it out: the likeliest class wins"
        report.add(fault(codes.POSTPROCESS_ORDER, _type_path(draft, path), message, hint))


def _classes(draft: Draft, report: Report) -> None:
    """Values of each class are told by its name."""
    owners: list[SpecPath] = [("task",)]
    if is_multi_task(draft):
        owners = [learned.place for learned in learned_tasks(draft)]
    for place in owners:
        at = (*place, "classes")
        seen: dict[str, int] = {}
        for index, name in enumerate(draft.read(*at) if draft.has(*at) else ()):
            if name in seen:
                related = (((*at, seen[name]), "first named here"),)
                message, path = f"the class '{name}' is named twice", (*at, index)
                hint = "give each class a name of its own"
                report.add(fault(codes.DUPLICATE_CLASS, path, message, hint, related=related))
            seen.setdefault(name, index)


def _loader(draft: Draft, report: Report) -> None:
    if draft.read("data", "loader", "num_workers") > 0:
        return
    for key in ("prefetch_factor", "persistent_workers", "pin_memory", "timeout"):
        path = ("data", "loader", key)
        if draft.has(*path) and draft.read(*path):
            message = f"'{key}' has no effect without loading processes"
            hint = "leave it out, or write num_workers: 2"
            report.add(fault(codes.WINDOW_UNUSED, path, message, hint))


def _idle(draft: Draft, report: Report) -> None:
    """Settings that wait for another one, which is absent."""
    for path, other, written in (
        (("test", "overlap"), ("test", "sliding_window"), "sliding_window: [256, 256]"),
        (("train", "checkpoints", "keep_last"), ("train", "checkpoints", "every"),
         "every: 10 epochs"),
        (("train", "validate_every"), ("data", "valid"), "data.valid"),
    ):  # fmt: skip
        is_of_masks = path[0] == "test" and tag_of(draft.kind) != "segmentation"
        if draft.has(*path) and not draft.has(*other) and not is_of_masks:
            message = f"'{path[-1]}' has no effect without {'.'.join(other)}"
            hint = f"leave it out, or write {written}"
            report.add(fault(codes.IDLE, path, message, hint))


def _unevaluated(draft: Draft, report: Report) -> None:
    """Settings of an evaluation that the spec does not ask for."""
    valid, test = (draft.read("data", key) is not None for key in ("valid", "test"))
    predicts = draft.read("predict") is not None
    stages: tuple[tuple[SpecPath, bool, str], ...] = (
        (("test", "batch"), valid or test or predicts, "data.valid, data.test or predict"),
        (("test", "sliding_window"), valid or test or predicts, "data.valid, data.test or predict"),
        (("test", "flips"), test or predicts or draft.kind.reads_text, "data.test or predict"),
        (("test", "num_pictures"), test or draft.kind.reads_text, "data.test"),
    )
    for path, is_heeded, needed in stages:
        if is_heeded or not draft.has(*path) or not draft.read(*path):
            continue
        message = f"'{path[-1]}' has no effect without {needed}"
        hint = "leave it out, or write valid: {fraction: 0.1} or test: {fraction: 0.2} in data"
        report.add(fault(codes.IDLE, path, message, hint))


def _unused(draft: Draft, report: Report) -> None:
    task = tag_of(draft.kind)
    if task == "segmentation":
        return
    for key in ("sliding_window", "overlap"):
        if draft.has("test", key):
            message = f"'{key}' has no effect in a {task}"
            report.add(fault(codes.WINDOW_UNUSED, ("test", key), message, "leave it out"))


def _entries(draft: Draft, path: SpecPath) -> Iterator[tuple[SpecPath, Any]]:
    """The entries of a list that are not tainted."""
    written = draft.written(*path)
    for index in range(len(written) if isinstance(written, list) else 0):
        try:
            yield (*path, index), draft.read(*path, index)
        except Tainted:
            continue


def _type_path(draft: Draft, path: SpecPath) -> SpecPath:
    """Where a component's name stands: at its `type`, or the bare name itself."""
    return (*path, "type") if draft.has(*path, "type") else path


def _either(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
