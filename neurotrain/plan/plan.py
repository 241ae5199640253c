"""The plan as data, and its file.

The same spec gives the same bytes on any machine: no time, no host, no absolute path. What depends
on the machine (device, threads) is decided at compile time and stands here as a value.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from neurotrain.component.base import Options, Positive
from neurotrain.component.catalogue import Catalogue
from neurotrain.component.plugins import PluginUse
from neurotrain.dataset.heads import LearnedHead
from neurotrain.dataset.targets import Target
from neurotrain.optim.schedules import Horizon
from neurotrain.spec.experiment import Experiment
from neurotrain.spec.train import TrainOptions

__all__ = [
    "Experiment",
    "Facts",
    "Fold",
    "GraphNode",
    "Part",
    "Phase",
    "Plan",
    "PluginUse",
    "Prediction",
    "TrainOptions",
]
FORMAT: Final = 1


Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0)]
Seal = Annotated[
    str, Meta(description="SHA-256 over everything else; a plan that was changed does not fit it")
]


class Part(Options, frozen=True, kw_only=True):
    """The samples of training, validation or test."""

    source: Annotated[
        Literal["train", "valid", "test"],
        Meta(description="The dataset of the spec that they come from"),
    ]
    num_samples: Annotated[Count, Meta(description="How many there are")]
    digest: Annotated[
        Digest,
        Meta(
            description="SHA-256 over the sorted relative names and sizes of the files of the "
            "samples in it, and over their numbers to predict"
        ),
    ]


class Phase(Options, frozen=True, kw_only=True):
    """The epochs of one level of a curriculum."""

    epoch: Annotated[Count, Meta(description="Epochs that are finished before it")]
    level: Annotated[str, Meta(description="The level")]
    num_samples: Annotated[Positive, Meta(description="Training samples, crops counted once")]
    samples_per_epoch: Annotated[Positive, Meta(description="Samples of one epoch with all crops")]
    steps_per_epoch: Annotated[Positive, Meta(description="Updates in an epoch")]


class Fold(Options, frozen=True, kw_only=True):
    """What differs in the training of one fold; everything else is as for the others."""

    parts: Annotated[
        dict[str, Part], Meta(description="By name: train and valid, and test where it is held out")
    ]
    targets: Annotated[
        tuple[Target, ...], Meta(description="What a regression predicts, scaled by its samples")
    ] = ()
    heads: Annotated[
        tuple[LearnedHead, ...] | None,
        Meta(description="The tasks in the order of the model's outputs; absent: one task"),
    ] = None
    samples_per_epoch: Annotated[Count, Meta(description="Training samples of one epoch")]
    micro_steps_per_epoch: Annotated[Count, Meta(description="Forward passes in an epoch")]
    steps_per_epoch: Annotated[Count, Meta(description="Updates in an epoch")]
    dropped_samples: Annotated[
        Count, Meta(description="Samples left over at the end of an epoch; others in each epoch")
    ]
    num_steps: Annotated[Count, Meta(description="Updates in the whole training")]


class Facts(Options, frozen=True, kw_only=True):
    """What follows from the spec and the data.

    Where every fold has its training, the values of one training are those of the first.
    """

    task: Annotated[
        Literal["segmentation", "classification", "regression", "causal_lm", "multi_task"],
        Meta(description="What is learned"),
    ]
    classes: Annotated[tuple[str, ...], Meta(description="Class names in label order")]
    targets: Annotated[
        tuple[Target, ...],
        Meta(description="What a regression predicts, in the order of the model's outputs"),
    ] = ()
    heads: Annotated[
        tuple[LearnedHead, ...] | None,
        Meta(description="The tasks in the order of the model's outputs; absent: one task"),
    ] = None
    raw_channels: Annotated[
        Positive,
        Meta(description="Channels of the images before transforms; of text the vocabulary"),
    ]
    in_channels: Annotated[Positive, Meta(description="Channels that reach the model")]
    out_channels: Annotated[
        Positive,
        Meta(description="Channels of the output: one for two classes; of text the vocabulary"),
    ]
    image_size: Annotated[
        tuple[int, int] | None,
        Meta(description="Height and width before the model in training; absent: images differ"),
    ] = None
    tokens: Annotated[
        Positive | None, Meta(description="Tokens of a sample of text; absent: images")
    ] = None
    synthetic: Annotated[bool, Meta(description="Whether some of the data is generated")]
    parts: Annotated[dict[str, Part], Meta(description="By name: train, valid, test")]
    folds: Annotated[
        tuple[Fold, ...] | None,
        Meta(description="The trainings in their order, one a fold; absent: there is one"),
    ] = None
    curriculum: Annotated[
        tuple[Phase, ...] | None,
        Meta(
            description="Which epochs have which level; the values of one epoch are those of the "
            "first. Absent: all epochs are alike"
        ),
    ] = None
    samples_per_epoch: Annotated[
        Count, Meta(description="Training samples of one epoch: images times crops")
    ]
    micro_batch: Annotated[Positive, Meta(description="Samples per forward pass and process")]
    accumulation: Annotated[Positive, Meta(description="Forward passes per update")]
    global_batch: Annotated[Positive, Meta(description="Samples per update over all processes")]
    world_size: Annotated[Positive, Meta(description="Processes that train together")]
    micro_steps_per_epoch: Annotated[
        Count, Meta(description="Forward passes in an epoch, of each process")
    ]
    steps_per_epoch: Annotated[Count, Meta(description="Updates in an epoch")]
    dropped_samples: Annotated[
        Count, Meta(description="Samples left over at the end of an epoch; others in each epoch")
    ]
    num_steps: Annotated[Count, Meta(description="Updates in the whole training")]
    device: Annotated[str, Meta(description="Where the model runs: cpu or cuda")]
    waits: Annotated[
        bool,
        Meta(
            description="Whether every update waits for the device once, to look whether it is "
            "finite: with fp16, and where the NaN policy skips or rolls back"
        ),
    ] = False
    threads: Annotated[Positive, Meta(description="CPU threads of torch")]
    monitor: Annotated[str, Meta(description="The recorded value that chooses the best weights")]
    monitor_mode: Annotated[
        Literal["min", "max"], Meta(description="Whether smaller or larger values are better")
    ]
    pretrained: Annotated[
        Digest | None, Meta(description="SHA-256 of the file of the model's first weights")
    ] = None
    inputs: Annotated[
        Digest | None,
        Meta(description="SHA-256 over the sorted names and sizes of the images to predict"),
    ] = None

    @property
    def all_heads(self) -> tuple[LearnedHead, ...]:
        """The tasks in the order of the model's outputs, also where there is only one."""
        only = LearnedHead(name=self.task, classes=self.classes, targets=self.targets)
        return self.heads or (only,)

    def of_fold(self, number: int) -> Facts:
        """The facts of the training of one fold, counted from 1."""
        assert self.folds is not None
        fold = self.folds[number - 1]
        return replace(
            self,
            folds=None,
            parts=fold.parts,
            targets=fold.targets,
            heads=fold.heads,
            samples_per_epoch=fold.samples_per_epoch,
            micro_steps_per_epoch=fold.micro_steps_per_epoch,
            steps_per_epoch=fold.steps_per_epoch,
            dropped_samples=fold.dropped_samples,
            num_steps=fold.num_steps,
        )

    @property
    def horizon(self) -> Horizon:
        """How long the training is, in updates."""
        phases = self.curriculum or ()
        stretches = tuple((phase.epoch, phase.steps_per_epoch) for phase in phases)
        return Horizon(self.num_steps, self.steps_per_epoch, stretches if len(phases) > 1 else ())


