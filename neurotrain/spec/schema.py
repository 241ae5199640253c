"""The JSON Schema of the spec, made from the typed structs.

Two forms of one schema. The published one is for editors: it lets a scalar be a `${…}` string,
knows `extends` and `vars`, and requires nothing that a base may bring. The strict one is for
resolved specs; it is the published one with those liberties taken back, so one file serves both.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args, get_type_hints

import msgspec

from neurotrain.component.base import Family, tag_of
from neurotrain.component.catalogue import Catalogue, Choice, family_of
from neurotrain.dataset.base import Folds, Holdout, Split, Validation
from neurotrain.spec.experiment import Experiment

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"
_INTERPOLATED: Final = {"$ref": "#/$defs/Interpolated"}
_SCALARS: Final = ("integer", "number", "boolean", "string")
_OUTSIDE: Final = ("description", "default")
"""What stays beside a union with `${…}`, where editors look for it."""
_KEPT: Final = ("properties", "default")
_SEVERAL_TASKS: Final = {
    "properties": {
        "task": {
            "type": "object",
            "properties": {"type": {"const": "multi_task"}},
            "required": ["type"],
        }
    },
    "required": ["task"],
}
"""Then losses stand in the heads."""


def published(catalogue: Catalogue) -> dict[str, Any]:
    """The schema for editors, with the components of a catalogue."""
    definitions = _liberal(definitions_of([Experiment], catalogue))
    root = definitions.pop("Experiment")
    required = root.pop("x-required")
    root["properties"] = {**file_level(), **root["properties"]}
    return {
        "$schema": DRAFT,
        **root,
        "title": "NeuroTrain experiment",
        "x-required": required,
        "if": {"required": ["extends"]},
        "else": {"required": required, "if": _SEVERAL_TASKS, "else": {"required": ["loss"]}},
        "$defs": dict(sorted(definitions.items())),
    }


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The published schema for a resolved spec: no liberties, families by one keyword."""
    tightened: dict[str, Any] = _tight(schema)
    for name in ("if", "else"):
        del tightened[name]
    for name in file_level():
        del tightened["properties"][name]
    del tightened["$defs"]["Interpolated"]
    return tightened


def definitions_of(roots: Iterable[type], catalogue: Catalogue) -> dict[str, Any]:
    """The definitions of structs, of all components and of what they consist of, by name."""
    components = [c for family in catalogue.families.values() for c in family.values()]
    _, definitions = msgspec.json.schema_components(
        [*roots, Holdout, Folds, *components], schema_hook=_refer, ref_template=_REF + "{name}"
    )
    _complete(definitions, [*roots, Holdout, Folds, *components])
    families = {family_of(component) for component in components}
    for family in families:
        definitions[family.__name__] = _family(family, catalogue, definitions)
    definitions[Split.__name__] = _choice(Split, ("fraction",), Holdout, "Dataset")
    definitions[Validation.__name__] = _choice(
        Validation, ("folds", "fraction"), Folds, Split.__name__
    )
    without_null: dict[str, Any] = msgspec.to_builtins(_without_null(definitions))
    return without_null


