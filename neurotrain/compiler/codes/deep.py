"""Faults that show when a spec is followed through torch without data."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

TRANSFORM_FAILS: Final = Code(
    "transform-fails",
    what="A transform cannot be applied to the images that reach it.",
    why="The first sample that is loaded would end the run.",
    example="[{type: random_crop, size: [64, 96]}, {type: random_rotate90}]",
    instead="[{type: random_crop, size: [64, 64]}, {type: random_rotate90}]",
)
TRANSFORM_CONTRACT: Final = Code(
    "transform-contract",
    what="A transform gives images of another shape or type than it says.",
    why="The plan rests on what it says: channels, size, batches.",
    example="def shape(self, shape):\n    return shape   # build() halves the images",
    instead="def shape(self, shape):\n    return replace(shape, size=…)",
)
MODEL_FAILS: Final = Code(
    "model-fails",
    what="The model cannot be built with these parameters, or fails on images of this size.",
    why="The run would end at its first step.",
    example="model: {type: simple_cnn, channels: [8, 8, 8, 8, 8]}   # images of 8x8 pixels",
    instead="model: {type: simple_cnn, channels: [8, 8, 8]}",
)
DISCRIMINATOR_FAILS: Final = Code(
    "discriminator-fails",
    what="The discriminator cannot be built, fails on images of this size, or gives no logits.",
    why="The run would end at its first step.",
    example="adversarial: {discriminator: {type: patch_discriminator, channels: [8, 8, 8, 8, 8]}}"
    "   # images of 32x32 pixels",
    instead="adversarial: {discriminator: {type: patch_discriminator, channels: [8, 8, 8]}}",
)
OUTPUT_MISMATCH: Final = Code(
    "output-mismatch",
    what="The model's output has another shape than the task needs.",
    why="Losses and metrics compare it with the labels: one logit for two classes, else one each.",
    example="task: {classes: [background, artery, vein], …}\nmodel: {type: my_net}  # gives one",
    instead="task: {classes: [background, vessel], …}\nmodel: {type: my_net}",
)
WEIGHTS_DO_NOT_FIT: Final = Code(
    "weights-do-not-fit",
    what="The pretrained weights have other names or shapes than those of the model.",
    why="The run would refuse them, or with strict: false start without them.",
    example="pretrained: {file: wide.pth}   # weights of channels: [32, 64]\n"
    "model: {type: unet, channels: [16, 32]}",
    instead="pretrained: {file: wide.pth}\nmodel: {type: unet, channels: [32, 64]}",
)
NOT_FOLLOWED: Final = Code(
    "model-not-followed",
    what="The model reads values of its images to choose what it computes.",
    why="Without data its output and costs are not known before the run.",
    example="def forward(self, x):\n    return self.a(x) if x.mean() > 0 else self.b(x)",
    instead="def forward(self, x):\n    return self.a(x) + self.b(x)",
    severity=Severity.WARNING,
)
LOSS_FAILS: Final = Code(
    "loss-fails",
    what="The loss cannot be computed from the model's output and the labels of this task.",
    why="The run would end at its first step.",
    example="task: {classes: [background, artery, vein], …}\nloss: [my_loss]  # takes one channel",
    instead="task: {classes: [background, vessel], …}\nloss: [my_loss]",
)
METRIC_FAILS: Final = Code(
    "metric-fails",
    what="The metric gives no value for each class of this task.",
    why="The first validation would end the run.",
    example="metrics: [my_metric]   # gives one value for three classes",
    instead="metrics: [dice]",
)
UNDEFINED_MONITOR: Final = Code(
    "undefined-monitor",
    what="The monitored metric has no value on the validation data, whose answers are all alike.",
    why="The best weights would never be chosen, or training would stop as if nothing improved.",
    example="metrics: [r2]   # of one validation sample",
    instead="metrics: [mae]",
)
UNDEFINED_METRIC: Final = Code(
    "undefined-metric",
    what="A metric has no value on a part of the data, whose answers are all alike.",
    why="It would be recorded as NaN.",
    example="metrics: [accuracy, auroc]   # all test samples have one class",
    instead="metrics: [accuracy]",
    severity=Severity.WARNING,
)
OPTIMIZER_FAILS: Final = Code(
    "optimizer-fails",
    what="The optimizer cannot be built with these parameters, or cannot make an update.",
    why="The run would end at its first update.",
    example="optimizer: {type: my_optimizer, learning_rate: 1}   # it takes rates below 1",
    instead="optimizer: {type: my_optimizer, learning_rate: 0.1}",
)
UPDATE_NOT_FOLLOWED: Final = Code(
    "update-not-followed",
    what="The optimizer reads values of the weights to choose what it does.",
    why="Without data its state is not known before the run, nor what depends on it.",
    example="optimizer: {type: asgd}",
    instead="optimizer: {type: sgd, momentum: 0.9}",
    severity=Severity.WARNING,
)
UNMATCHED_GROUP: Final = Code(
    "unmatched-group",
    what="A group of parameters matches none of the model's, or only those of an earlier group.",
    why="The settings in it would hold for nothing.",
    example="optimizer: {type: adamw, groups: [{match: 'encodr.*', learning_rate: 1e-4}]}",
    instead="optimizer: {type: adamw, groups: [{match: 'encoder.*', learning_rate: 1e-4}]}",
)
UNMATCHED_LAYER: Final = Code(
    "unmatched-layer",
    what="A pattern of layers to record matches none of the model's.",
    why="The run would end before its first step, since nothing could be recorded.",
    example="train: {record: {activations: ['encodr.*']}}",
    instead="train: {record: {activations: ['encoder.*']}}",
)
NO_ROOM: Final = Code(
    "no-room-for-checkpoint",
    what="One checkpoint is larger than the free space of the output folder's disk.",
    why="Nothing that the run trains could be saved.",
    example="model: {type: unet, channels: [4096, 8192]}   # 20 GB a checkpoint, 5 GB free",
    instead="model: {type: unet, channels: [16, 32]}",
)
DISK_FILLS: Final = Code(
    "disk-may-fill",
    what="What the run keeps at its peak is more than the free space of the output folder's disk.",
    why="A save that finds no room ends the run.",
    example="checkpoints: {every: 1 epoch, keep_last: 100}",
    instead="checkpoints: {every: 1 epoch, keep_last: 3}",
    severity=Severity.WARNING,
)

CODES: Final = (
    TRANSFORM_FAILS, TRANSFORM_CONTRACT, MODEL_FAILS, DISCRIMINATOR_FAILS, OUTPUT_MISMATCH,
    NOT_FOLLOWED, LOSS_FAILS, WEIGHTS_DO_NOT_FIT, METRIC_FAILS, OPTIMIZER_FAILS,
    UPDATE_NOT_FOLLOWED, UNDEFINED_MONITOR, UNDEFINED_METRIC, UNMATCHED_GROUP, UNMATCHED_LAYER,
    NO_ROOM, DISK_FILLS,
)  # fmt: skip
