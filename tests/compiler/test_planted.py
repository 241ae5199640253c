"""k planted faults give k diagnostics: each at its line, none hidden by another, and no echoes."""

from __future__ import annotations

import random
from collections import Counter
from typing import Final, NamedTuple

import pytest

from .conftest import Compiling, Outcome

NUM_MIXTURES: Final = 150
NEEDS: Final = {
    "image-too-small": ("random_crop", "random_flip", "normalize", "root", "images", "masks"),
    "warmup-too-long": (
        "epochs",
        "global",
        "fraction",
        "random_crop",
        "random_flip",
        "type: cosine",
    ),
    "patience-too-long": ("epochs", "validate_every"),
}
"""What a fault follows from, by words of the lines: it is not told while their value is unknown."""
BY_NAME: Final = ("unknown-key", "unknown-component")
"""Faults whose value is known all the same, because it is known what is meant."""
SPEC: Final = """\
version: 1
name: planted
seed: 1
task:
  type: segmentation
  classes: [background, vessel]
data:
  train:
    type: paired_images
    root: "${env:CASE_DATA}/eyes"
    images: images/*.png
    masks: masks/*.png
  valid: {fraction: 0.25}
  transforms:
    train:
      - {type: normalize, per: image}
      - {type: random_crop, size: [32, 32]}
      - {type: random_flip, probability: 0.5}
    eval:
      - {type: normalize, per: image}
  loader:
    num_workers: 0
    cache: memory
model:
  type: unet
  channels: [4, 8]
  dropout: 0.1
loss:
  - {type: dice, weight: 1.0}
  - {type: bce, weight: 0.5}
metrics: [dice, iou]
train:
  epochs: 20
  batch:
    global: 2
  optimizer:
    type: adamw
    learning_rate: 1e-3
    weight_decay: 1e-4
  scheduler:
    type: cosine
    warmup: 1 epoch
  precision: fp32
  clip_grad_norm: 1.0
  validate_every: 1 epoch
  early_stopping:
    monitor: valid/dice
    patience: 5
    min_delta: 1e-4
  checkpoints:
    every: 5 epochs
    keep_last: 3
predict:
  input: "${env:CASE_DATA}/eyes/images/*.png"
  postprocess:
    - {type: threshold, value: 0.5}
    - {type: remove_small_objects, min_size: 30}
engine:
  type: torch
  device: cpu
  threads: 1
"""


class Fault(NamedTuple):
    """One line written wrongly."""

    right: str
    wrong: str
    code: str

    @property
    def line(self) -> int:
        """Where the wrong line stands."""
        lines = SPEC.splitlines()
        assert lines.count(self.right) == 1, self.right
        return lines.index(self.right) + 1


