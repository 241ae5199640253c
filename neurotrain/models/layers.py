"""The layers of a network by their names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def layer_names(network: nn.Module) -> tuple[str, ...]:
    """The names of all layers at any depth, without the network itself."""
    return tuple(name for name, _ in network.named_modules() if name)


def matching(names: Sequence[str], pattern: str) -> tuple[str, ...]:
    """Those of the names that a pattern such as `encoder.*` matches; `*` stands for anything."""
    return tuple(name for name in names if fnmatchcase(name, pattern))
