"""The `engine` block of a spec: what steps the model, on how many processes.

Names are DeepSpeed's where it has them. Knows nothing of how an engine works.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from neurotrain.component.base import (
    Component,
    Family,
    NonNegative,
    Options,
    Positive,
    tag_of,
)
from neurotrain.component.paths import PathText

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
Count = Annotated[int, Meta(ge=0)]
NumberFormat: TypeAlias = Literal["fp32", "fp16", "bf16"]
Host = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$",
        extra_json_schema={"x-wants": "a host name or an address without spaces"},
    ),
]
LAUNCH_ONLY: Final = ("processes", "nodes", "launcher", "hostfile", "master_addr", "master_port")
"""Keys that say where an engine runs and change nothing in what it computes."""


class Engine(Family):
    """What steps the model."""

    __slots__ = ()
    family: ClassVar[str] = "engine"
    device: Device
    threads: int | None

    @property
    def processes_per_node(self) -> int:
        """How many processes share one machine."""
        return 1

    @property
    def num_nodes(self) -> int:
        """How many machines there are."""
        return 1

    @property
    def casts(self) -> NumberFormat | None:
        """The format that the weights themselves are cast to; None where they stay in fp32."""
        return None

    @property
    def told(self) -> str:
        """It in a few words."""
        return tag_of(self)

    def format_told(self, precision: str) -> str:
        """The number format in words, with that of `train.precision`: `bf16 in the whole model`."""
        return precision if self.casts is None else f"{self.casts} in the whole model"


class TorchEngine(Component, Engine, tag="torch", frozen=True, kw_only=True):
    """One process on one device."""

    device: Annotated[
        Device,
        Meta(description="Where the model runs; auto takes a GPU where one is found at compile"),
    ] = "auto"
    threads: Annotated[
        Positive | None, Meta(description="CPU threads of torch; by default the cores, at most 8")
    ] = None


class OffloadOptimizer(Options, frozen=True, kw_only=True):
    """Optimizer states outside the GPU; the update is computed on the CPU. Stages 1 to 3."""

    device: Annotated[
        Literal["cpu", "nvme"], Meta(description="Where the states lie; nvme needs stage 3")
    ] = "cpu"
    nvme_path: Annotated[PathText, Meta(description="Folder on the NVMe disk")] | None = None
    pin_memory: Annotated[
        bool, Meta(description="Page-locked memory: faster copies, cannot be swapped out")
    ] = True
    buffer_count: Annotated[Positive, Meta(description="Buffers for swapping to NVMe")] = 4


class OffloadParam(Options, frozen=True, kw_only=True):
    """Parameters outside the GPU until they are used. Stage 3."""

    device: Annotated[Literal["cpu", "nvme"], Meta(description="Where the parameters lie")] = "cpu"
    nvme_path: Annotated[PathText, Meta(description="Folder on the NVMe disk")] | None = None
    pin_memory: Annotated[
        bool, Meta(description="Page-locked memory: faster copies, cannot be swapped out")
    ] = True
    buffer_count: Annotated[Positive, Meta(description="Buffers for swapping to NVMe")] = 5
    buffer_size: Annotated[Positive, Meta(description="Elements of one buffer")] = 100_000_000
    max_in_cpu: Annotated[
        Count, Meta(description="Elements that stay in memory when the rest is on NVMe")
    ] = 1_000_000_000


class Zero(Options, frozen=True, kw_only=True):
    """What ZeRO splits between the processes. Rajbhandari et al., SC 2020.

    Stage 0 splits nothing, 1 the optimizer states, 2 the gradients too, 3 the parameters too.
    """

    stage: Annotated[
        int, Meta(description="0: nothing, 1: optimizer states, 2: gradients, 3: all", ge=0, le=3)
    ] = 0
    offload_optimizer: (
        Annotated[OffloadOptimizer, Meta(description="Optimizer states outside the GPU")] | None
    ) = None
    offload_param: (
        Annotated[OffloadParam, Meta(description="Parameters outside the GPU; stage 3")] | None
    ) = None
    overlap_comm: (
        Annotated[
            bool,
            Meta(description="Reduce gradients during the backward pass; by default in stage 3"),
        ]
        | None
    ) = None
    contiguous_gradients: Annotated[
        bool, Meta(description="Copy gradients into one buffer as they come, against fragmentation")
    ] = True
    reduce_scatter: Annotated[
        bool, Meta(description="Reduce-scatter instead of all-reduce to average gradients")
    ] = True
    reduce_bucket_size: Annotated[
        Positive, Meta(description="Gradient elements that are reduced at a time")
    ] = 500_000_000
    allgather_bucket_size: Annotated[
        Count, Meta(description="Elements gathered at a time after the update; stages 1 and 2")
    ] = 500_000_000
    round_robin_gradients: Annotated[
        bool, Meta(description="Copy gradients to the CPU in parallel; stages 1 and 2")
    ] = False
    sub_group_size: Annotated[
        Count, Meta(description="Parameter elements that are updated at a time; stage 3")
    ] = 1_000_000_000
    stage3_prefetch_bucket_size: Annotated[
        Count, Meta(description="Parameter elements fetched ahead of their use; stage 3")
    ] = 50_000_000
    stage3_param_persistence_threshold: Annotated[
        Count, Meta(description="Smaller parameters, in elements, are not split; stage 3")
    ] = 100_000
    stage3_max_live_parameters: Annotated[
        Count, Meta(description="Elements on a GPU before parameters are released; stage 3")
    ] = 1_000_000_000
    stage3_max_reuse_distance: Annotated[
        Count, Meta(description="Keep a parameter used again within so many elements; stage 3")
    ] = 1_000_000_000


class WholeBF16(Options, frozen=True, kw_only=True):
    """The whole model in bfloat16; the optimizer keeps float32 weights.

    Other than `train.precision: bf16`, which casts operation by operation (autocast).
    """

    check_grad_overflow: Annotated[
        bool, Meta(description="Leave an update out whose gradient is not finite; stages 1 and 2")
    ] = True


class WholeFP16(Options, frozen=True, kw_only=True):
    """The whole model in float16 with a scaled loss; the optimizer keeps float32 weights.

    Micikevicius et al., "Mixed precision training", ICLR 2018.
    """

    loss_scale: Annotated[
        NonNegative, Meta(description="A fixed factor of the loss; 0 adapts it while training")
    ] = 0.0
    initial_scale_power: Annotated[
        int, Meta(description="The first factor is 2 to this power", ge=0, le=32)
    ] = 16
    loss_scale_window: Annotated[
        Positive, Meta(description="Updates without overflow after which the factor is doubled")
    ] = 1000
    hysteresis: Annotated[
        Positive, Meta(description="Overflows after which the factor is halved; stages 1 to 3")
    ] = 2
    consecutive_hysteresis: Annotated[
        bool, Meta(description="An update without overflow resets that count; stages 1 to 3")
    ] = False
    min_loss_scale: Annotated[Positive, Meta(description="The smallest factor")] = 1


class ActivationCheckpointing(Options, frozen=True, kw_only=True):
    """Computes activations anew in the backward pass instead of keeping them.

    Chen et al., "Training deep nets with sublinear memory cost", 2016.
    """

    partition_activations: Annotated[
        bool, Meta(description="Split kept activations between model-parallel processes")
    ] = False
    cpu_checkpointing: Annotated[bool, Meta(description="Keep them in the CPU's memory")] = False
    contiguous_memory_optimization: Annotated[
        bool, Meta(description="Keep them in one buffer; needs number_checkpoints")
    ] = False
    number_checkpoints: (
        Annotated[Positive, Meta(description="Checkpoints of one forward pass")] | None
    ) = None
    synchronize_checkpoint_boundary: Annotated[
        bool, Meta(description="Wait for the device at every checkpoint")
    ] = False
    profile: Annotated[bool, Meta(description="Log the time of each checkpoint")] = False


class DeepSpeedEngine(Component, Engine, tag="deepspeed", frozen=True, kw_only=True):
    """Many processes on one or many machines, by DeepSpeed."""

    device: Annotated[
        Device,
        Meta(description="Where the model runs; auto takes GPUs where one is found at compile"),
    ] = "auto"
    threads: Annotated[
        Positive | None,
        Meta(
            description="CPU threads of each process; by default its share of the cores, at most 8"
        ),
    ] = None
    processes: Annotated[
        Positive, Meta(description="Processes on each machine, one a GPU", le=1024)
    ] = 1
    nodes: Annotated[Positive, Meta(description="Machines", le=10_000)] = 1
    launcher: Annotated[
        Literal["local", "hostfile", "slurm"],
        Meta(description="How processes start: here, by ssh on the hosts of a file, or by Slurm"),
    ] = "local"
    hostfile: (
        Annotated[PathText, Meta(description="A line 'HOST slots=N' for each machine")] | None
    ) = None
    master_addr: (
        Annotated[Host, Meta(description="Where process 0 runs; by default the first host")] | None
    ) = None
    master_port: Annotated[
        int, Meta(description="The port at which processes meet", ge=1024, le=65535)
    ] = 29500
    zero: Annotated[Zero, Meta(description="What is split between the processes")] = msgspec.field(
        default_factory=Zero
    )
    optimizer: Annotated[
        Literal["torch", "deepspeed"],
        Meta(
            description="Whose code the optimizer is: torch's, or DeepSpeed's, which is fused on "
            "GPUs and is the one that can be offloaded"
        ),
    ] = "torch"
    scheduler: Annotated[
        Literal["neurotrain", "deepspeed"],
        Meta(description="Whose code the schedule is; DeepSpeed's has its own form of warm-up"),
    ] = "neurotrain"
    bf16: (
        Annotated[WholeBF16, Meta(description="The whole model in bfloat16, not autocast")] | None
    ) = None
    fp16: (
        Annotated[WholeFP16, Meta(description="The whole model in float16, with a scaled loss")]
        | None
    ) = None
    sync_batch_norm: Annotated[
        bool, Meta(description="Batch statistics over all processes instead of one each")
    ] = False
    activation_checkpointing: (
        Annotated[
            ActivationCheckpointing, Meta(description="Compute activations anew to save memory")
        ]
        | None
    ) = None
    communication_data_type: (
        Annotated[NumberFormat, Meta(description="Format in which gradients are exchanged")] | None
    ) = None
    config: Annotated[
        dict[str, Any],
        Meta(description="Further keys of DeepSpeed's own configuration, in its words"),
    ] = msgspec.field(default_factory=dict)

    @property
    def processes_per_node(self) -> int:
        """How many processes share one machine."""
        return self.processes

    @property
    def num_nodes(self) -> int:
        """How many machines there are."""
        return self.nodes

    @property
    def casts(self) -> NumberFormat | None:
        """The format of the whole model; None under autocast or in fp32."""
        return "bf16" if self.bf16 is not None else "fp16" if self.fp16 is not None else None

    @property
    def told(self) -> str:
        """It in a few words: stage, what is offloaded, and where it runs."""
        away = {"optimizer": self.zero.offload_optimizer, "parameters": self.zero.offload_param}
        words = [f"deepspeed, ZeRO stage {self.zero.stage}"]
        words += [f"{what} on {where.device}" for what, where in away.items() if where is not None]
        words += [f"{self.processes} processes on each of {self.nodes} nodes"] * (self.nodes > 1)
        return ", ".join(words)
