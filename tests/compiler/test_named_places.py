"""Single faults of several edits, labelled by hand: at the value that was written wrongly."""

from __future__ import annotations

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


def _marked(text: str) -> str:
    _, source, carets, *_ = text.splitlines()
    return "".join(s for s, c in zip(source, carets, strict=False) if c == "^")