def defaults_left_out(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct as the shortest map that means it: its type, and what differs from the defaults."""
    config = struct.__struct_config__
    short: dict[str, Any] = {config.tag_field: config.tag} if config.tag_field else {}
    for info in msgspec.structs.fields(struct):
        value = getattr(struct, info.name)
        usual = info.default
        if info.default_factory is not msgspec.NODEFAULT:
            usual = info.default_factory()
        if value != usual:
            short[info.encode_name] = msgspec.to_builtins(value)
    return short


def _complete(definitions: dict[str, Any], roots: Iterable[type]) -> None:
    """Add what msgspec leaves out: defaults made by factories, descriptions beside a null."""
    for struct in _structs(roots, set()):
        hints = get_type_hints(struct, include_extras=True)
        definition = definitions[struct.__name__]
        definition["description"] = inspect.cleandoc(definition["description"])
        for info in msgspec.structs.fields(struct):
            shown = definition["properties"][info.encode_name]
            meaning = _meaning(hints[info.name])
            if meaning:
                shown.setdefault("description", meaning)
            if info.default_factory not in (msgspec.NODEFAULT, dict):
                shown["default"] = defaults_left_out(info.default_factory())


def _structs(found: Iterable[Any], known: set[type]) -> Iterator[type[msgspec.Struct]]:
    """These structs and all that their fields hold, each once; families are not followed."""
    for each in found:
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            if each in known:
                continue
            known.add(each)
            yield each
            yield from _structs(get_type_hints(each, include_extras=True).values(), known)
        else:
            yield from _structs(get_args(each), known)


def _meaning(hint: Any) -> str:
    """The description in a type, also one that stands beside None."""
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.description:
            return meta.description
    told = (_meaning(below) for below in get_args(hint))
    return next((meaning for meaning in told if meaning), "")


def _refer(custom: type) -> dict[str, Any]:
    if issubclass(custom, (Family, Choice)):
        return {"$ref": _REF + custom.__name__}
    # The error by which a schema hook tells msgspec that it does not know a type.
    raise NotImplementedError(custom)


def _family(
    family: type[Family], catalogue: Catalogue, definitions: dict[str, Any]
) -> dict[str, Any]:
    """A name alone where nothing is required, else a map whose `type` chooses the component."""
    members = catalogue.families[family.family]
    names = sorted(members)
    bare = [name for name in names if definitions[members[name].__name__]["required"] == ["type"]]
    return {
        "title": family.__name__,
        "description": family.__doc__,
        "x-family": family.family,
        "if": {"type": "string"},
        "then": {"enum": bare},
        "else": {
            "type": "object",
            "properties": {"type": {"enum": names}},
            "required": ["type"],
            "allOf": [_member(name, members[name]) for name in names],
        },
    }


def _member(name: str, component: type) -> dict[str, Any]:
    assert tag_of(component) == name
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"$ref": _REF + component.__name__},
    }


def _choice(
    choice: type[Choice], telling: tuple[str, ...], chosen: type[msgspec.Struct], other: str
) -> dict[str, Any]:
    """A struct where the first of the telling keys is given and no `type`, else something else."""
    return {
        "title": choice.__name__,
        "description": choice.__doc__,
        "x-choice": list(telling),
        "if": {"type": "object", "required": [telling[0]], "not": {"required": ["type"]}},
        "then": {"$ref": _REF + chosen.__name__},
        "else": {"$ref": _REF + other},
    }


def file_level() -> dict[str, Any]:
    """The keys of a spec's file that are gone once it is resolved."""
    return {
        "extends": {
            "description": "Specs that this one starts from, relative to this file; nearest wins",
            "if": {"type": "array"},
            "then": {"items": {"type": "string"}},
            "else": {"type": "string"},
        },
        "vars": {"description": "Values used elsewhere as ${vars.name}", "type": "object"},
    }


def _without_null(node: Any) -> Any:
    """Null deletes a key in the language, so no value is ever null."""
    if isinstance(node, list):
        return [_without_null(below) for below in node]
    if not isinstance(node, dict):
        return node
    cleaned = {key: _without_null(below) for key, below in node.items()}
    options = cleaned.get("anyOf", ())
    real = [option for option in options if option != {"type": "null"}]
    if len(real) == 1 and len(options) == 2:
        del cleaned["anyOf"]
        cleaned = {**real[0], **cleaned}
    if cleaned.get("default", 0) is None:
        del cleaned["default"]
    return cleaned


def _liberal(definitions: dict[str, Any]) -> dict[str, Any]:
    loosened = {name: _loose(definition) for name, definition in definitions.items()}
    loosened["Interpolated"] = {
        "description": "A value taken from vars or from the environment; null deletes the key",
        "type": ["string", "null"],
        "pattern": r"\$\{(vars\.|env:)",
    }
    return loosened


def _loose(node: Any) -> Any:
    if isinstance(node, list):
        return [_loose(below) for below in node]
    if not isinstance(node, dict):
        return node
    if "x-family" in node:
        node = {**node, "else": {**node["else"], "required": []}}
    loosened = {key: _loose(below) for key, below in node.items() if key not in _KEPT}
    loosened |= {key: node[key] for key in _KEPT if key in node}
    if "properties" in node:
        loosened["properties"] = {
            key: below if key == "type" else _loose_property(below)
            for key, below in node["properties"].items()
        }
        if "title" in node and "required" in node:
            loosened["x-required"] = loosened.pop("required")
    elif node.get("type") in _SCALARS or "enum" in node:
        loosened = _or_interpolated(loosened)
    return loosened


def _loose_property(node: dict[str, Any]) -> Any:
    loosened = _loose(node)
    return loosened if "anyOf" in loosened else _or_interpolated(loosened)


def _or_interpolated(value: dict[str, Any]) -> dict[str, Any]:
    outside: dict[str, Any] = {key: value[key] for key in _OUTSIDE if key in value}
    inside = {key: below for key, below in value.items() if key not in outside}
    return {**outside, "anyOf": [inside, _INTERPOLATED]}


def _tight(node: Any) -> Any:
    if isinstance(node, list):
        return [_tight(below) for below in node]
    if not isinstance(node, dict):
        return node
    if "x-family" in node:
        members = {
            member["if"]["properties"]["type"]["const"]: member["then"]["$ref"]
            for member in node["else"]["allOf"]
        }
        bare = node["then"]["anyOf"][0]["enum"] if "anyOf" in node["then"] else node["then"]["enum"]
        rule = {"family": node["x-family"], "members": members, "bare": bare}
        return {"description": node["description"], "x-dispatch": rule}
    tightened = {key: _tight(below) for key, below in node.items()}
    options = tightened.get("anyOf", ())
    if _INTERPOLATED in options:
        del tightened["anyOf"]
        tightened.update(options[0])
    if "x-required" in tightened:
        tightened["required"] = tightened.pop("x-required")
    return tightened
