"""Several tasks that one network learns together, each by a head of its own.

Caruana, "Multitask learning", Machine Learning 28, 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, Family, Name, NonNegative
from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import Dataset, SampleInfo, Survey
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.reader import FileReader
from neurotrain.losses.base import Loss
from neurotrain.metrics.base import Metric
from neurotrain.spec.experiment import (
    Classification,
    Regression,
    Standardize,
    TargetNames,
    Task,
    TaskPath,
)

_HeadName = Annotated[
    str,
    Meta(
        description="Name of the task: in recorded values (valid/NAME/accuracy), files and folders",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
        extra_json_schema={
            "x-wants": "letters, digits, '_' and '-', beginning with a letter or digit"
        },
    ),
]
_Weight = Annotated[NonNegative, Meta(description="Factor of the head's loss in the total")]
_Losses = Annotated[
    tuple[Loss, ...], Meta(description="What the head makes small: the weighted sum", min_length=1)
]
_Metrics = Annotated[
    tuple[Metric, ...], Meta(description="What is measured on validation and test data")
]


class Head(Family):
    """One of several tasks: linear outputs of the shared network, with a loss of their own."""

    __slots__ = ()
    family: ClassVar[str] = "head"
    name: str
    weight: float
    loss: tuple[Loss, ...]
    metrics: tuple[Metric, ...]

    @property
    def task(self) -> Task:
        """What it learns, as a task by itself."""
        raise AssertionError(f"{type(self).__name__} has no task")

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order; empty for numbers."""
        return ()

    @property
    def columns(self) -> tuple[tuple[str, TaskPath], ...]:
        """The columns of its targets, each with where it stands in the head."""
        raise AssertionError(f"{type(self).__name__} has no columns")


class ClassificationHead(Component, Head, tag="classification", frozen=True, kw_only=True):
    """A class for every image, from a column of the data."""

    name: _HeadName
    classes: Annotated[
        tuple[Name, ...],
        Meta(
            description="Class names in label order; a cell holds a name, or a place from 0 on",
            min_length=2,
        ),
    ]
    column: Annotated[
        Name | None, Meta(description="Column of the classes; absent: named as the head")
    ] = None
    loss: _Losses
    weight: _Weight = 1.0
    metrics: _Metrics = ()

    @property
    def task(self) -> Task:
        """A classification."""
        return Classification(classes=self.classes)

    @property
    def columns(self) -> tuple[tuple[str, TaskPath], ...]:
        """The column of the classes."""
        if self.column is not None:
            return ((self.column, ("column",)),)
        return ((self.name, ("name",)),)


class RegressionHead(Component, Head, tag="regression", frozen=True, kw_only=True):
    """Numbers for every image, from columns of the data."""

    name: _HeadName
    targets: TargetNames
    standardize: Standardize = False
    loss: _Losses
    weight: _Weight = 1.0
    metrics: _Metrics = ()

    @property
    def task(self) -> Task:
        """A regression."""
        return Regression(targets=self.targets, standardize=self.standardize)

    @property
    def columns(self) -> tuple[tuple[str, TaskPath], ...]:
        """The columns of the numbers."""
        return tuple((name, ("targets", at)) for at, name in enumerate(self.targets))


class MultiTask(Component, Task, tag="multi_task", frozen=True, kw_only=True):
    """Several tasks at once: one shared network, and a linear head with its own loss for each.

    Loss and metrics stand in the heads, not beside the task. Caruana, "Multitask learning",
    Machine Learning 28, 1997.
    """

    gives_classes: ClassVar[bool] = False
    heads: Annotated[
        tuple[Head, ...],
        Meta(description="The tasks, in the order of the model's outputs", min_length=2),
    ]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of the heads."""
        return tuple(dict.fromkeys(kind for head in self.heads for kind in head.task.kinds))

    @property
    def columns(self) -> tuple[tuple[str, TaskPath], ...]:
        """Those of all heads."""
        return tuple(
            (name, ("heads", at, *path))
            for at, head in enumerate(self.heads)
            for name, path in head.columns
        )

    def survey(
        self, dataset: Dataset, resolver: Resolver, *, max_headers: int | None,
        reader: FileReader | None = None,
    ) -> Survey:  # fmt: skip
        """Class columns are read as classes."""
        columns = {name: head.classes for head in self.heads for name, _ in head.columns}
        return dataset.survey_columns(
            resolver, columns=columns, reader=reader or FileReader(),
            max_headers=max_headers if reader is None else None,
        )  # fmt: skip

    def learned_heads(self, samples: Sequence[SampleInfo]) -> tuple[LearnedHead, ...]:
        """Every head with its classes, or with its targets and their scale.

        Raises:
            ValueError: all samples have one value of a standardised target that the text names.
        """
        names = self.target_names
        found = []
        for head in self.heads:
            own = [names.index(name) for name, _ in head.columns]
            targets = () if head.classes else head.task.learned(_columns_of(samples, own))
            found.append(LearnedHead(name=head.name, classes=head.classes, targets=targets))
        return tuple(found)

    def num_outputs(self, classes: tuple[str, ...]) -> int:
        """Those of all heads together."""
        return sum(head.task.num_outputs(head.classes) for head in self.heads)


def _columns_of(samples: Sequence[SampleInfo], columns: Sequence[int]) -> list[SampleInfo]:
    """The samples with some of their values alone."""
    return [
        SampleInfo(id=sample.id, values=tuple(sample.values[column] for column in columns))
        for sample in samples
    ]


BUILT_IN = (ClassificationHead, RegressionHead)
