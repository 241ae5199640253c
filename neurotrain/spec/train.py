"""The `train` block of a spec; also the `options` of the Python `Trainer`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from neurotrain.component.base import NonNegative, Options, Positive, PositiveFloat
from neurotrain.component.durations import EpochDuration
from neurotrain.optim.optimizers import AdamW, Optimizer
from neurotrain.optim.schedules import Constant, Scheduler


class Batch(Options, frozen=True, kw_only=True):
    """How many samples make one update; any two of the three give the third."""

    global_: (
        Annotated[Positive, Meta(description="Samples per optimizer update over all processes")]
        | None
    ) = msgspec.field(default=None, name="global")
    micro: Annotated[Positive, Meta(description="Samples per forward pass and process")] | None = (
        None
    )
    accumulation: (
        Annotated[Positive, Meta(description="Forward passes per optimizer update")] | None
    ) = None


class EarlyStopping(Options, frozen=True, kw_only=True):
    """Stop when the monitored value has not improved for a while."""

    monitor: Annotated[
        str, Meta(description="The recorded value to watch, such as valid/dice or valid/loss")
    ] = "valid/loss"
    mode: (
        Annotated[
            Literal["min", "max"],
            Meta(
                description="Whether smaller or larger values are better; follows from the value "
                "and need not be written"
            ),
        ]
        | None
    ) = None
    patience: Annotated[
        Positive, Meta(description="Validations without improvement after which training stops")
    ] = 10
    min_delta: Annotated[
        NonNegative, Meta(description="Smallest change that counts as improvement")
    ] = 1e-4


class Checkpoints(Options, frozen=True, kw_only=True):
    """What is saved. The last and the best state are always kept."""

    monitor: (
        Annotated[
            str,
            Meta(
                description="The recorded value that chooses the best weights; by default that of "
                "early_stopping, else the first metric, else the loss, on the validation data"
            ),
        ]
        | None
    ) = None
    mode: (
        Annotated[
            Literal["min", "max"],
            Meta(
                description="Whether smaller or larger values are better; follows from the value "
                "and need not be written"
            ),
        ]
        | None
    ) = None
    every: (
        Annotated[EpochDuration, Meta(description="Time between checkpoints kept by number")] | None
    ) = None
    keep_last: Annotated[
        Positive, Meta(description="How many of the checkpoints kept by number stay")
    ] = 3


class TrainOptions(Options, frozen=True, kw_only=True):
    """How the model is trained."""

    epochs: Annotated[Positive, Meta(description="Passes over the training data")] = 10
    batch: Annotated[Batch, Meta(description="Batch sizes, in samples")] = msgspec.field(
        default_factory=lambda: Batch(micro=16)
    )
    optimizer: Annotated[Optimizer, Meta(description="What updates the weights")] = msgspec.field(
        default_factory=AdamW
    )
    scheduler: Annotated[Scheduler, Meta(description="How the learning rate changes")] = (
        msgspec.field(default_factory=Constant)
    )
    precision: Annotated[
        Literal["fp32", "bf16"],
        Meta(description="Number format of the forward pass; weights stay in fp32"),
    ] = "fp32"
    channels_last: Annotated[
        bool,
        Meta(description="Keep images and weights with channels innermost; often faster on CPUs"),
    ] = False
    clip_grad_norm: (
        Annotated[PositiveFloat, Meta(description="Largest norm of the whole gradient")] | None
    ) = None
    validate_every: Annotated[EpochDuration, Meta(description="Time between two validations")] = (
        "1 epoch"
    )
    early_stopping: (
        Annotated[EarlyStopping, Meta(description="When training stops by itself")] | None
    ) = None
    checkpoints: Annotated[Checkpoints, Meta(description="What is saved, and what is kept")] = (
        msgspec.field(default_factory=Checkpoints)
    )
