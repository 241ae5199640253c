"""The whole experiment spec as typed structs.

The schema, the field reference and the editor completion are made from these; nothing else says
what a spec may hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from neurotrain.component.base import Component, Family, Name, Options, Positive, tag_of
from neurotrain.component.paths import PathText, Resolver
from neurotrain.dataset.base import Dataset, SampleInfo, Survey
from neurotrain.dataset.blocks import Data
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.reader import FileReader
from neurotrain.dataset.targets import Target, chosen, learned_targets
from neurotrain.dataset.text import VOCABULARY, cut
from neurotrain.losses.base import Loss
from neurotrain.metrics.base import Metric
from neurotrain.models.base import Model
from neurotrain.models.pretrained import Pretrained
from neurotrain.postprocess.base import Postprocess
from neurotrain.spec.engines import Engine, TorchEngine
from neurotrain.spec.loggers import Logger
from neurotrain.spec.train import TrainOptions

if TYPE_CHECKING:
    from neurotrain.spec.multi_task import Head

TaskPath: TypeAlias = tuple[str | int, ...]
"""Keys and places below the task."""


def plain_survey(
    dataset: Dataset, resolver: Resolver, *, num_classes: int, max_headers: int | None,
    reader: FileReader | None,
) -> Survey:  # fmt: skip
    """What is found of a dataset for one task; with a reader all headers are read, and kept."""
    if reader is not None:
        return dataset.survey_whole(resolver, num_classes=num_classes, reader=reader)
    return dataset.survey(resolver, max_headers=max_headers, num_classes=num_classes)


class Task(Family):
    """What is to be learned."""

    __slots__ = ()
    family: ClassVar[str] = "task"
    gives_classes: ClassVar[bool] = True
    """Whether the answer is a class."""
    reads_text: ClassVar[bool] = False
    """Whether samples are tokens; else they are images."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What a model has to serve: the task's own type, or those of its heads."""
        return (tag_of(self),)

    @property
    def heads(self) -> tuple[Head, ...]:
        """The tasks where there are several."""
        return ()

    @property
    def columns(self) -> tuple[tuple[str, TaskPath], ...]:
        """The columns of the data that are predicted, each with where it stands in the task."""
        return ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return tuple(name for name, _ in self.columns)

    @property
    def tokens(self) -> int | None:
        """The tokens of a sample of text; None for images."""
        return None

    def survey(
        self, dataset: Dataset, resolver: Resolver, *, max_headers: int | None,
        reader: FileReader | None = None,
    ) -> Survey:  # fmt: skip
        """What is found of a dataset; with a reader all headers are read, and remembered."""
        num_classes = len(getattr(self, "classes", ()))
        return plain_survey(
            dataset, resolver, num_classes=num_classes, max_headers=max_headers, reader=reader
        )

    def samples_of(self, survey: Survey) -> Survey:
        """The survey with what this task makes of it: chosen targets, blocks of text."""
        return chosen(survey, self.target_names)

    def learned(self, samples: Sequence[SampleInfo]) -> tuple[Target, ...]:
        """The targets of a regression, with what the training samples tell of them.

        Raises:
            ValueError: all samples have one value of the target that the text names.
        """
        return ()

    def learned_heads(self, samples: Sequence[SampleInfo]) -> tuple[LearnedHead, ...]:
        """The heads with what the training samples tell of them; none where there is one task.

        Raises:
            ValueError: as `learned`.
        """
        return ()

    def num_outputs(self, classes: tuple[str, ...]) -> int:
        """Channels of the model's output: one for two classes, else one a class."""
        return 1 if len(classes) == 2 else len(classes)

    @classmethod
    def output(cls, classes: tuple[str, ...]) -> str:
        """What the model's output stands for, in the words of the losses."""
        return "sigmoid" if len(classes) == 2 else "softmax"


class Segmentation(Component, Task, tag="segmentation", frozen=True, kw_only=True):
    """A class for every pixel. Two classes are one logit with a sigmoid, more are a softmax."""

    classes: Annotated[
        tuple[Name, ...],
        Meta(description="Class names in label order; the first is the background", min_length=2),
    ]


class Classification(Component, Task, tag="classification", frozen=True, kw_only=True):
    """A class for every image. Two classes are one logit with a sigmoid, more are a softmax."""

    classes: Annotated[
        tuple[Name, ...],
        Meta(description="Class names in label order; empty: the names that the data gives"),
    ] = ()


TargetNames = Annotated[
    tuple[Name, ...],
    Meta(description="What is predicted: columns of the data's targets", min_length=1),
]
Standardize = Annotated[
    bool,
    Meta(
        description="Learn (value - mean) / deviation of the training part; predictions and "
        "metrics stay in the units of the table"
    ),
]


