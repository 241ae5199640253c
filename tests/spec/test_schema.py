"""The published schemas: in sync, valid, described, and of one mind with the compiler."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from neurotrain.cli.schema import encode, schemas
from neurotrain.compiler.validator import resolved_schema, violations
from neurotrain.language.diagnostics import Report
from neurotrain.language.load import load
from neurotrain.language.tree import plain
from neurotrain.spec.catalogue import built_in
from neurotrain.spec.experiment import Experiment
from neurotrain.spec.schema import published, strict
from neurotrain.spec.train import TrainOptions

ROOT: Final = Path(__file__).parents[2]
SPECS: Final = sorted((ROOT / "specs").glob("*.yaml"))
CATALOGUE: Final = built_in()
STRICT: Final = resolved_schema(CATALOGUE)
PUBLISHED: Final = published(CATALOGUE)
EDITOR: Final = Draft202012Validator(PUBLISHED)
"""A stock validator, as editors have it: no keyword of our own."""
UNDESCRIBED: Final = {
    "event.schema.json": "made from a dataclass of the standard library, whose fields have comments"
}
"""Schemas whose properties need no description, with the reason."""


def _read(spec: Path) -> Any:
    """A spec as an editor reads it: with `extends` and `${…}` as they are written."""
    report = Report()
    loaded = load(spec, overrides=(), environment={}, report=report)
    assert loaded.root is not None, report.items
    tree = plain(loaded.root)
    written = yaml.safe_load(spec.read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    return {key: tree.get(key, value) for key, value in written.items()}


@pytest.mark.parametrize("name", schemas())
def test_file_is_in_sync(name: str) -> None:
    """`python -m neurotrain.cli.schema` has been called since the last change."""
    assert (ROOT / "schema" / name).read_text(encoding="utf-8") == encode(schemas()[name])


def test_every_file_is_made() -> None:
    """No schema lies in the folder that nothing writes."""
    assert {file.name for file in (ROOT / "schema").iterdir()} == set(schemas())


@pytest.mark.parametrize("name", schemas())
def test_schema_is_valid(name: str) -> None:
    """Each is a JSON Schema of draft 2020-12."""
    schema = schemas()[name]
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", sorted(set(schemas()) - set(UNDESCRIBED)))
def test_every_property_is_described(name: str) -> None:
    """An editor has something to show for every key, and every block has a title."""
    for path, node in _properties(schemas()[name]):
        assert node.get("description") or path.endswith(".type"), path


def _properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        for below in node:
            yield from _properties(below, path)
    elif isinstance(node, dict):
        for key, below in node.items():
            if key == "properties":
                yield from ((f"{path}.{name}", each) for name, each in below.items() if each)
            if key not in ("if", "default"):
                yield from _properties(below, f"{path}.{key}")


@pytest.mark.parametrize("spec", SPECS, ids=lambda file: file.stem)
def test_editors_accept_shipped_specs(spec: Path) -> None:
    """A stock validator has nothing against a spec that compiles."""
    assert [error.message for error in EDITOR.iter_errors(_read(spec))] == []


MINIMAL: Final[dict[str, Any]] = {
    "version": 1,
    "name": "eyes",
    "task": {"type": "segmentation", "classes": ["background", "vessel"]},
    "data": {"train": {"type": "retina_phantom"}},
    "model": {"type": "unet"},
    "loss": ["dice"],
}

WRONG: Final[dict[str, dict[str, Any]]] = {
    "unknown key": {"epochs": 10},
    "unknown key in a block": {"train": {"epoch": 10}},
    "unknown parameter": {"model": {"type": "unet", "chanels": [8, 16]}},
    "unknown component": {"model": {"type": "unett"}},
    "unknown bare name": {"loss": ["dise"]},
    "bare name that needs parameters": {"data": {**MINIMAL["data"], "valid": "paired_images"}},
    "text for a number": {"train": {"epochs": "many"}},
    "negative rate": {"train": {"optimizer": {"type": "adamw", "learning_rate": -1}}},
    "unknown word": {"train": {"precision": "fp8"}},
    "duration without unit": {"train": {"validate_every": "2"}},
    "list of wrong length": {"test": {"sliding_window": [64, 64, 64]}},
    "map for a list": {"metrics": {"dice": True}},
    "fraction beyond one": {"data": {**MINIMAL["data"], "valid": {"fraction": 1.5}}},
    "name with a space": {"name": "my eyes"},
}
RIGHT: Final[dict[str, dict[str, Any]]] = {
    "nothing more": {},
    "bare names": {"metrics": ["dice", {"type": "iou"}]},
    "fraction": {"data": {**MINIMAL["data"], "valid": {"fraction": 0.1}}},
    "blocks": {"train": {"epochs": 3, "early_stopping": {}, "batch": {"global": 8}}},
    "lists": {"test": {"sliding_window": [64, 64]}},
}


@pytest.mark.parametrize("name", WRONG)
def test_typos_are_refused_by_both(name: str) -> None:
    """Editor and compiler refuse the same mistakes."""
    tree = MINIMAL | WRONG[name]
    assert not EDITOR.is_valid(tree)
    assert list(violations(tree, STRICT))


@pytest.mark.parametrize("name", RIGHT)
def test_sound_specs_are_accepted_by_both(name: str) -> None:
    """Editor and compiler accept the same specs."""
    tree = MINIMAL | RIGHT[name]
    assert [error.message for error in EDITOR.iter_errors(tree)] == []
    assert list(violations(tree, STRICT)) == []
    CATALOGUE.decode(tree, Experiment)


LIBERTIES: Final[dict[str, dict[str, Any]]] = {
    "scalar from a variable": {"seed": "${vars.seed}"},
    "list from a variable": {"model": {"type": "unet", "channels": "${vars.channels}"}},
    "block from a variable": {"train": "${vars.train}"},
    "component from a variable": {"model": "${vars.model}"},
    "entry from the environment": {"test": {"sliding_window": ["${env:EDGE:64}", 64]}},
    "a deleted key": {"train": {"clip_grad_norm": None}, "predict": None},
    "variables": {"vars": {"anything": [1, {"at": "all"}]}},
}


@pytest.mark.parametrize("name", LIBERTIES)
def test_editors_allow_what_a_file_may_hold(name: str) -> None:
    """`${…}` and null stand for what they become; the resolved spec may not hold them."""
    assert [error.message for error in EDITOR.iter_errors(MINIMAL | LIBERTIES[name])] == []
    assert list(violations(MINIMAL | LIBERTIES[name], STRICT))


def test_what_a_base_brings_is_not_required() -> None:
    """With `extends` nothing is required, not even the type of a component."""
    child = {"extends": "base.yaml", "train": {"optimizer": {"learning_rate": 1e-3}}}
    assert EDITOR.is_valid(child)
    assert not EDITOR.is_valid({"train": {}})
    assert EDITOR.is_valid({"extends": ["a.yaml", "b.yaml"]})
    assert not EDITOR.is_valid({"extends": 3})


def test_strict_form_has_no_liberties() -> None:
    """Nothing of the editor's form is left in the one that the compiler uses."""
    text = json.dumps(strict(PUBLISHED))
    for liberty in ('"#/$defs/Interpolated"', '"x-required"', '"extends"'):
        assert liberty not in text


