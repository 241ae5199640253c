"""The base of all components: a typed struct that a spec names by `type:`.

A family is a plain class; a component is a struct of one family, its fields are its parameters and
its docstring is its documentation. Families are plain classes because a field typed with a struct
would decode to that struct alone.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta


class Family:
    """The common ancestor of all families."""

    __slots__ = ()
    family: ClassVar[str] = ""
    """What the family is called in messages: `model`, `loss`."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A struct of plain options, not chosen by `type:`."""


class Component(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """A struct chosen by `type:`.

    A component inherits this, then its family, and states `tag=, frozen=True, kw_only=True`.
    """


def tag_of(component: Any) -> str:
    """The name by which a spec calls a component, given as a struct or its class."""
    return str(component.__struct_config__.tag)


Positive = Annotated[int, Meta(ge=1)]
Fraction = Annotated[float, Meta(gt=0.0, lt=1.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
PartialShare = Annotated[float, Meta(ge=0.0, lt=1.0)]
"""A share that is not all: of features that dropout sets to zero."""
NonNegative = Annotated[float, Meta(ge=0.0)]
PositiveFloat = Annotated[float, Meta(gt=0.0)]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$",
        extra_json_schema={"x-wants": "a name without control or invisible characters"},
    ),
]
