"""Paths as specs write them: relative to their file, `${env:…}` resolved at launch."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

PathText = Annotated[str, Meta(min_length=1, extra_json_schema={"x-path": True})]
"""A path of a spec; `${env:…}` in it stays as written in the plan."""
_ENV: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Turns a spec's path into a path of this machine."""

    base: Path
    """The folder of the spec; relative paths start there."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def path(self, text: str) -> Path:
        """The absolute path; one that starts with a set variable is relative to the current folder.

        Raises:
            KeyError: a variable is not set and has no default.
        """
        first = _ENV.match(text)
        from_shell = first is not None and first[1] in self.environment
        resolved = Path(_ENV.sub(self._value, text)).expanduser()
        start = Path.cwd() if from_shell else self.base
        return Path(os.path.normpath(start / resolved))

    def unset_variables(self, text: str) -> tuple[str, ...]:
        """The variables in a path that are not set, so that their defaults stand."""
        names = (match[1] for match in _ENV.finditer(text))
        return tuple(name for name in names if name not in self.environment)

    def _value(self, match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        value = self.environment.get(name, default)
        if value is None:
            raise KeyError(name)
        return value


def rebased(text: str, written_in: Path, base: Path) -> str:
    """A path written relative to one folder, as one relative to another.

    In `${env:NAME:default}/rest` the default is what is relative; absolute paths stay.
    """
    if written_in == base:
        return text
    match = _ENV.match(text)
    if match is not None and match[2] is None:
        return text
    relative = match[2] if match is not None else text
    assert relative is not None
    if os.path.isabs(relative) or relative.startswith("~"):
        return text
    moved = os.path.relpath(written_in / relative, base)
    if match is None:
        return moved
    return f"${{env:{match[1]}:{moved}}}{text[match.end() :]}"