def test_numbers_are_told_apart() -> None:
    """1.0 is no integer and true is no number, though JSON Schema takes 1.0 for one."""
    for wrong in (1.0, True, "1"):
        assert [v.rule for v in violations(MINIMAL | {"seed": wrong}, STRICT)] == ["type"]


SCALARS: Final = st.one_of(
    st.integers(-2, 10), st.floats(-2, 2), st.booleans(), st.none(),
    st.sampled_from(["1 epoch", "2 epochs", "5 steps", "bf16", "fp32", "adamw", "cosine", "x"]),
)  # fmt: skip
TRAIN: Final = st.fixed_dictionaries(
    {},
    optional={
        "epochs": SCALARS,
        "precision": SCALARS,
        "clip_grad_norm": SCALARS,
        "validate_every": SCALARS,
        "batch": st.dictionaries(st.sampled_from(["global", "micro", "other"]), SCALARS),
        "optimizer": SCALARS
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["adam", "sgd", "step", 1])},
            optional={"learning_rate": SCALARS, "betas": st.lists(SCALARS), "nesterov": SCALARS},
        ),
        "scheduler": SCALARS
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["step", "cosine"])},
            optional={"every": SCALARS, "gamma": SCALARS, "warmup": SCALARS},
        ),
        "early_stopping": st.dictionaries(
            st.sampled_from(["patience", "min_delta", "monitor"]), SCALARS
        ),
    },
)


@settings(max_examples=400, deadline=None)
@given(block=TRAIN)
def test_schema_and_structs_agree(block: dict[str, Any]) -> None:
    """What the schema accepts, the structs decode; what they refuse, the schema refuses."""
    clean = not list(violations(MINIMAL | {"train": block}, STRICT))
    try:
        CATALOGUE.decode(block, TrainOptions)
        decodes = True
    except (msgspec.ValidationError, ValueError):
        decodes = False
    if clean:
        assert decodes
    if not decodes:
        assert not clean
