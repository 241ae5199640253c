"""The one place where the deep passes call a component's code, which may raise anything.

Networks, losses, metrics, transforms and optimizers come from plugins and libraries as well. What
they raise becomes one kind of exception, so that nothing else in a pass is caught beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

_T = TypeVar("_T")
_MAX_TEXT: Final = 200
_META: Final = re.compile(r"(?<![a-z])meta(?![a-z])", re.IGNORECASE)
"""The device, also in `register_meta`; not metadata."""


class ComponentFailed(Exception):
    """A component's code raised; the text says what, in one short line."""

    def __init__(self, error: Exception) -> None:
        text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        super().__init__(text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]} …")
        self.needs_values = _META.search(str(error)) is not None
        """Only because a tensor on `meta` has no values; torch names the device."""


def tried(work: Callable[[], _T]) -> _T:
    """What a component's code gives.

    Raises:
        ComponentFailed: it raised.
    """
    try:
        return work()
    except Exception as error:  # whatever it is, it is raised again as what it means here
        raise ComponentFailed(error) from error
