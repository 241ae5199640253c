"""Faults between components: each is right by itself, together they are not."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

MODEL_NOT_FOR_TASK: Final = Code(
    "model-not-for-task",
    what="The model gives another kind of output than the task needs.",
    why="A classifier gives one answer an image, a segmentation needs one a pixel.",
    example="task: {type: segmentation, …}\nmodel: {type: mlp}",
    instead="task: {type: segmentation, …}\nmodel: {type: unet}",
)
ADVERSARIAL_NOT_FOR_TASK: Final = Code(
    "adversarial-not-for-task",
    what="A discriminator is asked for where there are no masks.",
    why="It tells true masks from predicted ones, which a segmentation alone has.",
    example="task: {type: classification}\ntrain: {adversarial: {}}",
    instead="task: {type: segmentation, classes: [background, vessel]}\ntrain: {adversarial: {}}",
)
LOSS_NOT_FOR_TASK: Final = Code(
    "loss-not-for-task",
    what="The loss is made for another task or another kind of output.",
    why="Two classes are one logit with a sigmoid, more are a softmax; each has its own losses.",
    example="task: {type: segmentation, classes: [background, vessel]}\nloss: [cross_entropy]",
    instead="task: {type: segmentation, classes: [background, vessel]}\nloss: [bce]",
)
METRIC_NOT_FOR_TASK: Final = Code(
    "metric-not-for-task",
    what="The metric is made for another task.",
    why="Its value would say nothing.",
    example="task: {type: classification}\nmetrics: [dice]",
    instead="task: {type: classification}\nmetrics: [accuracy]",
)
DUPLICATE_METRIC: Final = Code(
    "duplicate-metric",
    what="The same metric is named twice.",
    why="Both would be recorded under one name.",
    example="metrics: [dice, dice]",
    instead="metrics: [dice]",
)
DUPLICATE_CLASS: Final = Code(
    "duplicate-class",
    what="Two classes have the same name.",
    why="Scores stand under the names of their classes; those of one would hide the other's.",
    example="classes: [background, vessel, vessel]",
    instead="classes: [background, artery, vein]",
)
DUPLICATE_HEAD: Final = Code(
    "duplicate-head",
    what="Two heads have the same name.",
    why="Their values would be recorded, and their reports written, under one name.",
    example="heads: [{type: classification, name: a, …}, {type: regression, name: a, …}]",
    instead="heads: [{type: classification, name: sex, …}, {type: regression, name: age, …}]",
)
BESIDE_HEADS: Final = Code(
    "beside-heads",
    what="A loss or metrics stand beside several tasks.",
    why="Each head has its own; nobody knows which task these would be of.",
    example="task: {type: multi_task, heads: […]}\nloss: [mse]",
    instead="task: {type: multi_task, heads: [{type: regression, name: age, loss: [mse], …}, …]}",
)
RANDOM_EVALUATION: Final = Code(
    "random-evaluation",
    what="A random transform stands among those for evaluation.",
    why="Every validation and test would measure something else.",
    example="transforms: {eval: [{type: random_flip}]}",
    instead="transforms: {train: [{type: random_flip}]}",
)
TRANSFORMS_DIFFER: Final = Code(
    "transforms-differ",
    what="Training and evaluation bring the model images of different channels or size.",
    why="The model takes one number of channels, and some models one size.",
    example="transforms: {train: [{type: grey}], eval: []}",
    instead="transforms: {train: [{type: grey}], eval: [{type: grey}]}",
)
NOT_SQUARE: Final = Code(
    "not-square",
    what="Images are turned by 90 degrees that are not square.",
    why="Turned and unturned images would have different sizes in one batch.",
    example="[{type: random_crop, size: [64, 96]}, {type: random_rotate90}]",
    instead="[{type: random_crop, size: [64, 64]}, {type: random_rotate90}]",
)
NOT_DIVISIBLE: Final = Code(
    "size-not-divisible",
    what="The training size is not divisible by what the model's strides need.",
    why="Up-sampled features would not fit those they are joined with.",
    example="{type: random_crop, size: [50, 50]}   # model: {type: unet, channels: [16, 32, 64]}",
    instead="{type: random_crop, size: [52, 52]}",
)
POSTPROCESS_ORDER: Final = Code(
    "postprocess-order",
    what="A post-processing step does not get what it works on.",
    why="`threshold` works on the probabilities of two classes, so it stands first or not at all.",
    example="postprocess: [fill_holes, threshold]",
    instead="postprocess: [threshold, fill_holes]",
)
PREDICT_TASK: Final = Code(
    "predict-not-for-task",
    what="Post-processing or a region of interest is written for a task that has no masks.",
    why="Both work on masks, so there is nothing that they could change.",
    example="task: {type: classification}\npredict: {input: …, postprocess: [fill_holes]}",
    instead="task: {type: classification}\npredict: {input: …}",
)
NOT_NORMALIZED: Final = Code(
    "not-normalized",
    what="Images reach the model without normalisation.",
    why="Most models train worse on raw intensities.",
    example="transforms: {train: [random_flip]}",
    instead="transforms: {train: [normalize, random_flip], eval: [normalize]}",
    severity=Severity.WARNING,
)
CONTRADICTION: Final = Code(
    "contradictory-parameters",
    what="Parameters of one component exclude each other.",
    why="The component cannot be built with both.",
    example="optimizer: {type: sgd, momentum: 0.0, nesterov: true}",
    instead="optimizer: {type: sgd, momentum: 0.9, nesterov: true}",
)
WINDOW_UNUSED: Final = Code(
    "unused-setting",
    what="A setting has no effect with the rest of the spec.",
    why="You would believe that it had one.",
    example="task: {type: classification}\ntest: {sliding_window: [64, 64]}",
    instead="task: {type: classification}",
)
MISSING_WEIGHTS: Final = Code(
    "missing-weights",
    what="The file of pretrained weights does not exist.",
    why="Training would start from other weights than you think.",
    example="pretrained: {file: weigths/encoder.pth}",
    instead="pretrained: {file: weights/encoder.pth}",
)
UNUSABLE_WEIGHTS: Final = Code(
    "unusable-weights",
    what="A file of pretrained weights is of no known form, or damaged.",
    why="Weights are read from what torch.save or safetensors wrote, without running code.",
    example="pretrained: {file: model.onnx}",
    instead="torch.save(model.state_dict(), 'model.pth')\npretrained: {file: model.pth}",
)
IDLE: Final = Code(
    "idle-setting",
    what="A setting waits for another one that is absent.",
    why="It has no effect until that one is written.",
    example="test: {overlap: 0.5}",
    instead="test: {sliding_window: [256, 256], overlap: 0.5}",
    severity=Severity.WARNING,
)
MISSING_PACKAGE: Final = Code(
    "missing-package",
    what="The model comes from a package that is not installed.",
    why="The run could not build it.",
    example="model: {type: gpt2}   # without transformers",
    instead="pip install 'neurotrain[transformers]'",
)
TRANSFORM_NOT_FOR_TEXT: Final = Code(
    "transform-not-for-text",
    what="A transform of images stands beside a task of text.",
    why="Text has no pixels: it reaches the model as tokens, as it is.",
    example="task: {type: causal_lm}\ndata: {transforms: {train: [normalize]}}",
    instead="task: {type: causal_lm}\ndata: {train: {type: text_files, root: books}}",
)

CODES: Final = (
    MODEL_NOT_FOR_TASK, ADVERSARIAL_NOT_FOR_TASK, LOSS_NOT_FOR_TASK, METRIC_NOT_FOR_TASK,
    DUPLICATE_METRIC, DUPLICATE_CLASS, DUPLICATE_HEAD, BESIDE_HEADS,
    RANDOM_EVALUATION, TRANSFORMS_DIFFER, NOT_SQUARE, NOT_DIVISIBLE, POSTPROCESS_ORDER,
    PREDICT_TASK, NOT_NORMALIZED, CONTRADICTION, WINDOW_UNUSED, IDLE, MISSING_WEIGHTS,
    UNUSABLE_WEIGHTS, MISSING_PACKAGE, TRANSFORM_NOT_FOR_TEXT,
)  # fmt: skip
