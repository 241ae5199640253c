"""Import the plugins that the spec lists; their components add to the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from neurotrain.compiler.codes import plugins as codes
from neurotrain.compiler.draft import Draft, fault
from neurotrain.language.diagnostics import Code, Report
from neurotrain.language.tree import SpecPath, Tree

if TYPE_CHECKING:
    from neurotrain.component.plugins import Plugin

_CODES: Final[Mapping[str, Code]] = {code.id: code for code in codes.CODES}


def load_plugins(draft: Draft, report: Report) -> Draft:
    """Report every plugin that cannot be used, each at its name.

    `plugins: [my-losess]` is answered by `unknown-plugin` with the nearest installed name.
    """
    listed = draft.tree.get("plugins")
    if listed is None:
        return draft
    if not isinstance(listed, list) or report.taints(("plugins",)):
        return replace(draft, lacks_plugins=True)
    loaded: dict[str, tuple[SpecPath, Plugin]] = {}
    catalogue, lacks = draft.catalogue, False
    for path, name in _names(listed):
        if name in loaded:
            related = ((loaded[name][0], "first named here"),)
            message, hint = f"the plugin '{name}' is named twice", "name it once"
            report.add(fault(codes.DUPLICATE_PLUGIN, path, message, hint, related=related))
            continue
        plugin = _loaded(name, path, loaded, replace(draft, catalogue=catalogue), report)
        lacks |= plugin is None
        if plugin is not None:
            loaded[name] = (path, plugin)
            catalogue = catalogue.extended(plugin.components)
    _tell_unused(loaded, draft, report)
    return replace(
        draft,
        catalogue=catalogue,
        plugins=tuple(plugin.use for _, plugin in loaded.values()),
        lacks_plugins=lacks or not all(isinstance(n, str) for n in listed),
    )


def _names(listed: list[Tree]) -> Iterator[tuple[SpecPath, str]]:
    """The texts of the list; what is no text is told by the schema."""
    for index, name in enumerate(listed):
        if isinstance(name, str) and name:
            yield ("plugins", index), name


def _loaded(
    name: str,
    path: SpecPath,
    loaded: Mapping[str, tuple[SpecPath, Plugin]],
    draft: Draft,
    report: Report,
) -> Plugin | None:
    """The plugin, or None after a report."""
    from neurotrain.component.plugins import PluginFault, clash, load_plugin

    try:
        plugin = load_plugin(name, draft.catalogue)
    except PluginFault as found:
        report.add(fault(_CODES[found.kind], path, found.message, found.hint))
        return None
    message = clash(plugin, draft.catalogue, [each for _, each in loaded.values()])
    if message:
        hint = "use one of the two, or ask the plugin's author for another name"
        others = tuple(
            (where, "the other plugin") for where, each in loaded.values()
            if f"'{each.use.name}'" in message
        )  # fmt: skip
        report.add(fault(codes.PLUGIN_CLASH, path, message, hint, related=others))
        return None
    return plugin


def _tell_unused(
    loaded: Mapping[str, tuple[SpecPath, Plugin]], draft: Draft, report: Report
) -> None:
    """Warn of plugins of which nothing is named outside of `plugins`."""
    rest = {key: below for key, below in draft.tree.items() if key != "plugins"}
    written = set(_texts(rest))
    for name, (path, plugin) in loaded.items():
        types = [each.partition(".")[2] for each in plugin.use.components]
        if not written.intersection(types):
            message = f"nothing of the plugin '{name}' is used"
            hint = f"leave it out, or use one of: {', '.join(plugin.use.components)}"
            report.add(fault(codes.UNUSED_PLUGIN, path, message, hint))


def _texts(tree: Tree) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for below in tree.values():
            yield from _texts(below)
    elif isinstance(tree, (list, tuple)):
        for below in tree:
            yield from _texts(below)
