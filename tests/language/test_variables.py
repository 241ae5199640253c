"""The `vars` step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurotrain.language.interpolation import (
    Malformed,
    escaped,
    fill_environment,
    parse_interpolation,
)
from neurotrain.language.tree import Tree

from .conftest import Outcome

Loading = Callable[..., Outcome]

VARS = """
vars:
  i: 64
  f: 3e-3
  b: true
  s: text
  q: '42'
  none: null
  list: [1, {x: 2}]
  map: {x: {y: 7}}
  to: ${vars.i}
  deep: ${vars.map}
  text: a-${vars.i}
"""
FILLED: list[tuple[str, Tree]] = [
    ("${vars.i}", 64),
    ('"${vars.i}"', 64),
    ("'${vars.f}'", 0.003),
    ("${vars.b}", True),
    ("${vars.s}", "text"),
    ("${vars.q}", "42"),
    ("${vars.none}", None),
    ("${vars.list}", [1, {"x": 2}]),
    ("${vars.list[1]}", {"x": 2}),
    ("${vars.list[1].x}", 2),
    ("${vars.map}", {"x": {"y": 7}}),
    ("${vars.map.x.y}", 7),
    ("${vars.to}", 64),
    ("${vars.deep.x.y}", 7),
    ("${vars.text}", "a-64"),
    ('["${vars.i}", "${vars.s}"]', [64, "text"]),
    ("x${vars.i}", "x64"),
    ("${vars.i}${vars.i}", "6464"),
    ("lr-${vars.f}", "lr-3e-3"),
    ("b-${vars.b}", "b-true"),
    ("q-${vars.q}", "q-42"),
    ("m-${vars.map.x.y}", "m-7"),
    ("d-${vars.deep.x.y}", "d-7"),
    ("$${vars.i}", "${vars.i}"),
    ("$${x", "${x"),
    ("a$${b}-${vars.i}", "a${b}-64"),
    ("$$${vars.i}", "$${vars.i}"),
    ("costs $5 and {x} and $x", "costs $5 and {x} and $x"),
    ("${env:SET}", 8),
    ("${env:SET:9}", 8),
    ("${env:UNSET:9}", 9),
    ("${env:UNSET:1e-3}", 0.001),
    ("${env:UNSET:no}", "no"),
    ("${env:UNSET:}", None),
    ("${env:EMPTY:9}", None),
    ("${env:UNSET:a:b}", "a:b"),
    ("${env:PATHLIKE}/x", "/data/x"),
    ("${env:UNSET:../data}/x", "../data/x"),
    ("n-${env:SET}", "n-8"),
]


@pytest.mark.parametrize(("text", "value"), FILLED, ids=[row[0] for row in FILLED])
def test_filled_in(loading: Loading, text: str, value: Tree) -> None:
    """A lone reference takes the value with its type; in text a reference is text."""
    environment = {"SET": "8", "EMPTY": "", "PATHLIKE": "/data"}
    outcome = loading(f"{VARS}value: {text}\n", environment=environment)
    assert not [item for item in outcome.report.items if item.code.id != "unused-variable"]
    assert isinstance(outcome.tree, dict)
    assert (type(outcome.tree["value"]), outcome.tree) == (type(value), {"value": value})


SYMBOLIC = [
    ("${vars.i}", ""),
    ("x-${vars.i}", ""),
    ("${env:SET}", "${env:SET}"),
    ("${env:SET:9}", "${env:SET:9}"),
    ("${env:UNSET:../data}/x", "${env:UNSET:../data}/x"),
    ("${vars.root}", "${env:UNSET:../data}"),
    ("${vars.root}/training", "${env:UNSET:../data}/training"),
    ("${vars.sub}/${vars.n}", "${env:UNSET:../data}/sub/64"),
    ("$${literal}/${env:SET}", "$${literal}/${env:SET}"),
    ("${vars.money}/${env:SET}", "$${x}/${env:SET}"),
]


@pytest.mark.parametrize(("text", "symbolic"), SYMBOLIC, ids=[row[0] for row in SYMBOLIC])
def test_symbolic_text(loading: Loading, text: str, symbolic: str) -> None:
    """Variables are put in and the environment is left in the symbolic text."""
    root = 'root: "${env:UNSET:../data}", sub: "${vars.root}/sub"'
    spec = f'vars: {{i: 1, n: 64, money: "$${{x}}", {root}}}\n'
    outcome = loading(f"{spec}value: '{text}'\n", environment={"SET": "8"})
    assert outcome.at("value").symbolic == symbolic


@given(st.text("${}:.envars XY8", max_size=30))
def test_escaped_text_parses_to_itself(text: str) -> None:
    """Escaping and parsing are inverse."""
    parts = parse_interpolation(escaped(text))
    assert not isinstance(parts, Malformed)
    assert "".join(str(part) for part in parts) == text


@given(st.text("${}ab", max_size=8), st.text("ab$", max_size=5), st.text("ab${", max_size=5))
def test_symbolic_text_is_filled_at_launch(literal: str, default: str, value: str) -> None:
    """The text that a plan keeps fills to what the check saw, with any environment."""
    symbolic = escaped(literal) + "${env:NAME:" + default + "}"
    if default.endswith("$") or "${" in default:
        return
    if literal.endswith("$"):
        return
    assert fill_environment(symbolic, {}) == literal + default
    assert fill_environment(symbolic, {"NAME": value}) == literal + value


def test_launch_without_a_value_is_told() -> None:
    """An unset variable without a default has no text."""
    assert fill_environment("a/${env:NAME}", {}) is None


def test_variable_stands_at_its_use_and_knows_its_origin(loading: Loading) -> None:
    """A fault in the value points to the use and tells where the value comes from."""
    outcome = loading("vars: {x: [1, 2]}\na: ${vars.x}\n")
    node = outcome.at("a")
    assert node.origin is not None
    assert (node.place.line, node.place.column, node.origin.line) == (2, 4, 1)
    assert outcome.at("a", 0).place.line == 1


def test_path_is_relative_to_the_file_that_begins_it(loading: Loading) -> None:
    """Text that begins with a variable has its origin in the variable's file."""
    outcome = loading(
        {
            "spec.yaml": "extends: lib/base.yaml\na: ${vars.root}/x\nb: x/${vars.root}\n",
            "lib/base.yaml": "vars: {root: ../data}\n",
        }
    )
    origins = [outcome.at(key).origin for key in "ab"]
    assert origins[0] is not None
    assert origins[0].file.endswith("lib/base.yaml")
    assert origins[1] is None


