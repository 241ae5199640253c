"""Every code explains itself, and its example has the fault that its counterpart lacks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from neurotrain.language.codes import CODES
from neurotrain.language.diagnostics import Code

from .conftest import Outcome

Loading = Callable[..., Outcome]

NOT_A_SPEC = {
    "unreadable-file",
    "undecodable-text",
    "control-character",
    "limit-exceeded",
    "extends-cycle",
    "malformed-override",
    "override-without-target",
}
"""Codes whose example cannot be a text alone; other tests provoke them."""
SPECS = [code for code in CODES if code.id not in NOT_A_SPEC]
BESIDE = {"base.yaml": "a: 1\n", "cluster.yaml": "b: 1\n"}


def _load(loading: Loading, text: str) -> Outcome:
    return loading({"spec.yaml": text.replace("\\t", "\t"), **BESIDE})


def test_ids_are_unique_and_kebab_case() -> None:
    """A code has one name, in lower case with hyphens."""
    ids = [code.id for code in CODES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", each) for each in ids)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.id)
def test_code_is_explained(code: Code) -> None:
    """What and why are sentences; example and remedy differ."""
    assert code.what.endswith(".")
    assert code.why.endswith(".")
    assert code.example.strip() != code.instead.strip()


@pytest.mark.parametrize("code", SPECS, ids=lambda code: code.id)
def test_example_has_the_fault(loading: Loading, code: Code) -> None:
    """The example provokes its code."""
    assert code.id in _load(loading, code.example).codes


@pytest.mark.parametrize("code", SPECS, ids=lambda code: code.id)
def test_remedy_has_no_fault(loading: Loading, code: Code) -> None:
    """What is to be written instead is accepted."""
    assert not [each for each in _load(loading, code.instead).codes if each != "empty-spec"]
