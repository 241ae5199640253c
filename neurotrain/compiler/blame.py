"""Which plugin an exception came out of, so that its fault is not told as ours."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import walk_tb

from neurotrain.compiler.codes.plugins import BROKEN_PLUGIN
from neurotrain.compiler.draft import Draft, fault
from neurotrain.language.diagnostics import Diagnostic


def blamed(error: Exception, draft: Draft) -> Diagnostic | None:
    """The diagnostic at the plugin whose code raised the exception; None where none did."""
    packages = set(_packages(error))
    listed = draft.tree.get("plugins")
    for use in draft.plugins:
        for name in use.components:
            component = draft.catalogue.find(*name.split(".", 1))
            if component is not None and component.__module__.partition(".")[0] in packages:
                assert isinstance(listed, list)
                cause = " ".join(f"{type(error).__name__}: {error}".split())
                message = f"the plugin '{use.name}' failed while the spec was compiled: {cause}"
                hint = "install another version of it, or tell the plugin's author"
                path = ("plugins", listed.index(use.name))
                return fault(BROKEN_PLUGIN, path, message, hint)
    return None


def _packages(error: BaseException) -> Iterator[str]:
    """The outermost packages of all code that an exception and its causes passed through."""
    for frame, _ in walk_tb(error.__traceback__):
        yield str(frame.f_globals.get("__name__", "")).partition(".")[0]
    below = error.__cause__ or error.__context__
    if below is not None:
        yield from _packages(below)
