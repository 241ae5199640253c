"""The grammar of `${…}` in a text.

    ${vars.name}  ${vars.name.key}  ${vars.list[0]}  ${env:NAME}  ${env:NAME:default}

`$${` is a literal `${`; every other `$` stands for itself. A default reaches to the next `}`.
Knows no values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from neurotrain.language.paths import PathFault, keys_of, parse_path
from neurotrain.language.suggest import closest
from neurotrain.language.tree import SpecPath

_OPENING: Final = re.compile(r"\$\$\{|\$\{")
_ENVIRONMENT: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)(?::(.*))?", re.DOTALL)


_HEAD: Final = re.compile(r"([^.:]*)([.:]?)(.*)", re.DOTALL)
_HEADS: Final = {"var": ("vars",), "variable": ("vars",), "variables": ("vars",),
                 "environ": ("env",), "environment": ("env",)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VariableReference:
    """`${vars.…}`; the path is the one below `vars`."""

    path: SpecPath


@dataclass(frozen=True, slots=True)
class EnvironmentReference:
    """`${env:NAME}` or `${env:NAME:default}`."""

    name: str
    default: str | None

    def written(self) -> str:
        """The reference as it stands in a text."""
        return f"${{env:{self.name}{'' if self.default is None else ':' + self.default}}}"


Part: TypeAlias = str | VariableReference | EnvironmentReference


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a text with `${` cannot be taken apart."""

    message: str
    hint: str


def parse_interpolation(text: str) -> tuple[Part, ...] | Malformed:
    """The literal texts and references that a text is made of, in order."""
    parts: list[Part] = []
    at = 0
    while found := _OPENING.search(text, at):
        if found.start() > at:
            parts.append(text[at : found.start()])
        if found[0] == "$${":
            parts.append("${")
            at = found.end()
            continue
        closing = text.find("}", found.end())
        inner = text[found.end() : closing] if closing >= 0 else ""
        part = _reference(inner) if closing >= 0 else _unclosed()
        if isinstance(part, Malformed):
            return part
        parts.append(part)
        at = closing + 1
    if at < len(text):
        parts.append(text[at:])
    return tuple(parts)


def escaped(text: str) -> str:
    """A literal text such that parsing it gives the text back."""
    return text.replace("${", "$${")


def fill_environment(symbolic: str, environment: Mapping[str, str]) -> str | None:
    """A symbolic text with the environment filled in; None if a variable is unset.

    What a launch does with the `${env:…}` that a plan keeps; always a text, never another type.
    """
    parts = parse_interpolation(symbolic)
    assert not isinstance(parts, Malformed), "a symbolic text has been parsed before"
    filled = []
    for part in parts:
        assert not isinstance(part, VariableReference), "a symbolic text names no variables"
        text = part if isinstance(part, str) else environment.get(part.name, part.default)
        if text is None:
            return None
        filled.append(text)
    return "".join(filled)


def _unclosed() -> Malformed:
    return Malformed("a `${` has no `}`", "close it, or write `$${` for a literal `${`")


def _reference(inner: str) -> VariableReference | EnvironmentReference | Malformed:
    if "${" in inner:
        hint = "give the inner one a name of its own in `vars`"
        return Malformed(f"`${{{inner}…` has another `${{` inside", hint)
    if inner.startswith("vars."):
        path = parse_path(inner.removeprefix("vars."))
        if not isinstance(path, PathFault):
            return VariableReference(keys_of(path))
        return Malformed(f"`${{{inner}}}` names no variable: {path.message}", "write ${vars.name}")
    found = _ENVIRONMENT.fullmatch(inner)
    if found is not None:
        return EnvironmentReference(found[1], found[2])
    if inner.startswith("env:"):
        hint = "write ${env:NAME} or ${env:NAME:default}"
        return Malformed(f"`${{{inner}}}` names no environment variable", hint)
    head, mark, name = _HEAD.match(inner).groups()  # type: ignore[union-attr]
    if mark and name and closest(head, ("vars", "env"), _HEADS) is not None:
        meant = "vars." if closest(head, ("vars", "env"), _HEADS) == "vars" else "env:"
        hint = f"did you mean ${{{meant}{name}}}?"
        return Malformed(f"`${{{inner}}}` is neither a variable nor an environment variable", hint)
    hint = f"write ${{vars.{inner or 'name'}}} or ${{env:{inner or 'NAME'}}}"
    hint += ", or `$${` for a literal `${`"
    return Malformed(f"`${{{inner}}}` is neither a variable nor an environment variable", hint)
