"""The catalogue: reading names and maps, refusing what it does not know, never changing."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from neurotrain.component.base import Component, tag_of
from neurotrain.component.catalogue import Catalogue, family_of
from neurotrain.dataset.base import Dataset, Holdout, Split
from neurotrain.dataset.digits import Digits
from neurotrain.models.base import Model
from neurotrain.models.unet import UNet
from neurotrain.optim.optimizers import AdamW, Optimizer
from neurotrain.spec.catalogue import built_in
from neurotrain.transforms.base import Transform
from neurotrain.transforms.fixed import Normalize, Resize

CATALOGUE = built_in()
FAMILIES = ("dataset", "losses", "metrics", "models", "optim", "postprocess", "transforms")


class Pair(msgspec.Struct):
    """A struct with fields of two families."""

    model: Model
    steps: tuple[Transform, ...] = ()
    optimizer: Optimizer | None = None


class Stranger(Component, tag="stranger"):
    """A component of no family."""


@pytest.mark.parametrize("value", ["adamw", {"type": "adamw"}])
def test_a_name_alone_is_a_map_with_defaults(value: Any) -> None:
    """A bare name and a map with the type alone are the same."""
    assert CATALOGUE.decode(value, Optimizer) == AdamW()


def test_fields_are_typed() -> None:
    """Lists become tuples and whole numbers floats, as the struct says."""
    model = CATALOGUE.decode({"type": "unet", "channels": [4, 8], "dropout": 0}, Model)
    assert model == UNet(channels=(4, 8), dropout=0.0)
    assert isinstance(model.dropout, float)  # type: ignore[attr-defined]


def test_components_inside_structs_are_read() -> None:
    """Families are read wherever a struct has them, in tuples and where None is allowed."""
    found = CATALOGUE.decode(
        {"model": "unet", "steps": ["normalize", {"type": "resize", "size": [3, 4]}]}, Pair
    )
    assert found == Pair(model=UNet(), steps=(Normalize(), Resize(size=(3, 4))))


@pytest.mark.parametrize(
    ("value", "wanted"), [({"fraction": 0.2}, Holdout(fraction=0.2)), ("digits", Digits())]
)
def test_a_choice_is_told_by_its_keys(value: Any, wanted: Any) -> None:
    """A fraction is a holdout, anything else a dataset."""
    assert CATALOGUE.decode(value, Split) == wanted


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("unett", "no model is named 'unett'; did you mean 'unet'?"),
        ("transformer", "no model is named 'transformer'; there are: attention_unet, basic_unet"),
        ({"type": 3}, "no model is named 3; there are: attention_unet"),
        ({"channels": [4, 8]}, "this model has no `type`; there are: attention_unet"),
        ({"type": "unet", "chanels": [4, 8]}, "'unet' has no key 'chanels'; did you mean"),
        ({"type": "unet", "qqqq": 1}, "'unet' has no key 'qqqq'; it has: channels, strides"),
        ({"type": "unet", "channels": [4.5, 8]}, "$.channels[0]"),
        ({"type": "unet", "channels": [4]}, "$.channels"),
        (None, "not None"),
        (["unet"], "not ['unet']"),
        ("adamw", "no model is named 'adamw'"),
    ],
)
def test_faults_are_named(value: Any, told: str) -> None:
    """Unknown names and keys are refused with the nearest legal one, wrong values with a path."""
    with pytest.raises(msgspec.ValidationError) as caught:
        CATALOGUE.decode(value, Model)
    assert told in str(caught.value)


def test_a_fault_inside_has_its_whole_path() -> None:
    """The path leads from the outer struct to the value."""
    with pytest.raises(msgspec.ValidationError, match=r"\$\.size.*\$\.steps\[1\]"):
        CATALOGUE.decode(
            {"model": "unet", "steps": ["normalize", {"type": "resize", "size": 3}]}, Pair
        )


@pytest.mark.parametrize("value", [3, ["digits"], True])
def test_a_choice_of_no_map_is_refused(value: Any) -> None:
    """A value that is no name and no map is none of the choices."""
    with pytest.raises(msgspec.ValidationError, match="wanted a name or a map"):
        CATALOGUE.decode(value, Split)


def test_two_components_of_a_name_are_refused() -> None:
    """A type names one component of its family."""
    with pytest.raises(ValueError, match="two components are named 'unet'"):
        Catalogue.of((UNet, UNet))


def test_a_component_without_family_is_refused() -> None:
    """A component belongs to a family."""
    with pytest.raises(ValueError, match="Stranger belongs to no family"):
        Catalogue.of((Stranger,))


def test_the_catalogue_is_frozen() -> None:
    """Neither the catalogue nor its families can be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOGUE.families = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        CATALOGUE.families["model"] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        CATALOGUE.families["model"]["unet"] = UNet  # type: ignore[index]


def test_components_are_frozen() -> None:
    """A component's fields cannot be changed."""
    with pytest.raises(AttributeError):
        UNet().dropout = 0.5  # type: ignore[misc]


def test_names_are_in_order() -> None:
    """The names of a family are sorted; a family that is not there has none."""
    names = CATALOGUE.names("optimizer")
    assert names == tuple(sorted(names))
    assert {"adam", "adamw", "sgd"} <= set(names)
    assert CATALOGUE.names("nothing") == ()
    assert CATALOGUE.find("nothing", "unet") is None


@pytest.mark.parametrize(
    "component", [c for family in CATALOGUE.families.values() for c in family.values()]
)
def test_every_component_keeps_the_form(component: Any) -> None:
    """A component is frozen and strict, has a family and a docstring, and survives a round trip."""
    config = component.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields
    assert component.__doc__
    assert CATALOGUE.find(family_of(component).family, tag_of(component)) is component
    if not any(field.required for field in msgspec.structs.fields(component)):
        plain = msgspec.to_builtins(component())
        assert CATALOGUE.decode(plain, family_of(component)) == component()  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_loads_nothing_heavy(family: str) -> None:
    """Importing a family loads neither torch nor numpy nor anything that imports them."""
    heavy = "torch numpy monai scipy sklearn torchmetrics deepspeed matplotlib textual jinja2"
    code = (
        f"import sys, neurotrain.{family} as family\n"
        f"assert family.BUILT_IN\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_dataset_is_a_choice_and_a_family() -> None:
    """A value can be asked for as a dataset and as a part of the data."""
    assert CATALOGUE.decode("digits", Dataset) == CATALOGUE.decode("digits", Split)
