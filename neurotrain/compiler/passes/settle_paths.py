"""Make every path of the spec one that starts from the spec's folder."""

from __future__ import annotations

from pathlib import Path

from neurotrain.compiler.draft import Draft
from neurotrain.component.paths import rebased
from neurotrain.language.diagnostics import Report
from neurotrain.language.overrides import OVERRIDES_FILE
from neurotrain.language.tree import walk, written_in


def settle_paths(draft: Draft, report: Report) -> Draft:
    """Rebase paths: each is relative to the file that wrote it, with `--set` to the current folder.

    `${env:…}` stays as written, so that the plan fits any machine. Reports nothing.
    """
    assert isinstance(report, Report)
    if draft.options.decided is not None:
        return draft
    base = draft.resolver.base
    for path, node in walk(draft.root):
        if isinstance(node.value, str) and draft.is_path(path):
            writer = written_in(node)
            folder = Path.cwd() if writer == OVERRIDES_FILE else Path(writer).parent
            text = node.symbolic or node.value
            draft.put(path, rebased(text, folder.absolute(), base))
    return draft
