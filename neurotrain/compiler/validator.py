"""The JSON Schema validator with one keyword of its own, which chooses a component by its `type`.

Standard `if`/`then` gives the same answers in a hundred times the time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from neurotrain.component.catalogue import Catalogue
from neurotrain.language.tree import SpecPath
from neurotrain.spec.schema import published, strict


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a tree breaks the schema."""

    rule: str
    """The keyword that is broken: `type`, `additionalProperties`, `x-dispatch`, …"""
    wanted: Any
    """The keyword's value in the schema."""
    value: Any
    """What stands there instead."""
    schema: Mapping[str, Any]
    """The schema around the keyword."""
    path: SpecPath


def violations(
    tree: object, schema: dict[str, Any], part: Mapping[str, Any] | None = None
) -> Iterator[Violation]:
    """Every violation of a resolved spec's schema, or of a part of it by a part of the spec.

    Too long a list breaks `maxItems` alone.
    """
    validator = _validator(schema)
    validator = validator if part is None else validator.evolve(schema=part)
    for error in validator.iter_errors(tree):
        if error.validator == "items":
            continue
        yield Violation(
            rule=error.validator,
            wanted=error.validator_value,
            value=error.instance,
            schema=error.schema if isinstance(error.schema, Mapping) else {},
            path=tuple(error.absolute_path),
        )


def resolved_schema(catalogue: Catalogue) -> dict[str, Any]:
    """The schema of resolved specs: from the schema file, or made where plugins add to it."""
    return strict(_shipped() if catalogue.is_built_in else published(catalogue))


def schema_of(tree: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The schema for one resolved spec: it needs a loss where its heads have none.

    Where nobody knows what the task is, nobody knows that either.
    """
    schema, task = resolved_schema(catalogue), tree.get("task")
    kind = task.get("type") if isinstance(task, Mapping) else task
    single = [name for name in catalogue.families["task"] if name != "multi_task"]
    if kind is not None and kind not in single:
        return schema
    return {**schema, "required": [*schema["required"], "loss"]}


def _validator(schema: dict[str, Any]) -> Any:
    definitions = schema["$defs"]

    def refer(
        validator: Any, target: str, instance: object, _: object
    ) -> Iterator[ValidationError]:
        yield from validator.descend(instance, definitions[target.removeprefix("#/$defs/")])

    keywords = {"x-dispatch": _dispatch, "$ref": refer, "const": _const, "enum": _enum}
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    kind = extend(Draft202012Validator, keywords, type_checker=types)  # type: ignore[no-untyped-call]
    return kind(schema)


def _const(
    validator: Any, wanted: object, instance: object, schema: object
) -> Iterator[ValidationError]:
    """JSON Schema takes 1.0 for the constant 1, the language does not."""
    if instance != wanted or type(instance) is not type(wanted):
        yield ValidationError("another value", validator_value=wanted, instance=instance)


def _enum(
    validator: Any, legal: list[object], instance: object, schema: object
) -> Iterator[ValidationError]:
    if not any(instance == each and type(instance) is type(each) for each in legal):
        yield ValidationError("another value", validator_value=legal, instance=instance)


def _is_integer(_: object, value: object) -> bool:
    """JSON Schema takes 1.0 for an integer, the language does not."""
    return isinstance(value, int) and not isinstance(value, bool)


def schema_file() -> Path:
    """The published schema: in the checkout, or in the installed package."""
    packaged = Path(str(resources.files("neurotrain"))) / "data" / "schema"
    checkout = Path(__file__).parents[2] / "schema"
    return (packaged if packaged.is_dir() else checkout) / "experiment.schema.json"


def _shipped() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_file().read_bytes())
    return schema


def _dispatch(
    validator: Any, rule: dict[str, Any], instance: object, _: object
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and instance in rule["bare"]:
        return
    name = instance.get("type") if isinstance(instance, Mapping) else None
    target = rule["members"].get(name) if isinstance(name, str) else None
    if target is None:
        yield ValidationError("no such component", validator_value=rule, instance=instance)
    else:
        yield from validator.descend(instance, {"$ref": target})
