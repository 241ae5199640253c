"""Faults of the engine block: what DeepSpeed would refuse, ignore or only find out late."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

OFFLOAD_STAGE: Final = Code(
    "offload-needs-stage",
    what="Something is offloaded that the ZeRO stage does not split.",
    why="DeepSpeed offloads optimizer states from stage 1 on, parameters and NVMe in stage 3 only; "
    "below that it ignores the block.",
    example="zero: {stage: 2, offload_param: {device: cpu}}",
    instead="zero: {stage: 3, offload_param: {device: cpu}}",
)
OFFLOAD_PATH: Final = Code(
    "offload-needs-path",
    what="Something is offloaded to NVMe, but no folder is named.",
    why="DeepSpeed asks for it only after the model is built.",
    example="offload_optimizer: {device: nvme}",
    instead="offload_optimizer: {device: nvme, nvme_path: /local_nvme}",
)
ZERO_OPTIMIZER: Final = Code(
    "optimizer-untested-with-zero",
    what="The optimizer is none that DeepSpeed has tested with ZeRO.",
    why="DeepSpeed stops at the start, unless it is told to go on.",
    example="train: {optimizer: sgd}\nengine: {type: deepspeed, zero: {stage: 1}}",
    instead="train: {optimizer: adamw}\nengine: {type: deepspeed, zero: {stage: 1}}",
)
OFFLOAD_OPTIMIZER: Final = Code(
    "optimizer-not-offloadable",
    what="The optimizer's states are offloaded, but it is not one of DeepSpeed's own.",
    why="DeepSpeed refuses it: the update then runs on the CPU, for which its own Adam is made.",
    example="engine: {type: deepspeed, zero: {stage: 1, offload_optimizer: {}}}",
    instead="engine: {type: deepspeed, optimizer: deepspeed, zero: {stage: 1, "
    "offload_optimizer: {}}}",
)
NOT_DEEPSPEEDS_OPTIMIZER: Final = Code(
    "optimizer-not-of-deepspeed",
    what="DeepSpeed has no optimizer of its own of this type.",
    why="`optimizer: deepspeed` means its fused or its CPU Adam.",
    example="train: {optimizer: sgd}\nengine: {type: deepspeed, optimizer: deepspeed}",
    instead="train: {optimizer: sgd}\nengine: {type: deepspeed, optimizer: torch}",
)
NOT_DEEPSPEEDS_SCHEDULER: Final = Code(
    "scheduler-not-of-deepspeed",
    what="DeepSpeed has no schedule of its own of this form.",
    why="It has WarmupLR and WarmupCosineLR, both with a warm-up of at least two steps.",
    example="train: {scheduler: constant}\nengine: {type: deepspeed, scheduler: deepspeed}",
    instead="train: {scheduler: {type: constant, warmup: 100 steps}}\n"
    "engine: {type: deepspeed, scheduler: deepspeed}",
)
PRECISION_CONFLICT: Final = Code(
    "precision-conflict",
    what="Two number formats are asked for at once.",
    why="`engine.bf16` and `engine.fp16` cast the whole model, `train.precision` casts operation "
    "by operation; DeepSpeed does one of them. Only fp16 has a scaled loss.",
    example="train: {precision: bf16}\nengine: {type: deepspeed, fp16: {}}",
    instead="engine: {type: deepspeed, fp16: {}}",
)
FP16_ON_CPU: Final = Code(
    "fp16-on-cpu",
    what="The whole model is cast to float16 on a CPU.",
    why="DeepSpeed refuses it on all but the few processors that compute in float16, and a plan "
    "is not for one processor.",
    example="engine: {type: deepspeed, device: cpu, fp16: {}}",
    instead="engine: {type: deepspeed, device: cpu, bf16: {}}",
)
BF16_BATCH_NORM: Final = Code(
    "bf16-batch-norm",
    what="A model with batch normalisation is cast to bfloat16 on a CPU.",
    why="Its running statistics stay in float32, and torch's CPU code does not mix the two.",
    example="model: {type: unet, norm: batch}\nengine: {type: deepspeed, device: cpu, bf16: {}}",
    instead="model: {type: unet, norm: batch}\ntrain: {precision: bf16}\n"
    "engine: {type: deepspeed, device: cpu}",
)
BATCH_STATISTICS: Final = Code(
    "batch-statistics-per-process",
    what="Each process normalises by the statistics of its own micro-batch.",
    why="The result then depends on the number of processes, and their running statistics drift "
    "apart.",
    example="model: {type: unet, norm: batch}\nengine: {type: deepspeed, processes: 2}",
    instead="model: {type: unet, norm: batch}\n"
    "engine: {type: deepspeed, processes: 2, sync_batch_norm: true}",
    severity=Severity.WARNING,
)
DEPENDS_ON_PROCESSES: Final = Code(
    "depends-on-processes",
    what="Something in the training depends on how many processes share it.",
    why="A loss of a whole batch is one of each process's micro-batch, and dropout draws other "
    "masks on each process. Another number of them trains other weights.",
    example="loss: [{type: dice, over_batch: true}]\nengine: {type: deepspeed, processes: 2}",
    instead="loss: [dice]\nengine: {type: deepspeed, processes: 2}",
    severity=Severity.WARNING,
)
LAUNCH_INCOMPLETE: Final = Code(
    "launch-incomplete",
    what="The launcher lacks what it needs to reach the machines.",
    why="Several machines are reached through a hostfile or through Slurm.",
    example="engine: {type: deepspeed, nodes: 2}",
    instead="engine: {type: deepspeed, nodes: 2, launcher: hostfile, hostfile: hosts}",
)
HOSTFILE: Final = Code(
    "unusable-hostfile",
    what="The hostfile cannot be read, or has too few machines or slots.",
    why="The launcher would stop, or start fewer processes than planned.",
    example="engine: {type: deepspeed, nodes: 2, processes: 8, launcher: hostfile, hostfile: hosts}"
    "\n# hosts: worker-1 slots=4",
    instead="# hosts:\nworker-1 slots=8\nworker-2 slots=8",
)
UNKNOWN_DEEPSPEED_KEY: Final = Code(
    "unknown-deepspeed-key",
    what="DeepSpeed's configuration has no such key, or has it no more.",
    why="DeepSpeed ignores most unknown keys without a word.",
    example="engine: {type: deepspeed, config: {gradient_clippingg: 1.0}}",
    instead="train: {clip_grad_norm: 1.0}",
)
DEEPSPEED_VALUE: Final = Code(
    "wrong-deepspeed-value",
    what="A key of DeepSpeed's configuration has a value that it does not take.",
    why='DeepSpeed would refuse it when the run starts; `"auto"` means something to other '
    "trainers only.",
    example="engine: {type: deepspeed, config: {aio: {queue_depth: auto}}}",
    instead="engine: {type: deepspeed, config: {aio: {queue_depth: 16}}}",
)
DECIDED_KEY: Final = Code(
    "decided-deepspeed-key",
    what="A key of DeepSpeed's configuration contradicts or repeats the spec.",
    why="The compiler writes it from the spec; two sources would sooner or later differ.",
    example="engine: {type: deepspeed, config: {train_batch_size: 64}}",
    instead="train: {batch: {global: 64}}",
)
UNSUPPORTED_KEY: Final = Code(
    "unsupported-deepspeed-key",
    what="A feature of DeepSpeed is asked for that this trainer does not use.",
    why="It would be ignored, or change what is trained behind the plan's back.",
    example="engine: {type: deepspeed, config: {tensorboard: {enabled: true}}}",
    instead="loggers: [tensorboard]",
)
NOT_WITH_DEEPSPEED: Final = Code(
    "not-with-deepspeed",
    what="An option is asked for that this trainer does not do with DeepSpeed.",
    why="DeepSpeed makes the updates itself, on weights and gradients that it may have split "
    "between processes. The option would be ignored.",
    example="train: {clip_grad_value: 0.5}\nengine: {type: deepspeed}",
    instead="train: {clip_grad_norm: 1.0}\nengine: {type: deepspeed}",
)

CODES: Final = (
    OFFLOAD_STAGE, OFFLOAD_PATH, ZERO_OPTIMIZER, OFFLOAD_OPTIMIZER, NOT_DEEPSPEEDS_OPTIMIZER,
    NOT_DEEPSPEEDS_SCHEDULER, PRECISION_CONFLICT, FP16_ON_CPU, BF16_BATCH_NORM, BATCH_STATISTICS,
    DEPENDS_ON_PROCESSES, LAUNCH_INCOMPLETE, HOSTFILE, UNKNOWN_DEEPSPEED_KEY, DEEPSPEED_VALUE,
    DECIDED_KEY, UNSUPPORTED_KEY, NOT_WITH_DEEPSPEED,
)  # fmt: skip
