"""The `data` block of a spec: where samples come from and how they are prepared."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from neurotrain.component.base import Options, Positive
from neurotrain.component.durations import TimeDuration, seconds_of
from neurotrain.dataset.base import Dataset, Split, Validation
from neurotrain.dataset.curriculum import Curriculum
from neurotrain.transforms.base import Transform


class Transforms(Options, frozen=True, kw_only=True):
    """What is done to images before the model, in the order written."""

    train: Annotated[
        tuple[Transform, ...], Meta(description="For training; random ones are allowed")
    ] = ()
    eval: Annotated[
        tuple[Transform, ...], Meta(description="For validation, test and prediction")
    ] = ()


class Loader(Options, frozen=True, kw_only=True):
    """How samples are brought to the model."""

    num_workers: Annotated[
        int, Meta(description="Processes that load; 0 loads in the training process", ge=0, le=256)
    ] = 0
    cache: Annotated[
        Literal["memory", "disk", "none"],
        Meta(
            description="Where samples are kept after loading and fixed transforms: in memory, in "
            "the run's folder `cache`, or nowhere"
        ),
    ] = "memory"
    prefetch_factor: Annotated[
        Positive | None,
        Meta(description="Batches that each process loads ahead; by default 2"),
    ] = None
    persistent_workers: Annotated[
        bool, Meta(description="Keep the processes from epoch to epoch instead of starting anew")
    ] = False
    pin_memory: Annotated[
        bool, Meta(description="Load into page-locked memory, from which a GPU copies faster")
    ] = False
    timeout: Annotated[
        TimeDuration,
        Meta(description="How long a process may take for a batch before the run ends"),
    ] = "10 min"
    skip_corrupt: Annotated[
        int,
        Meta(
            description="How many unreadable samples of each part are left out, each told; one "
            "more ends the run. 0: the first one ends it",
            ge=0,
        ),
    ] = 0

    @property
    def timeout_s(self) -> int:
        """The timeout in seconds."""
        return seconds_of(self.timeout)


class Data(Options, frozen=True, kw_only=True):
    """Where samples come from and how they are prepared."""

    train: Annotated[Dataset, Meta(description="The training data")]
    valid: Annotated[
        Validation | None,
        Meta(description="Validation data, a fraction of the training data, or folds of it"),
    ] = None
    test: Annotated[
        Split | None, Meta(description="Test data, or a fraction of the training data")
    ] = None
    curriculum: (
        Annotated[Curriculum, Meta(description="Which training samples each epoch has")] | None
    ) = None
    transforms: Annotated[Transforms, Meta(description="What is done to images")] = msgspec.field(
        default_factory=Transforms
    )
    loader: Annotated[Loader, Meta(description="How samples are loaded")] = msgspec.field(
        default_factory=Loader
    )