class Regression(Component, Task, tag="regression", frozen=True, kw_only=True):
    """Numbers for every image, such as an age; the model has one output a target."""

    gives_classes: ClassVar[bool] = False
    targets: TargetNames
    standardize: Standardize = False

    @property
    def columns(self) -> tuple[tuple[str, TaskPath], ...]:
        """The targets."""
        return tuple((name, ("targets", at)) for at, name in enumerate(self.targets))

    def learned(self, samples: Sequence[SampleInfo]) -> tuple[Target, ...]:
        """The targets, with mean and deviation where they are standardised."""
        return learned_targets(self.targets, samples, standardize=self.standardize)

    def num_outputs(self, classes: tuple[str, ...]) -> int:
        """One a target."""
        return len(self.targets)

    @classmethod
    def output(cls, classes: tuple[str, ...]) -> str:
        """The numbers themselves."""
        return "values"


class CausalLM(Component, Task, tag="causal_lm", frozen=True, kw_only=True):
    """The next token of a text, from those before it.

    Tokens are bytes and one that ends a text: a vocabulary of 257.
    """

    gives_classes: ClassVar[bool] = False
    reads_text: ClassVar[bool] = True
    context_length: Annotated[
        int,
        Meta(description="Tokens of a sample: how far back the model sees", ge=2, le=1_048_576),
    ] = 256

    @property
    def tokens(self) -> int:
        """The context length."""
        return self.context_length

    def samples_of(self, survey: Survey) -> Survey:
        """Blocks of the context length."""
        return cut(survey, self.context_length)

    def num_outputs(self, classes: tuple[str, ...]) -> int:
        """One logit a token of the vocabulary."""
        return VOCABULARY

    @classmethod
    def output(cls, classes: tuple[str, ...]) -> str:
        """A softmax over the vocabulary."""
        return "softmax"


class Test(Options, frozen=True, kw_only=True):
    """How the model is evaluated on validation and test images."""

    batch: Annotated[
        Positive, Meta(description="Images per forward pass; images of different sizes go alone")
    ] = 8
    sliding_window: (
        Annotated[
            tuple[Positive, Positive],
            Meta(description="Height and width in pixels of the windows in which images are cut"),
        ]
        | None
    ) = None
    overlap: Annotated[
        float, Meta(description="Share by which windows overlap", ge=0.0, lt=1.0)
    ] = 0.25
    flips: Annotated[
        bool, Meta(description="In test and prediction, average over the four mirrored images")
    ] = False
    num_pictures: Annotated[
        int, Meta(description="Test samples that are drawn as pictures", ge=0, le=1000)
    ] = 8


class Predict(Options, frozen=True, kw_only=True):
    """What the trained model is used on."""

    input: Annotated[PathText, Meta(description="Images to predict: a file or a pattern")]
    roi: (
        Annotated[
            PathText,
            Meta(
                description="Region-of-interest masks of these images, paired by name; outside "
                "them everything is background"
            ),
        ]
        | None
    ) = None
    postprocess: Annotated[
        tuple[Postprocess, ...], Meta(description="Steps from probabilities to masks, in order")
    ] = ()


class Experiment(Options, frozen=True, kw_only=True):
    """One experiment: what is learned, from what, by which model, and how."""

    version: Annotated[Literal[1], Meta(description="Version of the spec language")]
    name: Annotated[
        str,
        Meta(
            description="Name of the run and of its folder",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
            extra_json_schema={
                "x-wants": "letters, digits, '.', '_' and '-', beginning with a letter or digit"
            },
        ),
    ]
    plugins: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...],
        Meta(
            description="Installed plugins whose components the spec uses, by name; nothing else "
            "is imported"
        ),
    ] = ()
    seed: Annotated[int, Meta(description="Start of every random choice", ge=0, le=2**63 - 1)] = 42
    task: Annotated[Task, Meta(description="What is to be learned")]
    data: Annotated[Data, Meta(description="Where samples come from")]
    model: Annotated[Model, Meta(description="The network")]
    pretrained: Annotated[
        Pretrained | None, Meta(description="First weights of the model; absent: from the seed")
    ] = None
    loss: Annotated[
        Annotated[tuple[Loss, ...], Meta(min_length=1)] | None,
        Meta(
            description="What is made small: the weighted sum; of several tasks it stands in the "
            "heads"
        ),
    ] = None
    metrics: Annotated[
        tuple[Metric, ...], Meta(description="What is measured on validation and test data")
    ] = ()
    train: Annotated[TrainOptions, Meta(description="How the model is trained")] = msgspec.field(
        default_factory=TrainOptions
    )
    test: Annotated[Test, Meta(description="How the model is evaluated")] = msgspec.field(
        default_factory=Test
    )
    predict: Annotated[Predict | None, Meta(description="What the model is used on")] = None
    engine: Annotated[Engine, Meta(description="What steps the model")] = msgspec.field(
        default_factory=TorchEngine
    )
    loggers: Annotated[
        tuple[Logger, ...],
        Meta(description="Where values go besides the run's own files, which are always written"),
    ] = ()

    @property
    def losses(self) -> tuple[Loss, ...]:
        """All losses, also those of heads."""
        return (*(self.loss or ()), *(loss for head in self.task.heads for loss in head.loss))

    @property
    def measured(self) -> Mapping[str, Metric]:
        """Every metric by the name under which it is recorded, without its part of the data."""
        own = {tag_of(metric): metric for metric in self.metrics}
        heads = self.task.heads
        return own | {f"{h.name}/{tag_of(each)}": each for h in heads for each in h.metrics}
