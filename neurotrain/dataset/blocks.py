"""The `data` block of a spec: where samples come from and how they are prepared."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from neurotrain.component.base import Options
from neurotrain.dataset.base import Dataset, Split
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
        Literal["memory", "none"],
        Meta(description="Keep samples in memory after loading and fixed transforms, or load anew"),
    ] = "memory"


class Data(Options, frozen=True, kw_only=True):
    """Where samples come from and how they are prepared."""

    train: Annotated[Dataset, Meta(description="The training data")]
    valid: Annotated[
        Split | None, Meta(description="Validation data, or a fraction of the training data")
    ] = None
    test: Annotated[
        Split | None, Meta(description="Test data, or a fraction of the training data")
    ] = None
    transforms: Annotated[Transforms, Meta(description="What is done to images")] = msgspec.field(
        default_factory=Transforms
    )
    loader: Annotated[Loader, Meta(description="How samples are loaded")] = msgspec.field(
        default_factory=Loader
    )
