"""The catalogue of components by family and type, and the reading of values with it.

Knows no component itself: the built-in catalogue is put together where all families are known, and
plugins add to a copy. A catalogue is never changed after it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from neurotrain.component.base import Component, Family, tag_of
from neurotrain.language.suggest import closest

T = TypeVar("T")


class Choice:
    """A value that is one of several structs, told apart by its keys instead of a `type`."""

    __slots__ = ()

    @classmethod
    def select(cls, value: Mapping[str, Any]) -> type[Any]:
        """The struct or family that a value with these keys is."""
        raise AssertionError(f"{cls.__name__} selects nothing")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Components by family name and type."""

    families: Mapping[str, Mapping[str, type[Component]]]
    is_built_in: bool = True
    """Whether no plugin has added to it, so that the schema file describes it."""

    @classmethod
    def of(cls, components: Iterable[type[Component]]) -> Catalogue:
        """A catalogue of these components.

        Raises:
            ValueError: two components of a family have the same type.
        """
        families: dict[str, dict[str, type[Component]]] = {}
        for component in components:
            family = families.setdefault(family_of(component).family, {})
            if tag_of(component) in family:
                raise ValueError(f"two components are named {tag_of(component)!r}")
            family[tag_of(component)] = component
        frozen = {name: MappingProxyType(family) for name, family in families.items()}
        return cls(MappingProxyType(frozen))

    def extended(self, components: Iterable[type[Component]]) -> Catalogue:
        """A copy with further components.

        Raises:
            ValueError: a component of the same family and type is there.
        """
        own = (each for family in self.families.values() for each in family.values())
        return replace(Catalogue.of((*own, *components)), is_built_in=False)

    def names(self, family: str) -> tuple[str, ...]:
        """The types of a family, in alphabetical order."""
        return tuple(sorted(self.families.get(family, {})))

    def find(self, family: str, name: str) -> type[Component] | None:
        """The component of a family with this type, or None."""
        return self.families.get(family, {}).get(name)

    def decode(self, value: object, wanted: type[T]) -> T:
        """A plain value as a struct.

        Raises:
            msgspec.ValidationError: the value is not of that form.
        """
        return msgspec.convert(value, wanted, dec_hook=self.decode_custom)

    def decode_custom(self, wanted: type[Any], value: Any) -> Any:
        """Read a value whose type msgspec does not know: a family or a choice.

        Raises:
            ValueError: the value is no name and no map, or names what is not there.
        """
        given = {"type": value} if isinstance(value, str) else value
        if not isinstance(given, Mapping):
            raise ValueError(f"wanted a name or a map with `type`, not {value!r}")
        if not issubclass(wanted, Family):
            assert issubclass(wanted, Choice), wanted
            return self._decode_part(value, wanted.select(given), wanted.__name__.lower())
        name = given.get("type")
        component = self.find(wanted.family, name) if isinstance(name, str) else None
        if component is None:
            raise ValueError(self._unknown(wanted.family, name))
        refuse_unknown_keys(given, component, repr(name))
        return self._decode_part(given, component, repr(name))

    def _decode_part(self, value: object, wanted: type[T], what: str) -> T:
        """Decode a value inside another; msgspec adds the outer path to a ValueError alone."""
        try:
            return self.decode(value, wanted)
        except msgspec.ValidationError as error:
            raise ValueError(f"{what}: {error}") from error

    def _unknown(self, family: str, name: object) -> str:
        """That no component has this name, with the nearest one that there is."""
        names = self.names(family)
        if name is None:
            return f"this {family} has no `type`; there are: {', '.join(names)}"
        likely = closest(name, names) if isinstance(name, str) else None
        hint = f"did you mean {likely!r}?" if likely else f"there are: {', '.join(names)}"
        return f"no {family} is named {name!r}; {hint}"


def refuse_unknown_keys(given: Mapping[str, Any], struct: type[msgspec.Struct], what: str) -> None:
    """Name the first key that a struct does not have, and the nearest that it has.

    Raises:
        ValueError: there is such a key.
    """
    known = struct.__struct_encode_fields__
    for key in given:
        if key in known or (key == "type" and issubclass(struct, Component)):
            continue
        likely = closest(str(key), known)
        hint = f"did you mean {likely!r}?" if likely else f"it has: {', '.join(known)}"
        raise ValueError(f"{what} has no key {key!r}; {hint}")


def family_of(component: type[Component]) -> type[Family]:
    """The family that a component belongs to, whatever class of it stands between."""
    for ancestor in component.__mro__:
        if Family in ancestor.__bases__:
            return ancestor
    raise ValueError(f"{component.__name__} belongs to no family")
