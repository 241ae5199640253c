"""Faults of form: keys and values that the schema does not allow."""

from typing import Final

from neurotrain.language.diagnostics import Code

UNKNOWN_KEY: Final = Code(
    "unknown-key",
    what="A key stands where the spec language knows none of that name.",
    why="It would have no effect, and you would believe that it had one.",
    example="train:\n  epoch: 10",
    instead="train:\n  epochs: 10",
)
MISSING_KEY: Final = Code(
    "missing-key",
    what="A key that has no default is absent.",
    why="There is no value that could be right for everybody.",
    example="task: {type: segmentation}",
    instead="task: {type: segmentation, classes: [background, vessel]}",
)
WRONG_TYPE: Final = Code(
    "wrong-type",
    what="A value is of another type than the key takes.",
    why="Values are never converted silently: '8' is text and 1.0 is not a whole number.",
    example="train:\n  epochs: '10'",
    instead="train:\n  epochs: 10",
)
NOT_ALLOWED: Final = Code(
    "value-not-allowed",
    what="A value is none of those that the key takes.",
    why="The key takes one of a few words.",
    example="train:\n  precision: fp8",
    instead="train:\n  precision: bf16",
)
OUT_OF_RANGE: Final = Code(
    "out-of-range",
    what="A number, or the length of a list, lies outside the bounds of the key.",
    why="Outside them the run would fail or do nothing useful.",
    example="train:\n  optimizer: {type: adamw, learning_rate: -0.001}",
    instead="train:\n  optimizer: {type: adamw, learning_rate: 0.001}",
)
WRONG_FORM: Final = Code(
    "wrong-form",
    what="A text has not the form that the key wants, such as a duration without its unit.",
    why="A bare number could mean epochs, steps or minutes.",
    example="train:\n  validate_every: '2'",
    instead="train:\n  validate_every: 2 epochs",
)
UNKNOWN_COMPONENT: Final = Code(
    "unknown-component",
    what="A `type` or a bare name names no component of its family.",
    why="Nothing can be built from it.",
    example="train:\n  optimizer: {type: adamww}",
    instead="train:\n  optimizer: {type: adamw}",
)
MISSING_TYPE: Final = Code(
    "missing-type",
    what="A component is written without its `type`.",
    why="The type says which parameters there are.",
    example="model: {channels: [16, 32, 64]}",
    instead="model: {type: unet, channels: [16, 32, 64]}",
)

MISSING_VALUE: Final = Code(
    "missing-value",
    what="A key stands without a value.",
    why="It could be forgotten, or the space after the colon could be missing.",
    example="train:\n  epochs:",
    instead="train:\n  epochs: 10",
)

CODES: Final = (
    UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, NOT_ALLOWED, OUT_OF_RANGE, WRONG_FORM,
    UNKNOWN_COMPONENT, MISSING_TYPE, MISSING_VALUE,
)  # fmt: skip
