"""The codes of faults found while files, overrides and variables are put together."""

from __future__ import annotations

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

MALFORMED_EXTENDS: Final = Code(
    id="malformed-extends",
    what="`extends` is neither a file name nor a list of file names.",
    why="No file could be read for it.",
    example="extends: {file: base.yaml}",
    instead="extends: base.yaml       # or [base.yaml, cluster.yaml]",
)
UNKNOWN_BASE: Final = Code(
    id="unknown-base",
    what="`extends` names a file that cannot be read.",
    why="Everything it would have brought is missing.",
    example="extends: bas.yaml        # the file beside it is called base.yaml",
    instead="extends: base.yaml       # relative to the file that says it",
)
EXTENDS_CYCLE: Final = Code(
    id="extends-cycle",
    what="A file extends itself, directly or through others.",
    why="Neither of the two could be read first.",
    example="# a.yaml\nextends: b.yaml\n# b.yaml\nextends: a.yaml",
    instead="# a.yaml\nextends: common.yaml\n# b.yaml\nextends: common.yaml",
)
MALFORMED_VARS: Final = Code(
    id="malformed-vars",
    what="`vars` is not a map from names to values.",
    why="Nothing could be looked up in it.",
    example="vars: [patch, 64]",
    instead="vars: {patch: 64}\nsize: ${vars.patch}",
)
UNKNOWN_VARIABLE: Final = Code(
    id="unknown-variable",
    what="A `${vars.…}` names a variable that `vars` does not have.",
    why="There is no value to put there.",
    example="vars: {patch: 64}\nsize: ${vars.pach}",
    instead="vars: {patch: 64}\nsize: ${vars.patch}",
)
VARIABLE_CYCLE: Final = Code(
    id="variable-cycle",
    what="A variable is made from itself, directly or through others.",
    why="It would have no value.",
    example="vars:\n  a: ${vars.b}\n  b: ${vars.a}\nsize: ${vars.b}",
    instead="vars:\n  a: 64\n  b: ${vars.a}\nsize: ${vars.b}",
)
UNSET_ENVIRONMENT: Final = Code(
    id="unset-environment",
    what="A `${env:NAME}` names an environment variable that is not set, and gives no default.",
    why="There is no value to put there.",
    example="root: ${env:DRIVE_ROOT}/training",
    instead="root: ${env:DRIVE_ROOT:../data/DRIVE}/training",
)
MALFORMED_INTERPOLATION: Final = Code(
    id="malformed-interpolation",
    what="A `${…}` is neither `${vars.NAME}` nor `${env:NAME}` nor `${env:NAME:default}`.",
    why="Left as it is, the text would reach a path or a name unresolved.",
    example="root: ${DRIVE_ROOT}/training",
    instead="root: ${env:DRIVE_ROOT:../data}/training\nnote: a literal $${ has two dollar signs",
)
NOT_TEXT: Final = Code(
    id="not-text",
    what="A variable that is a map, a list or null stands inside other text.",
    why="It has no text to put there.",
    example="vars: {size: [64, 64]}\nname: unet-${vars.size}",
    instead='vars: {edge: 64}\nname: unet-${vars.edge}\nsize: ["${vars.edge}", "${vars.edge}"]',
)
INTERPOLATED_KEY: Final = Code(
    id="interpolated-key",
    what="A key contains `${…}`.",
    why="Only values are filled in; the key would keep its dollar sign.",
    example="${vars.name}: 3",
    instead="threshold: 3",
)
UNUSED_VARIABLE: Final = Code(
    id="unused-variable",
    what="A variable that this file defines is used nowhere.",
    why="It looks like a setting but changes nothing; often the place that uses it is misspelt.",
    example="vars: {epochs: 40}\ntrain: {epochs: 80}",
    instead='vars: {epochs: 40}\ntrain: {epochs: "${vars.epochs}"}',
    severity=Severity.WARNING,
)
MALFORMED_OVERRIDE: Final = Code(
    id="malformed-override",
    what="A `--set` is not `path.to.key=value`.",
    why="It cannot be told what to set, or to what.",
    example="neurotrain run drive.yaml --set train.epochs:3",
    instead="neurotrain run drive.yaml --set train.epochs=3",
)
OVERRIDE_WITHOUT_TARGET: Final = Code(
    id="override-without-target",
    what="A `--set` path leads through a single value, or to a list item that does not exist.",
    why="The value would have nowhere to stand.",
    example="neurotrain run drive.yaml --set metrics[7]=iou      # there are three metrics",
    instead="neurotrain run drive.yaml --set metrics[2]=iou      # the first one is [0]",
)

COMPOSING_CODES: Final = (
    MALFORMED_EXTENDS,
    UNKNOWN_BASE,
    EXTENDS_CYCLE,
    MALFORMED_VARS,
    UNKNOWN_VARIABLE,
    VARIABLE_CYCLE,
    UNSET_ENVIRONMENT,
    MALFORMED_INTERPOLATION,
    NOT_TEXT,
    INTERPOLATED_KEY,
    UNUSED_VARIABLE,
    MALFORMED_OVERRIDE,
    OVERRIDE_WITHOUT_TARGET,
)