FAULTS = [
    # vars and values, code, line, column, words of message, words of hint
    (
        "vars: {patch: 1}\na: ${vars.pach}\nb: ${vars.patch}",
        "unknown-variable",
        2,
        4,
        "no 'pach'",
        "${vars.patch}",
    ),
    ("a: ${vars.x}", "unknown-variable", 1, 4, "no 'x'", "define it"),
    ("vars: {m: {k: 1}}\na: ${vars.m.q}", "unknown-variable", 2, 4, "'vars.m' has no 'q'", "k"),
    ("vars: {m: 3}\na: ${vars.m.q}", "unknown-variable", 2, 4, "single value 3", ""),
    ("vars: {m: [1]}\na: ${vars.m[1]}", "unknown-variable", 2, 4, "has no '1'", ""),
    ("vars: {m: [1]}\na: x${vars.m}", "not-text", 2, 4, "a list", ""),
    ("vars: {m: {}}\na: x${vars.m}", "not-text", 2, 4, "a map", ""),
    ("vars: {m: null}\na: x${vars.m}", "not-text", 2, 4, "null", ""),
    ("vars: {a: '${vars.a}'}\nb: ${vars.a}", "variable-cycle", 1, 11, "vars.a → vars.a", ""),
    (
        "vars:\n  a: x${vars.b}\n  b: ${vars.c}\n  c: ['${vars.a}']\nd: ${vars.b}",
        "variable-cycle",
        4,
        7,
        "vars.a → vars.b → vars.c → vars.a",
        "",
    ),
    (
        "vars:\n  a: {x: 1, y: '${vars.a}'}\nb: ${vars.a.x}",
        "variable-cycle",
        2,
        16,
        "vars.a → vars.a",
        "",
    ),
    ("a: ${env:UNSET}", "unset-environment", 1, 4, "UNSET is not set", "${env:UNSET:default}"),
    ("a: x/${env:PATHLIK}", "unset-environment", 1, 4, "PATHLIK", "did you mean PATHLIKE"),
    ("a: ${x}", "malformed-interpolation", 1, 4, "`${x}`", "${vars.x}"),
    ("a: x${", "malformed-interpolation", 1, 4, "no `}`", "$${"),
    ("a: ${}", "malformed-interpolation", 1, 4, "neither", ""),
    ("a: ${vars.}", "malformed-interpolation", 1, 4, "names no variable", ""),
    ("a: ${vars..x}", "malformed-interpolation", 1, 4, "names no variable", ""),
    ("a: ${env:1X}", "malformed-interpolation", 1, 4, "no environment variable", ""),
    ("a: ${env:X:${vars.y}}", "malformed-interpolation", 1, 4, "inside", "`vars`"),
    ("a: ${oc.env:HOME}", "malformed-interpolation", 1, 4, "neither", ""),
    ("'${vars.x}': 1", "interpolated-key", 1, 1, "keys are not filled in", ""),
    ("vars: [1]\na: ${vars.x}", "malformed-vars", 1, 7, "not a map", ""),
    ("a: ${env:HUGE}", "number-out-of-range", 1, 4, "HUGE", ""),
    ("a: ${env:UNSET:.nan}", "non-finite-number", 1, 4, "UNSET", ""),
    ("vars: {x: .nan}\na: ${vars.x}", "non-finite-number", 1, 11, "finite", ""),
    (
        "vars: {x: '${env:UNSET}'}\na: ${vars.x}\nb: x${vars.x}",
        "unset-environment",
        1,
        11,
        "UNSET",
        "",
    ),
]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "message", "hint"),
    FAULTS,
    ids=[f"{row[1]}-{i}" for i, row in enumerate(FAULTS)],
)
def test_fault(
    loading: Loading, text: str, code: str, line: int, column: int, message: str, hint: str
) -> None:
    """Each fault is told once, at its place, without echoes where its variable is used."""
    outcome = loading(text, environment={"PATHLIKE": "/data", "HUGE": "1e999"})
    spot = (outcome.only.code.id, *outcome.spot)
    assert spot == (code, "spec.yaml", line, column), outcome.text
    assert message in outcome.only.message
    assert hint in outcome.only.hint


