"""Faults of plugins: what `plugins` names and what that brings."""

from typing import Final

from neurotrain.language.diagnostics import Code, Severity

UNKNOWN_PLUGIN: Final = Code(
    "unknown-plugin",
    what="`plugins` names what no installed distribution declares.",
    why="Its components are not there; a spec cannot name code in any other way.",
    example="plugins: [my_package.losses]",
    instead="plugins: [my-losses]   # after: pip install my-losses",
)
DUPLICATE_PLUGIN: Final = Code(
    "duplicate-plugin",
    what="The same plugin is named twice.",
    why="The second has no effect.",
    example="plugins: [my-losses, my-losses]",
    instead="plugins: [my-losses]",
)
BROKEN_PLUGIN: Final = Code(
    "broken-plugin",
    what="The module of a plugin cannot be imported.",
    why="Nothing of it can be used.",
    example="plugins: [my-losses]   # its module has a syntax error",
    instead="Install another version of the plugin, or leave it out.",
)
HEAVY_PLUGIN: Final = Code(
    "heavy-plugin",
    what="The module of a plugin loads torch, numpy or another large library at once.",
    why="Checking a spec would take seconds, and would need these libraries.",
    example="import torch   # at the top of the plugin's module",
    instead="def build(self):\n    import torch",
)
MALFORMED_PLUGIN: Final = Code(
    "malformed-plugin",
    what="A plugin brings something that is no component, or one with a part missing.",
    why="It could neither be checked nor explained, or would fail in the run.",
    example="COMPONENTS = (my_function,)",
    instead="COMPONENTS = (MyLoss,)",
)
PLUGIN_CLASH: Final = Code(
    "plugin-clash",
    what="Two distributions bring a plugin or component of one name.",
    why="A spec could mean either.",
    example='class MyDice(Component, Loss, tag="dice"): …',
    instead='class MyDice(Component, Loss, tag="my_dice"): …',
)
UNUSED_PLUGIN: Final = Code(
    "unused-plugin",
    what="`plugins` names a plugin of which the spec uses no component.",
    why="Its code is imported, and the run depends on its being installed, for nothing.",
    example="plugins: [my-losses]\nloss: [dice]",
    instead="loss: [dice]",
    severity=Severity.WARNING,
)

CODES: Final = (
    UNKNOWN_PLUGIN, DUPLICATE_PLUGIN, BROKEN_PLUGIN, HEAVY_PLUGIN, MALFORMED_PLUGIN, PLUGIN_CLASH,
    UNUSED_PLUGIN,
)  # fmt: skip