class GraphNode(Options, frozen=True, kw_only=True):
    """A node of the run's graph."""

    id: Annotated[str, Meta(description="Its name, unique in the graph")]
    kind: Annotated[str, Meta(description="What it is: dataset, model, trainer, artifact, …")]
    needs: Annotated[
        tuple[str, ...], Meta(description="The nodes that must be there before it")
    ] = ()
    digest: Annotated[
        Digest,
        Meta(description="SHA-256 over its resolved values and the digests of what it needs"),
    ]


class Prediction(Options, frozen=True, kw_only=True):
    """A number told before the run, with the way it was found."""

    name: Annotated[str, Meta(description="What is predicted")]
    value: Annotated[float, Meta(description="The number")]
    unit: Annotated[str, Meta(description="Its unit")]
    method: Annotated[str, Meta(description="How it was found")]


class Plan(Options, frozen=True, kw_only=True):
    """A spec compiled: what the runtime obeys."""

    format: Annotated[Literal[1], Meta(description="Version of the plan's format")] = 1
    name: Annotated[str, Meta(description="Name of the run and of its folder")]
    spec: Annotated[str, Meta(description="The spec's file name")]
    digest: Annotated[
        Digest, Meta(description="SHA-256 over every stage's digest; the identity of the run")
    ]
    experiment: Annotated[Experiment, Meta(description="The spec with every value decided")]
    facts: Annotated[Facts, Meta(description="What follows from the spec and the data")]
    plugins: Annotated[
        tuple[PluginUse, ...], Meta(description="The plugins whose components it may use")
    ] = ()
    nodes: Annotated[
        tuple[GraphNode, ...], Meta(description="The graph; each node after what it needs")
    ]
    deepspeed: Annotated[
        dict[str, Any], Meta(description="The same training as DeepSpeed's configuration")
    ]
    predictions: Annotated[
        tuple[Prediction, ...], Meta(description="Numbers told before the run")
    ] = ()
    provenance: Annotated[
        dict[str, str],
        Meta(
            description="Where each value comes from: file:line:column from the spec's folder, "
            "--set, default or derived: …"
        ),
    ] = msgspec.field(default_factory=dict)
    seal: Seal = ""


STAGES: Final = ("trainer", "cross_validator", "tester", "predictor")


def encode(plan: msgspec.Struct) -> bytes:
    """The bytes of a plan, open or not: indented JSON with sorted keys, sealed."""
    tree = {key: value for key, value in tree_of(plan).items() if key != "seal"}
    seal = hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()
    sealed = msgspec.json.encode({**tree, "seal": seal}, order="sorted")
    return msgspec.json.format(sealed) + b"\n"


def tree_of(plan: msgspec.Struct) -> dict[str, Any]:
    """The plan as plain values."""
    tree: dict[str, Any] = without_none(msgspec.to_builtins(plan))
    return tree


def plugins_of(text: bytes) -> tuple[PluginUse, ...]:
    """The plugins that the plan in these bytes needs; the rest is not looked at.

    Raises:
        msgspec.ValidationError: the bytes are not a plan of this version.
    """
    return msgspec.json.decode(text, type=_Needs).plugins


class _Needs(msgspec.Struct, frozen=True, kw_only=True):
    plugins: tuple[PluginUse, ...] = ()


def decode(text: bytes, catalogue: Catalogue) -> Plan:
    """The plan in these bytes.

    Raises:
        msgspec.ValidationError: the bytes are not a plan of this version.
    """
    return msgspec.json.decode(text, type=Plan, dec_hook=catalogue.decode_custom)


def without_none(value: Any) -> Any:
    """The value without keys that hold None: absent is how the language says it."""
    if isinstance(value, dict):
        return {key: without_none(below) for key, below in value.items() if below is not None}
    if isinstance(value, (list, tuple)):
        return [without_none(below) for below in value]
    return value
