"""Single faults labelled by hand: the line, the column, the carets and what is suggested."""

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
    train:
      - normalize
      - {type: random_crop, size: [32, 32]}
    eval: [normalize]
model:
  type: unet
  channels: [8, 16, 32]
loss: [dice, bce]
metrics: [dice, iou]
train:
  epochs: 20
  batch: {global: 8}
  optimizer: {type: adamw, learning_rate: 3e-3}
  precision: fp32
  early_stopping:
    monitor: valid/dice
    patience: 5
"""

FAULTS: Final = [
    # what is replaced, by what, code, line, column, text above the carets, part of the hint
    ("epochs: 20", "epoch: 20", "unknown-key", 18, 3, "epoch", "'epochs'"),
    ("patience: 5", "patiense: 5", "unknown-key", 24, 5, "patiense", "'patience'"),
    ("learning_rate:", "learning-rate:", "unknown-key", 20, 28, "learning-rate", "'learning_rate'"),
    ("num_images", "num_image", "unknown-key", 5, 33, "num_image", "'num_images'"),
    ("seed: 1}", "sede: 1}", "unknown-key", 5, 59, "sede", "'seed'"),
    ("metrics:", "metric:", "unknown-key", 16, 1, "metric", "'metrics'"),
    ("model:", "modle:", "unknown-key", 12, 1, "modle", "'model'"),
    ("valid: {", "vaild: {", "unknown-key", 6, 3, "vaild", "'valid'"),
    ("learning_rate:", "lr:", "unknown-key", 20, 28, "lr", "'learning_rate'"),
    ("[dice, iou]", "[dice, jaccard]", "unknown-component", 16, 17, "jaccard", "'iou'"),
    ("{fraction: 0.2}", "{fracton: 0.2}", "unknown-key", 6, 11, "fracton", "'fraction'"),
    ("{type: adamw", "{name: adamw", "unknown-key", 20, 15, "name", "'type'"),
    ("type: unet", "typ: unet", "unknown-key", 13, 3, "typ", "'type'"),
    ("type: adamw", "type: adamww", "unknown-component", 20, 21, "adamww", "'adamw'"),
    ("type: unet", "type: unett", "unknown-component", 13, 9, "unett", "'unet'"),
    ("[dice, bce]", "[dice, bcee]", "unknown-component", 15, 14, "bcee", "'bce'"),
    ("[dice, iou]", "[dice, ou]", "unknown-component", 16, 17, "ou", "'iou'"),
    ("retina_phantom", "retina-phantom", "unknown-component", 5, 17, "retina-phantom",
     "'retina_phantom'"),
    ("random_crop", "randomcrop", "unknown-component", 10, 16, "randomcrop", "'random_crop'"),
    ("type: segmentation", "type: segmentaion", "unknown-component", 3, 14, "segmentaion",
     "'segmentation'"),
    ("precision: fp32", "precision: bf61", "value-not-allowed", 21, 14, "bf61", "'bf16'"),
    ("version: 1", "version: 2", "value-not-allowed", 1, 10, "2", "it takes 1"),
    ("epochs: 20", "epochs: '20'", "wrong-type", 18, 11, "'20'", "a whole number"),
    ("epochs: 20", "epochs: 20.0", "wrong-type", 18, 11, "20.0", "a whole number"),
    ("global: 8", "global: eight", "wrong-type", 19, 19, "eight", "a whole number"),
    ("[dice, bce]", "dice", "wrong-type", 15, 7, "dice", "[dice]"),
    ("3e-3", "-3e-3", "out-of-range", 20, 43, "-3e-3", "more than 0"),
    ("fraction: 0.2", "fraction: 1.2", "out-of-range", 6, 21, "1.2", "less than 1"),
    ("patience: 5", "patience: 0", "out-of-range", 24, 15, "0", "at least 1"),
    ("name: eyes", "name: my eyes", "wrong-form", 2, 7, "my eyes", "letters, digits"),
    ("valid/dice", "valid/dise", "unknown-monitor", 23, 14, "valid/dise", "'valid/dice'"),
    ("valid/dice", "dice", "unknown-monitor", 23, 14, "dice", "'valid/dice'"),
    ("[32, 32]", "[128, 32]", "image-too-small", 10, 35, "[128, 32]", "[64, 64]"),
    ("global: 8", "global: 8, micro: 3", "batch-arithmetic", 19, 10, "{global: 8, micro: 3}",
     "global: 6 and global: 9"),
    ("[dice, bce]", "[dice, cross_entropy]", "loss-not-for-task", 15, 14, "cross_entropy",
     "take 'bce', 'cldice', 'dice'"),
    ("3e-3", "3", "odd-learning-rate", 20, 43, "3", "1e-07 to 0.1"),
    ("3e-3", "0,003", "unknown-key", 20, 45, "003", "a point, not a comma"),
    ("classes: [back", "labels: [back", "unknown-key", 3, 28, "labels", "'classes'"),
    ("eval: [", "valid: [", "unknown-key", 11, 5, "valid", "'eval'"),
    ("epochs: 20", "epochs: 20\n  learning_rate: 1", "unknown-key", 19, 3, "learning_rate",
     "train.optimizer.learning_rate"),
    ("version: 1", "version: 1\nbatch: {micro: 2}", "unknown-key", 2, 1, "batch",
     "train.batch or test.batch"),
    ("global: 8", "size: 8", "unknown-key", 19, 11, "size", "'batch' has: global"),
    ("name: eyes", "name: 2024", "wrong-type", 2, 7, "2024", 'write "2024" in quotes'),
    ("epochs: 20", "epochs: 1e2", "wrong-type", 18, 11, "1e2", "write 100"),
    ("{fraction: 0.2}", "0.2", "wrong-type", 6, 10, "0.2", "{fraction: 0.2}"),
    ("{type: adamw, learning_rate: 3e-3}", "[adamw]", "wrong-type", 20, 14, "[adamw]",
     "{type: adamw, …}"),
    ("[32, 32]", "[32]", "out-of-range", 10, 35, "[32]", "it takes 2 entries"),
    ("version: 1", "version: 1.0", "value-not-allowed", 1, 10, "1.0", "it takes 1"),
    ("precision: fp32", "precision: float16", "value-not-allowed", 21, 14, "float16", "'fp16'"),
    ("valid/dice", "valid/recall", "unknown-monitor", 23, 14, "valid/recall",
     "add recall to metrics"),
    ("patience: 5", "mode: min", "wrong-direction", 24, 11, "min", "mode: max"),
]  # fmt: skip


def test_the_spec_itself_has_no_fault(compiling: Compiling) -> None:
    """What the faults are planted in is sound."""
    assert compiling(SPEC).codes == []


@pytest.mark.parametrize("planted", FAULTS, ids=lambda fault: f"{fault[2]}:{fault[1]}")
def test_fault_is_told_at_its_place(
    compiling: Compiling, planted: tuple[str, str, str, int, int, str, str]
) -> None:
    """One fault gives one diagnostic, with carets under exactly what is wrong, and a remedy."""
    sound, faulty, code, line, column, marked, hint = planted
    assert SPEC.count(sound) == 1
    outcome = compiling(SPEC.replace(sound, faulty))
    place = outcome.place(outcome.only)
    assert (outcome.only.code.id, place.line, place.column) == (code, line, column)
    _, source, carets, *_ = outcome.text.splitlines()
    assert "".join(s for s, c in zip(source, carets, strict=False) if c == "^") == marked
    assert hint in outcome.only.hint


PLANTED: Final = {
    ("epochs: 20", "epochs: 0"): "out-of-range",
    ("type: unet", "type: unett"): "unknown-component",
    ("[dice, bce]", "[dice, {type: bce, wieght: 2}]"): "unknown-key",
    ("valid/dice", "valid/dise"): "unknown-monitor",
    ("global: 8", "global: 8, micro: 3"): "batch-arithmetic",
    ("[32, 32]", "[128, 32]"): "image-too-small",
    ("eval: [normalize]", "eval: [normalize, random_flip]"): "random-evaluation",
    ("fp32", "fp8"): "value-not-allowed",
    ("name: eyes", "name: ${vars.name}"): "unknown-variable",
    ("3e-3", "3e-3, learning_rate: 1"): "duplicate-key",
    ("fraction: 0.2", "fraction: 2"): "out-of-range",
    ("[dice, iou]", "[dice, iou, dice]"): "duplicate-metric",
    ("train:\n  epochs", "trian:\n  epochs"): "unknown-key",
    ("patience: 5", "patience: 5\n    mode: highest"): "value-not-allowed",
    ("version: 1", "version: 1.0"): "value-not-allowed",
}
"""Faults that do not touch each other's values."""


