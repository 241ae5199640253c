"""Faults of the data and of what the spec says about it."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

MISSING_FILES: Final = Code(
    "missing-files",
    what="A folder does not exist, or a pattern matches no file in it.",
    why="There is nothing to train on.",
    example='data:\n  train: {type: paired_images, root: data, images: "image/*.png", masks: …}',
    instead='data:\n  train: {type: paired_images, root: data, images: "images/*.png", masks: …}',
)
UNPAIRED_IMAGES: Final = Code(
    "unpaired-images",
    what="Images have no mask, or masks have no image.",
    why="Leaving them out silently would train on other data than you think.",
    example="images/01.png images/02.png masks/01.png",
    instead="images/01.png images/02.png masks/01.png masks/02.png",
)
AMBIGUOUS_PAIRS: Final = Code(
    "ambiguous-pairs",
    what="File names allow more than one way to pair images and masks.",
    why="A wrong pair teaches the model nonsense, and no number shows it.",
    example='images: "*.png"',
    instead='images: "{id}_image.png"\nmasks: "{id}_mask.png"',
)
UNREADABLE_IMAGE: Final = Code(
    "unreadable-image",
    what="A file is no image of a known format, or its header is damaged.",
    why="It would end the run when its turn comes.",
    example="images/03.png holds 0 bytes",
    instead="Replace the file or take it out of the folder.",
)
SIZE_MISMATCH: Final = Code(
    "size-mismatch",
    what="A mask or region of interest has another size than its image.",
    why="Pixels would be compared with other pixels.",
    example="images/01.png is 584x565, masks/01.png is 292x282",
    instead="Export the masks in the size of their images.",
)
MIXED_CHANNELS: Final = Code(
    "mixed-channels",
    what="Some images are grey and some have colour.",
    why="A model takes a fixed number of channels.",
    example="data:\n  train: {type: paired_images, …}",
    instead="data:\n  train: {type: paired_images, channels: grey, …}",
)
LABEL_VALUES: Final = Code(
    "label-values",
    what="Masks hold values that stand for no class.",
    why="Guessing what they mean could be wrong.",
    example="A mask with 0, 128 and 255 and two classes",
    instead="label_values: [0, 255] or mask_threshold: 128",
)
UNUSABLE_REGION: Final = Code(
    "unusable-region",
    what="A region of interest marks nothing, or is coloured. `compile` and `run` decode them, "
    "`check` does not.",
    why="Nothing of its image would count, and the run would end when its turn comes.",
    example="fov/03.png is black everywhere",
    instead="Mark what counts, or take the region and its image out of the folders.",
)
TOO_FEW_CLASSES: Final = Code(
    "too-few-classes",
    what="The data has fewer than two classes, or a class without samples.",
    why="There is nothing to tell apart.",
    example="root/cats/*.jpg alone",
    instead="root/cats/*.jpg and root/dogs/*.jpg",
)
WRONG_DATASET: Final = Code(
    "dataset-not-for-task",
    what="The dataset gives other targets than the task needs.",
    why="A segmentation needs masks, a classification a class for each image.",
    example="task: {type: segmentation, …}\ndata: {train: {type: digits}}",
    instead="task: {type: classification}\ndata: {train: {type: digits}}",
)
EMPTY_SPLIT: Final = Code(
    "empty-split",
    what="A part of the data has no samples.",
    why="Nothing could be trained or measured on it.",
    example="valid: {fraction: 0.01}   # of 20 images",
    instead="valid: {fraction: 0.1}",
)
NO_SUCH_FOLD: Final = Code(
    "no-such-fold",
    what="The fold to be held out is none of the folds that there are.",
    why="Nothing would be held out of the training.",
    example="valid: {folds: 5, fold: 6}",
    instead="valid: {folds: 5, fold: 5}",
)
ONE_FOLD_AT_A_TIME: Final = Code(
    "one-fold-at-a-time",
    what="All folds are to be trained in one run, in a setting that trains one fold a run.",
    why="DeepSpeed's processes, a curriculum and a language model serve one training.",
    example="valid: {folds: 5}\nengine: {type: deepspeed, processes: 2}",
    instead="valid: {folds: 5, fold: 1}   # and a run for each of the others",
)
RARE_CLASS: Final = Code(
    "rare-class",
    what="A class has fewer samples than there are folds.",
    why="Some folds have none of it: what is averaged over the folds is not of the same classes.",
    example="valid: {folds: 5}   # three samples of one class",
    instead="valid: {folds: 3}",
    severity=Severity.WARNING,
)
CLASSES_MISMATCH: Final = Code(
    "classes-mismatch",
    what="The classes of the spec are not those of the data, or differ between its parts.",
    why="Labels would mean other classes than their names say.",
    example="task: {type: classification, classes: [a, b]}   # ten folders",
    instead="task: {type: classification}   # takes the names of the folders",
)
IMAGE_TOO_SMALL: Final = Code(
    "image-too-small",
    what="A window is larger than an image.",
    why="There is no such window in it.",
    example="{type: random_crop, size: [512, 512]}   # images of 256 x 256",
    instead="{type: random_crop, size: [256, 256]}",
)
WINDOW_TOO_LARGE: Final = Code(
    "window-too-large",
    what="The sliding window is larger than an image of validation or test.",
    why="The image is filled up with zeros, which the model has never seen, and it takes longer.",
    example="test: {sliding_window: [512, 512]}   # images of 256 x 256",
    instead="test: {sliding_window: [256, 256]}",
    severity=Severity.WARNING,
)
BATCH_EXCEEDS_PART: Final = Code(
    "batch-exceeds-part",
    what="The evaluation takes more images at once than there are.",
    why="All images go through the model at once, which needs more memory than the batch you know.",
    example="valid: {fraction: 0.1}   # 4 images\ntest: {batch: 64}",
    instead="test: {batch: 4}",
    severity=Severity.WARNING,
)
SIZES_DIFFER: Final = Code(
    "sizes-differ",
    what="Training images have different sizes and nothing brings them to one, or too late.",
    why="A batch needs images of one size.",
    example="transforms: {train: [{type: normalize}]}",
    instead="transforms: {train: [{type: normalize}, {type: resize, size: [256, 256]}]}",
)
SAME_DATA: Final = Code(
    "same-data",
    what="The same files are in two parts of the data.",
    why="The score would tell how well the model remembers, not how well it works.",
    example="data: {train: {type: digits}, test: {type: digits}}",
    instead="data: {train: {type: digits}, test: {fraction: 0.2}}",
)
LEAKED_IMAGES: Final = Code(
    "leaked-images",
    what="Images of one part are in another part under other names: their bytes are the same.",
    why="The score would tell how well the model remembers, not how well it works.",
    example="train/images/03.png and test/images/41.png hold the same bytes",
    instead="Take one of the two away, with its mask.",
)
DUPLICATE_IMAGES: Final = Code(
    "duplicate-images",
    what="A part holds images twice, under different names: their bytes are the same.",
    why="They weigh twice in training and in scores. `compile` and `run` find them, `check` does "
    "not read whole files.",
    example="images/03.png and images/copy_of_03.png hold the same bytes",
    instead="Take one of the two away, with its mask.",
    severity=Severity.WARNING,
)
ABSENT_CLASS: Final = Code(
    "absent-class",
    what="No training mask has a pixel of a class, or no training sample of several tasks has it.",
    why="The model cannot learn it, and it costs an output. `compile` and `run` decode the masks, "
    "`check` does not.",
    example="classes: [background, vessel, lesion]   # no mask holds a 2",
    instead="classes: [background, vessel]",
    severity=Severity.WARNING,
)
GROUP_PATTERN: Final = Code(
    "group-pattern",
    what="`group_by` does not tell which images belong together.",
    why="A patient in training and test makes the score too good, and no number shows it.",
    example='group_by: "{group}.png"   # for images/p01_left.png',
    instead='group_by: "p{group}_*"',
)
SHARED_GROUP: Final = Code(
    "shared-group",
    what="Images of one group, such as a patient, are in two datasets.",
    why="The score would tell how well the model remembers the patient.",
    example="train/p07_left.png and test/p07_right.png, both grouped by p{group}_*",
    instead="Move all images of the patient into one of the folders.",
)
UNUSED_GROUP: Final = Code(
    "unused-group",
    what="`group_by` has no effect: nothing is held out, and no other dataset states its groups.",
    why="Nothing would keep a patient out of two parts, although the spec seems to say so.",
    example='data:\n  train: {…, group_by: "p{group}_*"}\n  test: {…}',
    instead='data:\n  train: {…, group_by: "p{group}_*"}\n  test: {…, group_by: "p{group}_*"}',
    severity=Severity.WARNING,
)
UNEVEN_SPLIT: Final = Code(
    "uneven-split",
    what="Groups make a part much larger or smaller than its fraction, or than the other folds.",
    why="Groups stay whole, so that few large ones cannot be divided as asked.",
    example='train: {…, group_by: "{group}/*"}   # three patients\nvalid: {fraction: 0.1}',
    instead='train: {…, group_by: "{group}/*"}\nvalid: {fraction: 0.33}',
    severity=Severity.WARNING,
)
CLASSES_UNKNOWN: Final = Code(
    "classes-unknown",
    what="The data that names the classes is absent, and the spec does not name them.",
    why="`compile --no-data` has to know how many outputs the model has, and which loss suits.",
    example="task: {type: classification}   # takes the names of folders that are not here",
    instead="task: {type: classification, classes: [cat, dog]}",
)
REGION_MISSING: Final = Code(
    "region-missing",
    what="Images are normalised inside a region of interest in training but not in prediction.",
    why="The model sees other intensities than it was trained on, most of all at the border.",
    example="data: {train: {…, roi: mask/*.gif}}\npredict: {input: test/*.tif}",
    instead="data: {train: {…, roi: mask/*.gif}}\npredict: {input: test/*.tif, roi: mask/*.gif}",
    severity=Severity.WARNING,
)
UNREADABLE_TABLE: Final = Code(
    "unreadable-table",
    what="The table of a dataset is no text in UTF-8 with a header and rows.",
    why="Without names of columns nobody knows what a cell means.",
    example="image,age,age\na.png,34,35   # names a column twice",
    instead="image,age,weight\na.png,34,71.5",
)
MISSING_COLUMN: Final = Code(
    "missing-column",
    what="The table of a dataset lacks a column that the spec names.",
    why="The header is compared with the spec letter by letter.",
    example="image: Image   # the header is image,age",
    instead="image: image",
)
TABLE_VALUES: Final = Code(
    "table-values",
    what="Cells of a table are empty or no finite numbers, or rows have too few or too many cells.",
    why="A row without a number cannot be learned from; leaving it out silently would hide that.",
    example="image,age\na.png,unknown",
    instead="image,age\na.png,34",
)
DUPLICATE_ROWS: Final = Code(
    "duplicate-rows",
    what="A table names an image in several rows.",
    why="Rows that contradict each other cannot both be true, and a split could part them.",
    example="image,age\na.png,34\na.png,43",
    instead="image,age\na.png,34",
)
WRONG_TARGET: Final = Code(
    "wrong-target",
    what="A target of the task is not among the targets of the data, or one is named twice.",
    why="The task chooses among the columns of numbers that the dataset names.",
    example="task: {type: regression, targets: [agee]}\ndata: {train: {…, targets: [age]}}",
    instead="task: {type: regression, targets: [age]}\ndata: {train: {…, targets: [age]}}",
)
CONSTANT_TARGET: Final = Code(
    "constant-target",
    what="A target is to be standardised and is the same in all training samples.",
    why="Its standard deviation is 0, by which nothing can be divided.",
    example="task: {type: regression, targets: [site], standardize: true}   # one site alone",
    instead="task: {type: regression, targets: [age], standardize: true}",
)
TEXT_TOO_SHORT: Final = Code(
    "text-too-short",
    what="A text has fewer tokens than one sample and the token after it.",
    why="There is nothing to learn from or to measure.",
    example="task: {type: causal_lm, context_length: 4096}   # of files of 2,000 bytes",
    instead="task: {type: causal_lm, context_length: 256}",
)

CODES: Final = (
    TEXT_TOO_SHORT,
    MISSING_FILES, UNPAIRED_IMAGES, AMBIGUOUS_PAIRS, UNREADABLE_IMAGE, SIZE_MISMATCH,
    MIXED_CHANNELS, LABEL_VALUES, UNUSABLE_REGION, TOO_FEW_CLASSES, WRONG_DATASET, EMPTY_SPLIT,
    NO_SUCH_FOLD, ONE_FOLD_AT_A_TIME, RARE_CLASS,
    CLASSES_MISMATCH, IMAGE_TOO_SMALL, WINDOW_TOO_LARGE, BATCH_EXCEEDS_PART, SIZES_DIFFER,
    SAME_DATA, LEAKED_IMAGES, DUPLICATE_IMAGES, ABSENT_CLASS, GROUP_PATTERN, SHARED_GROUP,
    UNUSED_GROUP, UNEVEN_SPLIT, CLASSES_UNKNOWN, REGION_MISSING, UNREADABLE_TABLE, MISSING_COLUMN,
    TABLE_VALUES, DUPLICATE_ROWS, WRONG_TARGET, CONSTANT_TARGET,
)  # fmt: skip
