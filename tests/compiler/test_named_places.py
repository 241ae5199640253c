"""Single faults of several edits, labelled by hand: at the value that was written wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from .conftest import Compiling

SPEC: Final = """\
version: 1
name: eyes
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: retina_phantom, num_images: 20, size: 64, seed: 1}
  valid: {fraction: 0.2}
  transforms:
    train: [normalize, {type: random_crop, size: [64, 64]}]
    eval: [normalize]
model: {type: unet, channels: [8, 16, 32]}
loss: [dice, bce]
metrics: [dice]
train:
  batch: {global: 8}
"""

MODELS: Final = [
    # the model, the parameter that is told, what stands there, part of the hint
    ("{type: unet, channels: [8, 16, 32], strides: [2]}", "strides", "[2]", "strides: [2, 2]"),
    ("{type: attention_unet, strides: [2]}", "strides", "[2]", "strides: [2, 2]"),
    ("{type: segresnet, groups: 7}", "groups", "7", "write groups: 8"),
    ("{type: segresnet, filters: 12}", "filters", "12", "write groups: 4"),
    ("{type: segresnet, blocks_down: [1, 1]}", "blocks_down", "[1, 1]", "blocks_up: [1]"),
    ("{type: swin_unetr, feature_size: 20}", "feature_size", "20", "feature_size: 24"),
    ("{type: dynunet, channels: [8, 16, 32], residual: true}", "channels", "[8, 16, 32]",
     "residual: false"),
]  # fmt: skip


@pytest.mark.parametrize("planted", MODELS, ids=lambda planted: planted[0])
def test_a_models_parameters_are_told_where_they_stand(
    compiling: Compiling, planted: tuple[str, str, str, str]
) -> None:
    """A contradiction is told at the parameter to change, with what to write."""
    model, key, marked, hint = planted
    outcome = compiling(SPEC.replace("{type: unet, channels: [8, 16, 32]}", model))
    assert outcome.only.code.id == "contradictory-parameters"
    assert _marked(outcome.text) == marked
    assert outcome.place(outcome.only).column == len("model: ") + model.index(f"{key}: ") + 1 + len(
        f"{key}: "
    )
    assert hint in outcome.only.hint


def test_the_other_parameter_is_named_as_well(compiling: Compiling) -> None:
    """The second place says what the first one is compared with."""
    outcome = compiling(SPEC.replace("32]}\nloss", "32], strides: [2]}\nloss"))
    assert "spec.yaml:10:31: together with this" in outcome.text


FAULTS: Final = [
    # what is replaced, by what, code, text above the carets, part of the hint
    ("{global: 8}", "{global: 800}", "batch-too-large", "800", "at most 16"),
    ("{global: 8}", "{micro: 800}", "batch-too-large", "800", "at most 16"),
    ("{global: 8}", "{micro: 9, accumulation: 9}", "batch-too-large",
     "{micro: 9, accumulation: 9}", "at most 16"),
    ("{global: 8}", "{global: 9}", "dropped-samples", "9", "divides"),
    ("{global: 8}", "{global: 16, micro: 8, accumulation: 4}", "batch-arithmetic",
     "{global: 16, micro: 8, accumulation: 4}", "write global: 32, or accumulation: 2"),
    ("[64, 64]", "[50, 50]", "size-not-divisible", "[50, 50]", "[48, 48]"),
    ("[64, 64]", "[4, 4]", "image-too-small", "[4, 4]", "use fewer levels or write norm: batch"),
    ("loss: [dice, bce]", "loss: [{type: dice, weight: 0}]", "unused-setting", "0", "above 0"),
    ("{type: unet, channels: [8, 16, 32]}", "{type: unet, dropout: 1.0}", "out-of-range", "1.0",
     "less than 1"),
    ("  batch:", "  scheduler: step\n  batch:", "missing-key", "step", "{type: step, every: …}"),
    ("{global: 8}", "{global: 16, micro: 5}", "batch-arithmetic", "{global: 16, micro: 5}",
     "global: 15 and global: 20, or micro: 4"),
    ("  batch:", "  epochs: 5\n  scheduler: {type: plateau, patience: 7}\n  batch:",
     "patience-too-long", "7", "smaller patience"),
    ("  batch:", "  early_stopping: {monitor: val_loss, patience: 2}\n  batch:",
     "unknown-monitor", "val_loss", "'valid/loss'"),
    ("loss: [dice", "test: {flips: true}\nloss: [dice", "idle-setting", "true", "test: {frac"),
    ("fraction: 0.2", "fraction: 20", "out-of-range", "20", "20 % is 0.2"),
    ("name: eyes", "name: my eyes!", "wrong-form", "my eyes!", "'my-eyes'"),
    ("name: eyes", "name: '${var.x}'", "malformed-interpolation", "'${var.x}'", "${vars.x}"),
    ("name: eyes", "name: '${env.HOME}'", "malformed-interpolation", "'${env.HOME}'",
     "${env:HOME}"),
    ("name: eyes", "name: *.png", "yaml-syntax", "*", "quotes"),
    ("  batch:", "  validate_every: 3\n  batch:", "wrong-type", "3", "write 3 epochs"),
    ("  batch:", "  validate_every: epochs 3\n  batch:", "wrong-form", "epochs 3", "'3 epochs'"),
    ("  batch:", "  scheduler: {type: cosine, warmup: 9 iterations}\n  batch:", "wrong-form",
     "9 iterations", "'9 steps'"),
    ("  batch:", "  optimizer: {type: sgd, learning_rate: 0,01}\n  batch:", "unknown-key", "01",
     "write learning_rate: 0.01"),
    ("channels: [8, 16, 32]", "depth: 18", "unknown-key", "depth",
     "'depth' is a key of 'densenet' and 'resnet'"),
    ("loss: [dice", "engine: {type: torch, zero: {stage: 2}}\nloss: [dice", "unknown-key", "zero",
     "'zero' is a key of 'deepspeed'"),
    ("loss: [dice", "pretrained: {file: spec.yml}\nloss: [dice", "missing-weights", "spec.yml",
     "'spec.yaml'"),
    ("{type: unet, channels: [8, 16, 32]}", "{type: swin_unetr, window: 2}", "image-too-small",
     "[32, 32]", "64 pixels or more"),
]  # fmt: skip


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted[1])
def test_a_size_is_told_where_it_stands(
    compiling: Compiling, planted: tuple[str, str, str, str, str]
) -> None:
    """At the number that decides, once, with what to write."""
    sound, faulty, code, marked, hint = planted
    assert SPEC.count(sound) == 1
    text = SPEC.replace("[64, 64]", "[32, 32]") if "swin" in faulty else SPEC
    outcome = compiling(text.replace(sound, faulty))
    assert outcome.only.code.id == code
    assert _marked(outcome.text) == marked
    assert hint in outcome.only.hint


TEXT: Final = """\
version: 1
name: text
task: {type: causal_lm, context_length: 64}
data:
  train: {type: sums, lines: 100}
  valid: {fraction: 0.2}