@pytest.mark.parametrize("first", range(len(PLANTED)))
def test_every_pair_of_faults_gives_two(compiling: Compiling, first: int) -> None:
    """No fault hides another or makes an echo, whichever two there are."""
    items = list(PLANTED.items())
    for others in items[first + 1 :]:
        chosen = [items[first], others]
        assert _codes(compiling, chosen) == sorted(code for _, code in chosen)


@pytest.mark.parametrize("count", range(1, len(PLANTED) + 1))
def test_k_faults_give_k_diagnostics(compiling: Compiling, count: int) -> None:
    """The first k of all faults at once give exactly those k."""
    chosen = list(PLANTED.items())[:count]
    assert _codes(compiling, chosen) == sorted(code for _, code in chosen)


def _codes(compiling: Compiling, planted: list[tuple[tuple[str, str], str]]) -> list[str]:
    text = SPEC
    for (sound, faulty), _ in planted:
        text = text.replace(sound, faulty)
    return compiling(text).codes


def test_warnings_do_not_block_the_plan(compiling: Compiling) -> None:
    """A spec that is only odd is planned."""
    outcome = compiling(SPEC.replace("3e-3", "3"))
    assert outcome.codes == ["odd-learning-rate"]
    assert outcome.plan.experiment.train.optimizer.learning_rate == 3


def test_error_blocks_the_plan(compiling: Compiling) -> None:
    """While one error stands, no plan is written."""
    outcome = compiling(SPEC.replace("3e-3", "-3"))
    assert outcome.draft is not None
    assert outcome.draft.plan is None


def test_override_is_told_at_the_argument(compiling: Compiling) -> None:
    """The place of a faulty `--set` is the argument's number and column."""
    outcome = compiling(SPEC, "seed=3", "train.epochs=none")
    place = outcome.place(outcome.only)
    assert (place.file, place.line, place.column, place.length) == ("--set", 2, 14, 4)
    assert "    2 | train.epochs=none\n" in outcome.text


def test_fault_in_a_base_is_told_in_the_base(compiling: Compiling, tmp_path: Path) -> None:
    """What a base wrote is told in the base's file, at its own line."""
    (tmp_path / "base.yaml").write_text(SPEC.replace("epochs: 20", "epochs: 0"))
    outcome = compiling("extends: base.yaml\nseed: 3\n")
    place = outcome.place(outcome.only)
    assert (Path(place.file).name, place.line, place.column) == ("base.yaml", 18, 11)


def test_related_place_explains(compiling: Compiling) -> None:
    """A fault that rests on another value names that value's place."""
    outcome = compiling(SPEC.replace("[dice, bce]", "[cross_entropy]"))
    assert "spec.yaml:3:37: the class count comes from here" in outcome.text
