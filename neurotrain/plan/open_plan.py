"""A plan of a spec whose data was absent when it was compiled.

It says all that is known without the data, and `known at launch` for the rest. It is never run:
`neurotrain run` completes it where the data is, checks it there like any spec, and runs the plan
that comes out. Its digest covers what is known.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from neurotrain.component.base import Options, Positive
from neurotrain.component.catalogue import Catalogue
from neurotrain.component.plugins import PluginUse
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.targets import Target
from neurotrain.plan.plan import Count, Digest, GraphNode, Seal
from neurotrain.spec.experiment import Experiment

AtLaunch = Literal["known at launch"]
AT_LAUNCH: Final[AtLaunch] = "known at launch"


class OpenPart(Options, frozen=True, kw_only=True):
    """The samples of training, validation or test, as far as they are known."""

    source: Annotated[
        Literal["train", "valid", "test"],
        Meta(description="The dataset of the spec that they come from"),
    ]
    num_samples: Annotated[Count | AtLaunch, Meta(description="How many there are")]
    digest: Annotated[str, Meta(description="As in a plan, or `known at launch`")]


class OpenFacts(Options, frozen=True, kw_only=True):
    """What follows from the spec without the data; the fields are those of a plan's facts."""

    task: Annotated[
        Literal["segmentation", "classification", "regression", "causal_lm", "multi_task"],
        Meta(description="What is learned"),
    ]
    classes: Annotated[tuple[str, ...], Meta(description="Class names in label order")]
    targets: Annotated[
        tuple[Target, ...] | AtLaunch,
        Meta(description="What a regression predicts; `known at launch` where it is standardised"),
    ] = ()
    heads: Annotated[
        tuple[LearnedHead, ...] | AtLaunch | None,
        Meta(description="As in a plan; `known at launch` where a head is standardised"),
    ] = None
    raw_channels: Annotated[
        Positive | AtLaunch, Meta(description="Channels of the images as loaded")
    ]
    in_channels: Annotated[Positive | AtLaunch, Meta(description="Channels that reach the model")]
    out_channels: Annotated[
        Positive, Meta(description="Channels of the model's output: one for two classes")
    ]
    image_size: Annotated[
        tuple[int, int] | AtLaunch | None,
        Meta(description="Height and width before the model in training; absent: images differ"),
    ] = None
    tokens: Annotated[
        Positive | None, Meta(description="Tokens of a sample of text; absent: images")
    ] = None
    parts: Annotated[dict[str, OpenPart], Meta(description="By name: train, valid, test")]
    samples_per_epoch: Annotated[
        Count | AtLaunch, Meta(description="Training samples of one epoch: images times crops")
    ]
    micro_batch: Annotated[Positive, Meta(description="Samples per forward pass and process")]
    accumulation: Annotated[Positive, Meta(description="Forward passes per update")]
    global_batch: Annotated[Positive, Meta(description="Samples per update over all processes")]
    world_size: Annotated[Positive, Meta(description="Processes that train together")]
    steps_per_epoch: Annotated[Count | AtLaunch, Meta(description="Updates in an epoch")]
    num_steps: Annotated[Count | AtLaunch, Meta(description="Updates in the whole training")]
    device: Annotated[str, Meta(description="Where the model runs: cpu or cuda")]
    threads: Annotated[Positive, Meta(description="CPU threads of torch")]
    monitor: Annotated[str, Meta(description="The recorded value that chooses the best weights")]
    monitor_mode: Annotated[
        Literal["min", "max"], Meta(description="Whether smaller or larger values are better")
    ]
    pretrained: Annotated[
        Digest | None, Meta(description="SHA-256 of the file that the first weights come from")
    ] = None
    inputs: Annotated[
        Digest | None,
        Meta(description="SHA-256 over the sorted names and sizes of the images to predict"),
    ] = None


class OpenPlan(Options, frozen=True, kw_only=True):
    """A spec compiled without all of its data."""

    format: Annotated[Literal[1], Meta(description="Version of the plan's format")] = 1
    at_launch: Annotated[
        tuple[str, ...],
        Meta(description="Where the spec names files that were absent", min_length=1),
    ]
    name: Annotated[str, Meta(description="Name of the run and of its folder")]
    spec: Annotated[str, Meta(description="The spec's file name")]
    digest: Annotated[Digest, Meta(description="SHA-256 over every stage's digest")]
    experiment: Annotated[Experiment, Meta(description="The spec with every value decided")]
    facts: Annotated[OpenFacts, Meta(description="What follows from the spec alone")]
    plugins: Annotated[
        tuple[PluginUse, ...], Meta(description="The plugins whose components it may use")
    ] = ()
    nodes: Annotated[
        tuple[GraphNode, ...], Meta(description="The graph; each node after what it needs")
    ]
    provenance: Annotated[
        dict[str, str], Meta(description="Where each value comes from, as in a plan")
    ] = msgspec.field(default_factory=dict)
    seal: Seal = ""


class _Peek(msgspec.Struct, frozen=True, kw_only=True):
    at_launch: tuple[str, ...] = ()


def absent_data(text: bytes) -> tuple[str, ...]:
    """What was absent when the plan in these bytes was compiled; empty for a complete plan.

    Raises:
        msgspec.ValidationError: the bytes are not a plan of this version.
    """
    return msgspec.json.decode(text, type=_Peek).at_launch


def decode_open(text: bytes, catalogue: Catalogue) -> OpenPlan:
    """The open plan in these bytes.

    Raises:
        msgspec.ValidationError: the bytes are not an open plan of this version.
    """
    return msgspec.json.decode(text, type=OpenPlan, dec_hook=catalogue.decode_custom)
