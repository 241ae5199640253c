"""What a class has to be to serve as a component of a plugin."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final, get_type_hints

import msgspec

from neurotrain.component.base import Component, Family, tag_of
from neurotrain.component.catalogue import Catalogue, Choice, family_of

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("build",),
    "discriminator": ("build",),
    "loss": ("build",),
    "metric": ("per_class", "of_curve", "of_pair"),
    "transform": ("build",),
    "dataset": ("survey", "open"),
    "optimizer": ("build",),
    "scheduler": ("after_warmup",),
    "postprocess": ("apply",),
}
"""The families that plugins may add to, and the methods that each of their components has,
as far as its base has them."""
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "loss": ("weight",),
    "optimizer": ("learning_rate",),
    "scheduler": ("warmup",),
}
"""Fields that the engine reads of every component of a family."""
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*")


def malformation(component: Any, catalogue: Catalogue) -> str:
    """Why an object cannot be a component of a plugin, in one line; empty where it can."""
    if not (
        isinstance(component, type)
        and issubclass(component, Component)
        and issubclass(component, Family)
    ):
        return f"{component!r:.80} is no component: inherit Component and a family, such as Loss"
    family, name = family_of(component), component.__name__
    members = catalogue.families.get(family.family, {})
    base, known = _base_of(component), {_base_of(each) for each in members.values()}
    if family.family in _NEEDED and base is family and known and base not in known:
        bases = " or ".join(sorted(each.__name__ for each in known))
        return f"{name} inherits {base.__name__} alone; inherit {bases}"
    if family.family not in _NEEDED or base not in known:
        return f"{name} is of the family '{family.family}'; a plugin brings {', '.join(_NEEDED)}"
    config, tag = component.__struct_config__, tag_of(component)
    if not _TYPE.fullmatch(tag):
        return f"{name} has the type {tag!r}; write tag= with lower-case letters, digits and '_'"
    if not (config.frozen and config.forbid_unknown_fields and config.tag_field == "type"):
        return f"{name} must stay frozen, forbid unknown fields and have the tag field 'type'"
    if not inspect.cleandoc(component.__doc__ or ""):
        return f"{name} has no docstring, which `explain` shows"
    lacking = [
        method
        for method in _NEEDED[family.family]
        if hasattr(base, method) and getattr(component, method) is getattr(base, method)
    ]
    if lacking:
        return f"{name} defines no {' and no '.join(lacking)}()"
    absent = [
        field
        for field in _FIELDS.get(family.family, ())
        if field not in component.__struct_encode_fields__
    ]
    if absent:
        return f"{name} has no field '{absent[0]}', which every {family.family} has"
    return _schema_fault(component)


def _base_of(component: type[Component]) -> type[Any]:
    """The class of its family that a component inherits; a metric has several to choose from."""
    plain = (each for each in component.__mro__ if not issubclass(each, msgspec.Struct))
    return next(each for each in plain if issubclass(each, Family))


def _schema_fault(component: type[Component]) -> str:
    """Why no schema can be made of a struct, or which field says nothing of itself."""
    try:
        msgspec.json.schema_components([component], schema_hook=_any)
        hints = get_type_hints(component, include_extras=True)
    except (TypeError, NameError, ValueError, AttributeError) as error:
        cause = " ".join(str(error).split())
        return f"the fields of {component.__name__} make no schema: {cause}"
    for field in component.__struct_fields__:
        metas = getattr(hints[field], "__metadata__", ())
        if not any(isinstance(meta, msgspec.Meta) and meta.description for meta in metas):
            return f"the field '{field}' of {component.__name__} has no Meta(description=…)"
    return ""


def _any(custom: type) -> dict[str, Any]:
    if issubclass(custom, (Family, Choice)):
        return {}
    # The error by which a schema hook tells msgspec that it does not know a type.
    raise NotImplementedError(custom)