model: {type: gpt2, heads: 4, width: 32}
loss: [cross_entropy]
train:
  batch: {global: 2}
"""


def test_a_text_that_is_too_short_is_told_once(compiling: Compiling) -> None:
    """No part of it and no batch is told to be empty besides."""
    assert compiling(TEXT).codes == []
    outcome = compiling(TEXT.replace("64", "64000"))
    assert outcome.only.code.id == "text-too-short"
    assert "spec.yaml:3:41: the length of a block" in outcome.text


def test_heads_are_told_where_they_stand(compiling: Compiling) -> None:
    """With the nearest width that they divide."""
    outcome = compiling(TEXT.replace("heads: 4", "heads: 5"))
    assert outcome.only.code.id == "contradictory-parameters"
    assert _marked(outcome.text) == "5"
    assert "the nearest width for 5 heads is 30" in outcome.only.hint


TOGETHER: Final = [
    # two faults, each as what is replaced and by what, and their codes
    (("context_length: 64", "context_length: 1"), ("[cross_entropy]", "[dice]"),
     ["loss-not-for-task", "out-of-range"]),
    (("context_length: 64", "context_length: 1"), ("heads: 4", "heads: 5"),
     ["contradictory-parameters", "out-of-range"]),
    (("{fraction: 0.2}", "{fraction: 0.6}\n  test: {fraction: 0.6}"), ("lines: 100", "line: 100"),
     ["empty-split", "unknown-key"]),
]  # fmt: skip


@pytest.mark.parametrize("planted", TOGETHER, ids=lambda planted: planted[0][1])
def test_a_fault_of_the_task_hides_no_other(
    compiling: Compiling, planted: tuple[tuple[str, str], tuple[str, str], list[str]]
) -> None:
    """What the kind of the task tells is told whatever else is wrong with it."""
    first, second, codes = planted
    assert compiling(TEXT.replace(*first).replace(*second)).codes == codes


PAIRS: Final = """\
version: 1
name: eyes
task: {type: segmentation, classes: [background, vessel]}
data:
  train: {type: paired_images, root: "${env:CASE_DATA}/FOLDER", images: images/*.png, masks: masks/*.png}
  valid: {fraction: 0.2}
  transforms:
    train: [normalize, {type: random_crop, size: [640, 64]}]
    eval: [normalize]
model: {type: unet, channels: [8, 16, 32]}
loss: [dice, bce]
train:
  epochs: 5
  scheduler: {type: cosine, warmup: 7 epochs}
  batch: {global: 2}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("folder", "code"),
    [("no-mask", "unpaired-images"), ("small-mask", "size-mismatch"),
     ("damaged", "unreadable-image"), ("mixed-channels", "mixed-channels")],
)  # fmt: skip
def test_a_faulty_file_hides_no_fault_of_the_spec(
    compiling: Compiling, folder: str, code: str
) -> None:
    """The other images tell that the window is too large, the epochs that the warm-up is."""
    outcome = compiling(PAIRS.replace("FOLDER", folder))
    assert outcome.codes == sorted([code, "image-too-small", "warmup-too-long"])


def test_data_that_is_absent_hides_no_size(compiling: Compiling) -> None:
    """A window of fixed size does not suit the model, whatever it is cut from."""
    outcome = compiling(PAIRS.replace("FOLDER", "nowhere").replace("[640, 64]", "[62, 62]"))
    assert outcome.codes == ["missing-files", "size-not-divisible", "warmup-too-long"]


def test_a_key_that_a_missing_base_may_have_is_not_read(compiling: Compiling) -> None:
    """`predict` without `input` is no fault where a base could not be read."""
    outcome = compiling("extends: nowhere.yaml\npredict: {}\n" + PAIRS.replace("640", "64"))
    assert "missing-key" not in outcome.codes
    assert "unknown-base" in outcome.codes


def test_a_direction_is_judged_beside_a_metric_of_another_task(compiling: Compiling) -> None:
    """The metric that is monitored is known."""
    text = SPEC.replace("[dice]\ntrain:", "[dice, mae]\ntrain:").replace(
        "  batch:", "  early_stopping: {monitor: valid/dice, mode: min, patience: 3}\n  batch:"
    )
    assert compiling(text).codes == ["metric-not-for-task", "wrong-direction"]


FOLDERS: Final = """\
version: 1
name: pets
task: {type: classification, classes: [cat, dog]}
data:
  train: {type: image_folder, root: "${env:CASE_DATA}/pets"}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: simple_cnn, channels: [4, 8]}
loss: [bce]
train: {epochs: 2, batch: {global: 4}}
"""
FACES: Final = """\
version: 1
name: faces
task: {type: regression, targets: [age]}
data:
  train: {type: image_table, root: "${env:CASE_DATA}/faces", table: labels.csv, image: file, targets: [weight, age]}
  transforms: {train: [normalize], eval: [normalize]}
model: {type: simple_cnn, channels: [4, 8]}
loss: [mse]
train: {epochs: 2, batch: {global: 4}}
"""  # noqa: E501
SPLIT: Final = TEXT + "engine: {type: deepspeed, device: cpu, processes: 2, zero: {stage: 1}}\n"

OF_OTHERS: Final = [
    # the spec, what is replaced, by what, code, text above the carets, part of the hint
    (FOLDERS, "[cat, dog]", "[cat, dgo]", "classes-mismatch", "dgo", "'dog'"),
    (FOLDERS, "[cat, dog]", "[dog, cat]", "classes-mismatch", "[dog, cat]", "order"),
    (FOLDERS, "[cat, dog]", "[cat, cat]", "duplicate-class", "cat", "of its own"),
    (FACES, "[weight, age]", "[wieght, age]", "missing-column", "wieght", "'weight'"),
    (FACES, "[weight, age]", "[age, weight, age]", "wrong-target", "age", ""),
    (FACES, "labels.csv, image: file, targets: [weight, age]",
     "no-number.csv, image: file, targets: [age]", "table-values", "age", "decimal point"),
    (SPLIT, "  batch:", "  optimizer: {type: sgd}\n  batch:", "optimizer-untested-with-zero",
     "sgd", "take adam"),
]  # fmt: skip


@pytest.mark.parametrize("planted", OF_OTHERS, ids=lambda planted: planted[2].strip())
def test_a_name_in_a_list_is_told_by_itself(
    compiling: Compiling, planted: tuple[str, str, str, str, str, str]
) -> None:
    """A class, a column or a type, not the list or the component around it."""
    spec, sound, faulty, code, marked, hint = planted
    assert spec.count(sound) == 1
    outcome = compiling(spec.replace(sound, faulty))
    assert outcome.only.code.id == code
    assert outcome.place(outcome.only).length == len(marked)
    assert _marked(outcome.text) == marked
    assert hint in outcome.only.hint


def test_an_entry_that_weights_lack_is_told_at_the_entry(
    compiling: Compiling, case_data: Path
) -> None:
    """Safetensors have none; the remedy is to leave it out."""
    file = case_data / "weights" / "other.safetensors"
    text = SPEC.replace("loss:", f"pretrained: {{file: {file}, entry: weights}}\nloss:")
    outcome = compiling(text, deep=True)
    assert outcome.only.code.id == "unusable-weights"
    assert outcome.only.path == ("pretrained", "entry")
    assert "leave entry out" in outcome.only.hint


def _marked(text: str) -> str:
    _, source, carets, *_ = text.splitlines()
    return "".join(s for s, c in zip(source, carets, strict=False) if c == "^")
