"""The codes of faults found while a text is read into a tree."""

from __future__ import annotations

from typing import Final

from neurotrain.language.diagnostics import Code

UNREADABLE_FILE: Final = Code(
    id="unreadable-file",
    what="The spec, or a file it extends, cannot be opened as a file.",
    why="Without it nothing is known of the experiment.",
    example="extends: bas.yaml        # the file beside it is called base.yaml",
    instead="extends: base.yaml",
)
UNDECODABLE_TEXT: Final = Code(
    id="undecodable-text",
    what="The file holds bytes that are not UTF-8 text.",
    why="A wrong guess at the encoding would change names and paths without a word.",
    example="name: caf\\xe9            # saved as Latin-1",
    instead="name: café               # saved as UTF-8",
)
CONTROL_CHARACTER: Final = Code(
    id="control-character",
    what="The text holds a character that YAML forbids or that nobody can see.",
    why="What is seen on the screen would not be what is read.",
    example='name: "drive<U+0000>unet"',
    instead='name: "drive-unet"       # or, where it is meant, an escape: "\\0"',
)
YAML_SYNTAX: Final = Code(
    id="yaml-syntax",
    what="The text is not YAML.",
    why="From this point on there is no telling which value belongs to which key.",
    example="name: first: try",
    instead='name: "first: try"',
)
TAB_INDENTATION: Final = Code(
    id="tab-indentation",
    what="A line is indented with a tab.",
    why="YAML indents with spaces only, since a tab is as wide as each editor likes.",
    example="train:\n\\tepochs: 40         # \\t is a tab",
    instead="train:\n  epochs: 40",
)
LIMIT_EXCEEDED: Final = Code(
    id="limit-exceeded",
    what="The spec is larger, deeper or has more values than any experiment needs.",
    why="A few lines of aliases or variables can otherwise grow to gigabytes.",
    example="a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]          # and so on",
    instead="a: [x, x, x]             # long lists of data belong in the data, not in the spec",
)
DUPLICATE_KEY: Final = Code(
    id="duplicate-key",
    what="A map has the same key twice.",
    why="Only one of the two values could be used, and which one is anybody's guess.",
    example="train:\n  epochs: 40\n  epochs: 80",
    instead="train:\n  epochs: 80",
)
COMPLEX_KEY: Final = Code(
    id="complex-key",
    what="A key is a list, a map, an alias or nothing at all.",
    why="Keys are names; a spec has no other keys.",
    example="? [epochs, steps]\n: 40",
    instead="epochs: 40",
)
MERGE_KEY: Final = Code(
    id="merge-key",
    what="A map is merged into another with `<<`.",
    why="`<<` is not part of YAML 1.2, and it hides where a value comes from.",
    example="fast: &fast {type: sgd}\noptimizer:\n  <<: *fast",
    instead="vars:\n  fast: {type: sgd}\ntrain:\n  optimizer: ${vars.fast}",
)
TAG: Final = Code(
    id="tag",
    what="A value carries a YAML tag, such as `!!float` or `!python/object`.",
    why="A spec is data only: its values have the types they look like, and it can name no code.",
    example="seed: !!int '42'",
    instead="seed: 42",
)
SEVERAL_DOCUMENTS: Final = Code(
    id="several-documents",
    what="The file holds more than one YAML document.",
    why="A spec is one experiment; what follows the second `---` would be ignored.",
    example="name: first\n---\nname: second",
    instead="name: first              # and the second in a file of its own",
)
DIRECTIVE: Final = Code(
    id="directive",
    what="The file begins with a directive other than `%YAML 1.2`.",
    why="Specs are YAML 1.2, where `no` is a text and `010` is ten; other rules are not applied.",
    example="%YAML 1.1\n---\nname: drive-unet",
    instead="name: drive-unet",
)
UNKNOWN_ANCHOR: Final = Code(
    id="unknown-anchor",
    what="An alias names an anchor that does not stand above it.",
    why="There is nothing the alias could stand for.",
    example="train: {size: &patch [64, 64]}\ntest: {size: *pach}",
    instead="train: {size: &patch [64, 64]}\ntest: {size: *patch}",
)
DUPLICATE_ANCHOR: Final = Code(
    id="duplicate-anchor",
    what="Two values carry the same anchor.",
    why="Aliases below the second one would silently stand for another value.",
    example="a: &size 64\nb: &size 32\nc: *size",
    instead="a: &size 64\nb: &small_size 32\nc: *size",
)
ANCHOR_CYCLE: Final = Code(
    id="anchor-cycle",
    what="A value contains an alias of itself.",
    why="It would have no end.",
    example="transforms: &all [normalize, *all]",
    instead="transforms: [normalize]",
)
NON_FINITE_NUMBER: Final = Code(
    id="non-finite-number",
    what="A number is infinite or `.nan`.",
    why="No setting means it, and JSON and comparisons cannot carry it.",
    example="clip_grad_norm: .inf",
    instead="# leave the key out, so that nothing is clipped",
)
NUMBER_OUT_OF_RANGE: Final = Code(
    id="number-out-of-range",
    what="A number is too large, or too close to zero, for 64 bits.",
    why="It would silently become infinity, zero or another number.",
    example="weight: 1e999",
    instead="weight: 1e9              # or, where a text is meant: '1e999'",
)
EMPTY_SPEC: Final = Code(
    id="empty-spec",
    what="The file holds no value at all.",
    why="There is nothing to run.",
    example="# only a comment",
    instead="version: 1\nname: drive-unet        # `neurotrain new` writes a whole spec",
)
ROOT_NOT_A_MAP: Final = Code(
    id="root-not-a-map",
    what="The file is a list or a single value, not keys with values.",
    why="A spec is a map from names such as `model` and `train` to their settings.",
    example="- model: {type: unet}",
    instead="model: {type: unet}",
)

READING_CODES: Final = (
    UNREADABLE_FILE,
    UNDECODABLE_TEXT,
    CONTROL_CHARACTER,
    YAML_SYNTAX,
    TAB_INDENTATION,
    LIMIT_EXCEEDED,
    DUPLICATE_KEY,
    COMPLEX_KEY,
    MERGE_KEY,
    TAG,
    SEVERAL_DOCUMENTS,
    DIRECTIVE,
    UNKNOWN_ANCHOR,
    DUPLICATE_ANCHOR,
    ANCHOR_CYCLE,
    NON_FINITE_NUMBER,
    NUMBER_OUT_OF_RANGE,
    EMPTY_SPEC,
    ROOT_NOT_A_MAP,
)
