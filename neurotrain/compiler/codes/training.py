"""Faults of batches, steps, monitoring and schedules."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

BATCH_ARITHMETIC: Final = Code(
    "batch-arithmetic",
    what="The batch sizes contradict each other, or one cannot be found from the others.",
    why="global = micro x accumulation x processes has to hold in whole numbers.",
    example="batch: {global: 16, micro: 6}",
    instead="batch: {global: 18, micro: 6}",
)
BATCH_TOO_LARGE: Final = Code(
    "batch-too-large",
    what="An epoch has fewer samples than one update takes.",
    why="No update would ever be made.",
    example="batch: {micro: 64}   # 40 training images",
    instead="batch: {micro: 8}",
)
UNKNOWN_MONITOR: Final = Code(
    "unknown-monitor",
    what="The monitored value is none that this run records.",
    why="Early stopping or the best weights would wait for a value that never comes.",
    example="metrics: [dice]\ntrain:\n  early_stopping: {monitor: valid/iou}",
    instead="metrics: [dice]\ntrain:\n  early_stopping: {monitor: valid/dice}",
)
NO_VALIDATION: Final = Code(
    "no-validation-data",
    what="A validation value is monitored, but there is no validation data.",
    why="The value would never be measured.",
    example="data: {train: …}\ntrain: {early_stopping: {monitor: valid/loss}}",
    instead="data: {train: …, valid: {fraction: 0.1}}",
)
PATIENCE_TOO_LONG: Final = Code(
    "patience-too-long",
    what="Patience is longer than the training.",
    why="Early stopping, or the reduction of the rate, can never happen.",
    example="epochs: 10\nearly_stopping: {patience: 10}",
    instead="epochs: 100\nearly_stopping: {patience: 10}",
    severity=Severity.WARNING,
)
VALIDATES_NEVER: Final = Code(
    "validates-never",
    what="The time between validations is longer than the training.",
    why="Nothing would be validated before the end.",
    example="epochs: 3\nvalidate_every: 5 epochs",
    instead="epochs: 3\nvalidate_every: 1 epoch",
)
WRONG_DIRECTION: Final = Code(
    "wrong-direction",
    what="The direction that is written is not that of the monitored value.",
    why="The worst weights would be kept as the best, and training would stop as it improves.",
    example="early_stopping: {monitor: valid/dice, mode: min}",
    instead="early_stopping: {monitor: valid/dice}",
)
WARMUP_TOO_LONG: Final = Code(
    "warmup-too-long",
    what="The warm-up is as long as the training or longer.",
    why="The learning rate would never reach its peak.",
    example="epochs: 5\nscheduler: {type: cosine, warmup: 5 epochs}",
    instead="epochs: 50\nscheduler: {type: cosine, warmup: 5 epochs}",
)
ODD_RATE: Final = Code(
    "odd-learning-rate",
    what="The learning rate is far from any that is known to work for the optimizer.",
    why="It is probably a slip of the exponent.",
    example="optimizer: {type: adamw, learning_rate: 3}",
    instead="optimizer: {type: adamw, learning_rate: 3e-3}",
    severity=Severity.WARNING,
)
DROPPED_SAMPLES: Final = Code(
    "dropped-samples",
    what="A large share of each epoch's samples is left over because it fills no update.",
    why="Other samples are left out in each epoch, but an epoch is shorter than you think.",
    example="batch: {micro: 12}   # 20 training images",
    instead="batch: {micro: 10}",
    severity=Severity.WARNING,
)
CHECKPOINTS_NEVER: Final = Code(
    "checkpoints-never",
    what="The time between kept checkpoints is longer than the training.",
    why="None would be kept by number.",
    example="epochs: 5\ncheckpoints: {every: 10 epochs}",
    instead="epochs: 50\ncheckpoints: {every: 10 epochs}",
    severity=Severity.WARNING,
)
BEYOND_THE_END: Final = Code(
    "beyond-the-end",
    what="A time of the schedule or curriculum, or the start of averaging, lies beyond the end of "
    "the training.",
    why="It would never come, and the setting would do nothing.",
    example="epochs: 20\nscheduler: {type: multistep, milestones: [10 epochs, 30 epochs]}",
    instead="epochs: 20\nscheduler: {type: multistep, milestones: [10 epochs, 15 epochs]}",
    severity=Severity.WARNING,
)

CODES: Final = (
    BATCH_ARITHMETIC, BATCH_TOO_LARGE, UNKNOWN_MONITOR, NO_VALIDATION, PATIENCE_TOO_LONG,
    VALIDATES_NEVER, WRONG_DIRECTION, WARMUP_TOO_LONG, ODD_RATE,
    DROPPED_SAMPLES, CHECKPOINTS_NEVER, BEYOND_THE_END,
)  # fmt: skip
