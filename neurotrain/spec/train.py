"""The `train` block of a spec; also the `options` of the Python `Trainer`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from neurotrain.component.base import Fraction, NonNegative, Options, Positive, PositiveFloat
from neurotrain.component.durations import EpochDuration, StepDuration
from neurotrain.optim.optimizers import AdamW, Optimizer
from neurotrain.optim.schedules import Constant, Scheduler
from neurotrain.spec.adversarial import Adversarial
from neurotrain.spec.nan_policy import NanPolicy, Stop


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


class Averaging(Options, frozen=True, kw_only=True):
    """A running mean of the weights beside the weights. Polyak and Juditsky, 1992."""

    decay: Annotated[Fraction, Meta(description="Share of the mean that an update keeps")] = 0.999
    start: Annotated[
        StepDuration, Meta(description="Time from which on the mean is taken: epochs or steps")
    ] = "0 steps"
    evaluate: Annotated[
        Literal["averaged", "trained"],
        Meta(description="The weights that are validated, tested and predicted with"),
    ] = "averaged"


class Compiling(Options, frozen=True, kw_only=True):
    """How `torch.compile` compiles the forward pass of training."""

    mode: Annotated[
        Literal["default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"],
        Meta(description="What is optimised for, as `torch.compile` has it"),
    ] = "default"


class Recording(Options, frozen=True, kw_only=True):
    """What is recorded once an epoch besides losses, metrics, rate and the gradient's norm."""

    grad_norms: Annotated[bool, Meta(description="The mean norm of every parameter's gradient")] = (
        False
    )
    activations: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(
            description="Patterns of layer names, such as encoder.*, whose outputs' mean, standard "
            "deviation and share of zeros are recorded"
        ),
    ] = ()


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
        Literal["fp32", "bf16", "fp16"],
        Meta(
            description="Number format of the forward pass; weights stay in fp32, and fp16 scales "
            "the loss"
        ),
    ] = "fp32"
    channels_last: Annotated[
        bool,
        Meta(description="Keep images and weights with channels innermost; often faster on CPUs"),
    ] = False
    clip_grad_norm: (
        Annotated[PositiveFloat, Meta(description="Largest norm of the whole gradient")] | None
    ) = None
    clip_grad_value: (
        Annotated[PositiveFloat, Meta(description="Largest size of each gradient's entries")] | None
    ) = None
    nan_policy: Annotated[
        NanPolicy, Meta(description="What is done about a loss or gradient that is not finite")
    ] = msgspec.field(default_factory=Stop)
    ema: Annotated[Averaging, Meta(description="A running mean of the weights")] | None = None
    compile: (
        Annotated[Compiling, Meta(description="Compile the forward pass of training")] | None
    ) = None
    record: Annotated[Recording, Meta(description="What else is recorded")] = msgspec.field(
        default_factory=Recording
    )
    adversarial: (
        Annotated[Adversarial, Meta(description="A discriminator that the model learns to deceive")]
        | None
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