FAULTS: Final = tuple(
    Fault(*each)
    for each in (
        ("version: 1", "version: 2", "value-not-allowed"),
        ("seed: 1", "sead: 1", "unknown-key"),
        ("seed: 1", "seed: one", "wrong-type"),
        ("seed: 1", "colour: blue", "unknown-key"),
        ("    images: images/*.png", "    image: images/*.png", "unknown-key"),
        ("    masks: masks/*.png", "    mask: masks/*.png", "unknown-key"),
        ("  valid: {fraction: 0.25}", "  valid: {fraction: 2}", "out-of-range"),
        ("  valid: {fraction: 0.25}", "  val: {fraction: 0.25}", "unknown-key"),
        ("      - {type: random_crop, size: [32, 32]}",
         "      - {type: random_crop, size: [320, 320]}", "image-too-small"),
        ("      - {type: random_crop, size: [32, 32]}",
         "      - {type: random_crop, sise: [32, 32]}", "unknown-key"),
        ("      - {type: random_crop, size: [32, 32]}",
         "      - {type: random_corp, size: [32, 32]}", "unknown-component"),
        ("      - {type: random_flip, probability: 0.5}",
         "      - {type: random_flip, probability: 1.5}", "out-of-range"),
        ("    num_workers: 0", "    num_worker: 0", "unknown-key"),
        ("    num_workers: 0", "    num_workers: -1", "out-of-range"),
        ("    cache: memory", "    cache: memry", "value-not-allowed"),
        ("    cache: memory", "    shuffle: true", "unknown-key"),
        ("  channels: [4, 8]", "  channel: [4, 8]", "unknown-key"),
        ("  channels: [4, 8]", "  channels: 4", "wrong-type"),
        ("  dropout: 0.1", "  droput: 0.1", "unknown-key"),
        ("  dropout: 0.1", "  dropout: 1.5", "out-of-range"),
        ("  dropout: 0.1", "  depth: 4", "unknown-key"),
        ("  type: unet", "  type: unett", "unknown-component"),
        ("  - {type: dice, weight: 1.0}", "  - {type: dice, weigth: 1.0}", "unknown-key"),
        ("  - {type: dice, weight: 1.0}", "  - {type: dicee, weight: 1.0}", "unknown-component"),
        ("  - {type: bce, weight: 0.5}", "  - {type: bce, weight: heavy}", "wrong-type"),
        ("metrics: [dice, iou]", "metrics: [dice, iuo]", "unknown-component"),
        ("metrics: [dice, iou]", "metrics: [dice, dice]", "duplicate-metric"),
        ("  epochs: 20", "  epoch: 20", "unknown-key"),
        ("  epochs: 20", "  epochs: -1", "out-of-range"),
        ("  epochs: 20", "  epochs: twenty", "wrong-type"),
        ("    global: 2", "    globl: 2", "unknown-key"),
        ("    global: 2", "    global: 0", "out-of-range"),
        ("    type: adamw", "    type: adamww", "unknown-component"),
        ("    learning_rate: 1e-3", "    learning_rte: 1e-3", "unknown-key"),
        ("    learning_rate: 1e-3", "    learning_rate: -1e-3", "out-of-range"),
        ("    learning_rate: 1e-3", "    learning_rate: 50", "odd-learning-rate"),
        ("    weight_decay: 1e-4", "    weight_decay: -1e-4", "out-of-range"),
        ("    weight_decay: 1e-4", "    momentum: 0.9", "unknown-key"),
        ("    type: cosine", "    type: cosin", "unknown-component"),
        ("    warmup: 1 epoch", "    warmup: 100 epochs", "warmup-too-long"),
        ("    warmup: 1 epoch", "    warmup: 1 epok", "wrong-form"),
        ("    warmup: 1 epoch", "    warm_up: 1 epoch", "unknown-key"),
        ("  precision: fp32", "  precision: fp23", "value-not-allowed"),
        ("  clip_grad_norm: 1.0", "  clip_grad_norms: 1.0", "unknown-key"),
        ("  clip_grad_norm: 1.0", "  clip_grad_norm: '1.0'", "wrong-type"),
        ("  clip_grad_norm: 1.0", "  gradient_noise: 1.0", "unknown-key"),
        ("  validate_every: 1 epoch", "  validate_every: 1", "wrong-type"),
        ("    monitor: valid/dice", "    monitor: valid/dise", "unknown-monitor"),
        ("    monitor: valid/dice", "    moniter: valid/dice", "unknown-key"),
        ("    patience: 5", "    patience: 0", "out-of-range"),
        ("    patience: 5", "    patince: 5", "unknown-key"),
        ("    patience: 5", "    patience: 50", "patience-too-long"),
        ("    min_delta: 1e-4", "    min_delta: small", "wrong-type"),
        ("    min_delta: 1e-4", "    verbose: true", "unknown-key"),
        ("    every: 5 epochs", "    every: 5", "wrong-type"),
        ("    keep_last: 3", "    keep_last: -3", "out-of-range"),
        ("    keep_last: 3", "    keep: 3", "unknown-key"),
        ("    - {type: threshold, value: 0.5}", "    - {type: threshold, value: 5}",
         "out-of-range"),
        ("    - {type: threshold, value: 0.5}", "    - {type: treshold, value: 0.5}",
         "unknown-component"),
        ("    - {type: remove_small_objects, min_size: 30}",
         "    - {type: remove_small_objects, minsize: 30}", "unknown-key"),
        ("  device: cpu", "  devise: cpu", "unknown-key"),
        ("  threads: 1", "  threads: 0", "out-of-range"),
        ("  threads: 1", "  colour: red", "unknown-key"),
    )
)  # fmt: skip


def _planted(faults: tuple[Fault, ...]) -> str:
    lines = SPEC.splitlines()
    for fault in faults:
        lines[fault.line - 1] = fault.wrong
    return "\n".join(lines) + "\n"


def _is_open(fault: Fault, others: tuple[Fault, ...]) -> bool:
    """Whether a fault may be left untold, because it follows from a value that is unknown."""
    unknown = [other for other in others if other is not fault and other.code not in BY_NAME]
    needs = NEEDS.get(fault.code, ())
    return any(word in other.right for other in unknown for word in needs)


def _found(outcome: Outcome) -> Counter[tuple[int, str]]:
    return Counter((outcome.place(item).line, item.code.id) for item in outcome.report.items)


def _expected(faults: tuple[Fault, ...]) -> Counter[tuple[int, str]]:
    return Counter((fault.line, fault.code) for fault in faults)


def test_the_spec_has_no_fault(compiling: Compiling) -> None:
    """What the faults are planted into compiles."""
    assert not compiling(SPEC).report.items


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.wrong.strip())
def test_one(fault: Fault, compiling: Compiling) -> None:
    """A fault alone is told at its line, with its code, and as one."""
    outcome = compiling(_planted((fault,)))
    assert _found(outcome) == _expected((fault,)), outcome.text


@pytest.mark.parametrize("seed", range(NUM_MIXTURES))
def test_several(seed: int, compiling: Compiling) -> None:
    """Two to five faults on lines of their own are told in the first round."""
    dice = random.Random(seed)
    faults = dice.sample(FAULTS, dice.randint(2, 5))
    chosen = tuple({fault.line: fault for fault in faults}.values())
    outcome = compiling(_planted(chosen))
    sure = tuple(fault for fault in chosen if not _is_open(fault, chosen))
    assert _found(outcome) <= _expected(chosen), outcome.text
    assert _found(outcome) >= _expected(sure), outcome.text
