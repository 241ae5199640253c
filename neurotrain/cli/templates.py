"""The Jinja2 templates: in the checkout, or in the installed package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment


def folder() -> Path:
    """Where the templates lie."""
    packaged = Path(str(resources.files("neurotrain"))) / "data" / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "templates"


def environment() -> ImmutableSandboxedEnvironment:
    """The environment for plain text; a template that uses an unknown value fails."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder()), undefined=StrictUndefined, keep_trailing_newline=True
    )
