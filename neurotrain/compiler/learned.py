"""The tasks that a spec's network learns, each with the places of its losses and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from neurotrain.compiler.draft import Draft, Tainted, need
from neurotrain.language.tree import SpecPath
from neurotrain.spec.experiment import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The spec's task, or one of several."""

    task: Task
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
        Tainted: the task itself is at fault, or its classes are not known.
    """
    if not is_multi_task(draft):
        task, classes = draft.read("task"), need(draft.classes)
        return [
            Learned(
                task=task, place=("task",), classes=classes, losses=("loss",), metrics=("metrics",)
            )
        ]
    written = draft.written("task", "heads")
    found = []
    for index in range(len(written) if isinstance(written, list) else 0):
        place: SpecPath = ("task", "heads", index)
        try:
            head = draft.read(*place)
        except Tainted:
            continue
        found.append(
            Learned(
                task=head.task,
                place=place,
                classes=head.classes,
                losses=(*place, "loss"),
                metrics=(*place, "metrics"),
                name=head.name,
            )
        )
    return found


def is_multi_task(draft: Draft) -> bool:
    """Whether the spec's task is written as several."""
    return draft.written("task", "type") == "multi_task"