def test_use_of_a_faulty_variable_is_tainted(loading: Loading) -> None:
    """Later passes say nothing about a value that a fault elsewhere decides."""
    report = loading(
        "vars: {x: '${env:UNSET}', y: 1}\na: ${vars.x}\nb: {c: 'p-${vars.x}'}\nd: ${vars.y}"
    ).report
    assert report.taints(("a",))
    assert report.taints(("b", "c"))
    assert not report.taints(("d",))


def test_sound_part_of_a_faulty_variable_may_be_used(loading: Loading) -> None:
    """A fault in one value of a map does not taint the use of another."""
    outcome = loading("vars: {m: {x: '${env:UNSET}', y: 1}}\na: ${vars.m.y}\nb: ${vars.m.x}")
    assert outcome.codes == ["unset-environment"]
    assert not outcome.report.taints(("a",))
    assert outcome.report.taints(("b",))


def test_unused_variable_is_a_warning(loading: Loading) -> None:
    """A variable that nothing names is told at its key; one that a variable names is used."""
    outcome = loading("vars: {x: 1, y: '${vars.x}'}\na: 1\n")
    assert (outcome.only.code.id, *outcome.spot) == ("unused-variable", "spec.yaml", 1, 14)
    assert not outcome.report.failed


def test_unused_variable_of_a_base_is_not_told(loading: Loading) -> None:
    """A base may serve several specs."""
    files = {"spec.yaml": "extends: base.yaml\na: 1\n", "base.yaml": "vars: {x: 1}\n"}
    assert not loading(files).report.items


def test_misspelt_use_makes_no_unused_variable(loading: Loading) -> None:
    """One misspelling is one fault, not also a variable that nobody uses."""
    assert loading("vars: {patch: 1}\na: ${vars.pach}\n").codes == ["unknown-variable"]


def test_missing_base_makes_no_unknown_variable(loading: Loading) -> None:
    """A variable that the missing file may define is not called unknown."""
    outcome = loading("extends: none.yaml\na: ${vars.x}\n")
    assert outcome.codes == ["unknown-base"]
    assert outcome.report.taints(("a",))


def test_vars_leave_the_tree(loading: Loading) -> None:
    """Only values are left; `plugins` is one of them."""
    assert loading("vars: {}\nplugins: [x]\n").tree == {"plugins": ["x"]}


def test_environment_is_the_one_given(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own environment is never read."""
    monkeypatch.setenv("NEUROTRAIN_TEST", "1")
    environment: Mapping[str, str] = {}
    assert loading("a: ${env:NEUROTRAIN_TEST}", environment=environment).codes == [
        "unset-environment"
    ]
