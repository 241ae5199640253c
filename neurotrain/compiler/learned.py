"""The tasks that a spec's network learns, each with the places of its losses and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from neurotrain.compiler.draft import Draft, Tainted, need
from neurotrain.language.tree import SpecPath
from neurotrain.spec.experiment import Classification, Regression, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The spec's task, or one of several."""

    kind: type[Task]
    task: Task | None
    """None where it is at fault."""
    place: SpecPath
    """Where its classes or targets are."""
    classes: tuple[str, ...]
    """Class names in label order; empty where it predicts something else."""
    losses: SpecPath
    metrics: SpecPath
    name: str = ""
    """The head's name; empty where there is one task."""


def learned_tasks(draft: Draft) -> list[Learned]:
    """The one task, or those of the heads; heads at fault are left out.

    Raises:
        Tainted: the kind of the task is at fault, or its classes are or are not known.
    """
    if not is_multi_task(draft):
        return [_alone(draft)]
    written = draft.written("task", "heads")
    found = []
    for index in range(len(written) if isinstance(written, list) else 0):
        try:
            found.append(_of_head(("task", "heads", index), draft))
        except Tainted:
            continue
    return found


def _alone(draft: Draft) -> Learned:
    """The one task; where its answer is no class, it may itself be at fault."""
    kind = draft.kind
    try:
        task = draft.read("task")
    except Tainted:
        if kind.gives_classes:
            raise
        task = None
    return Learned(
        kind=kind, task=task, place=("task",), classes=need(draft.classes), losses=("loss",),
        metrics=("metrics",),
    )  # fmt: skip


def _of_head(place: SpecPath, draft: Draft) -> Learned:
    """A head; what is wrong with its losses and metrics does not matter."""
    kind, name = draft.written(*place, "type"), draft.read(*place, "name")
    classes: tuple[str, ...] = ()
    if kind == "classification":
        classes = draft.read(*place, "classes")
        task: Task = Classification(classes=classes)
    elif kind == "regression":
        task = Regression(targets=draft.read(*place, "targets"))
    else:
        raise Tainted(kind)
    return Learned(
        kind=type(task), task=task, place=place, classes=classes, losses=(*place, "loss"),
        metrics=(*place, "metrics"), name=name,
    )  # fmt: skip


def is_multi_task(draft: Draft) -> bool:
    """Whether the spec's task is written as several.

    Raises:
        Tainted: its type is at fault.
    """
    if draft.report.taints(("task", "type")):
        raise Tainted("task")
    return draft.written("task", "type") == "multi_task"
