"""Everything between a file name and one tree of values with places, in order.

read → extends → overrides → vars. Knows nothing of what a spec contains but these three blocks;
`plugins` is data like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurotrain.language.diagnostics import Report
from neurotrain.language.extends import extend
from neurotrain.language.files import Files
from neurotrain.language.overrides import OVERRIDES_FILE, override, overrides_text
from neurotrain.language.tree import Node
from neurotrain.language.variables import Setting, fill_variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A spec whose `extends`, `vars` and references are resolved."""

    root: Node | None
    """None if there is no usable tree; the report then says why."""
    sources: Mapping[str, str]
    """Each file, as it is shown, with its text; also `--set` with the arguments, one a line."""
    files: tuple[Path, ...]
    """Every file that was read, the spec first."""
    incomplete: bool
    """A base could not be read: keys that seem to be missing may be in it."""


def load(
    file: Path,
    *,
    overrides: Sequence[str],
    environment: Mapping[str, str],
    report: Report,
) -> Loaded:
    """Read a spec with all it extends, its overrides and its variables.

    Faults are reported, never raised, and reading goes on past every fault that leaves a tree.
    """
    files = Files()
    extended = extend(file, files, report)
    root = extended.root if extended is not None else None
    incomplete = extended is None or extended.incomplete
    if overrides:
        files.texts[OVERRIDES_FILE] = overrides_text(overrides)
    if root is not None:
        setting = Setting(
            environment=environment,
            own_files=frozenset({str(file), OVERRIDES_FILE}),
            incomplete=incomplete,
        )
        root = fill_variables(override(root, overrides, report), setting, report)
    return Loaded(root=root, sources=files.texts, files=tuple(files.paths), incomplete=incomplete)
