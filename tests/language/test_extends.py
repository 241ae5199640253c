"""The `extends` step and the merge rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neurotrain.language.diagnostics import Report
from neurotrain.language.load import load
from neurotrain.language.merge import merge
from neurotrain.language.reader import read
from neurotrain.language.tree import Tree, plain

from .conftest import Outcome

Loading = Callable[..., Outcome]

MERGES: list[tuple[str, str, Tree]] = [
    # below, above, together
    ("{a: 1, b: 2}", "{b: 3, c: 4}", {"a": 1, "b": 3, "c": 4}),
    ("{a: {x: 1, y: 2}}", "{a: {y: 3}}", {"a": {"x": 1, "y": 3}}),
    ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
    ("{a: {x: 1}}", "{a: [3]}", {"a": [3]}),
    ("{a: {x: 1}}", "{a: 3}", {"a": 3}),
    ("{a: 3}", "{a: {x: 1}}", {"a": {"x": 1}}),
    ("{m: unet}", "{m: {c: 2}}", {"m": {"type": "unet", "c": 2}}),
    ("{m: unet}", "{m: {type: vit}}", {"m": {"type": "vit"}}),
    ("{a: 1, b: 2}", "{a: }", {"a": None, "b": 2}),
    ("{a: 1, b: 2}", "{a: null}", {"b": 2}),
    ("{a: {x: 1, y: 2}}", "{a: {x: null}}", {"a": {"y": 2}}),
    ("{a: 1}", "{b: null}", {"a": 1, "b": None}),
    ("{a: 1}", "{b: {c: null}}", {"a": 1, "b": {"c": None}}),
    ("{a: {}}", "{a: {b: null}}", {"a": {"b": None}}),
    ("{a: [null]}", "{b: 1}", {"a": [None], "b": 1}),
    ("{m: {type: unet, c: 1}}", "{m: {type: unet, d: 2}}", {"m": {"type": "unet", "c": 1, "d": 2}}),
    ("{m: {type: unet, c: 1}}", "{m: {type: vit, d: 2}}", {"m": {"type": "vit", "d": 2}}),
    ("{m: {type: unet, c: 1}}", "{m: {c: 2}}", {"m": {"type": "unet", "c": 2}}),
    ("{m: {c: 1}}", "{m: {type: vit}}", {"m": {"c": 1, "type": "vit"}}),
    ("{m: {type: unet, c: 1}}", "{m: {type: null}}", {"m": {"c": 1}}),
    (
        "{t: {type: a, x: {type: b, y: 1}}}",
        "{t: {x: {type: c}}}",
        {"t": {"type": "a", "x": {"type": "c"}}},
    ),
]


@pytest.mark.parametrize(
    ("below", "above", "together"), MERGES, ids=[f"{r[0]}+{r[1]}" for r in MERGES]
)
def test_merge(below: str, above: str, together: Tree) -> None:
    """Maps merge, everything else replaces, null deletes, another `type` replaces the whole map."""
    trees = [read(text, "spec.yaml", Report()) for text in (below, above)]
    assert trees[0] is not None
    assert trees[1] is not None
    merged = plain(merge(trees[0], trees[1]))
    assert merged == together
    assert str(merged) == str(together)


def test_own_values_win_over_bases_and_later_bases_over_earlier(loading: Loading) -> None:
    """The nearest wins."""
    outcome = loading(
        {
            "spec.yaml": "extends: [one.yaml, two.yaml]\nc: own\n",
            "one.yaml": "{a: 1, b: 1, c: 1}",
            "two.yaml": "{b: 2, c: 2}",
        }
    )
    assert outcome.tree == {"a": 1, "b": 2, "c": "own"}


def test_values_keep_the_place_of_their_file(loading: Loading) -> None:
    """A value points into the file that wrote it."""
    outcome = loading(
        {"spec.yaml": "extends: base.yaml\na: {x: 1}\n", "base.yaml": "\na: {y: 2}\n"}
    )
    places = {key: outcome.at("a", key).place for key in "xy"}
    assert {k: (Path(p.file).name, p.line) for k, p in places.items()} == {
        "x": ("spec.yaml", 2),
        "y": ("base.yaml", 2),
    }


def test_names_are_relative_to_the_file_that_writes_them(loading: Loading) -> None:
    """A base in another folder finds its own base beside itself."""
    outcome = loading(
        {
            "spec.yaml": "extends: common/base.yaml\n",
            "common/base.yaml": "extends: ../root.yaml\nb: 2\n",
            "root.yaml": "a: 1\n",
        }
    )
    assert outcome.tree == {"a": 1, "b": 2}
    assert Path(outcome.at("a").place.file).parts[-2:] != ("..", "root.yaml")


def test_shown_names_stay_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative name is shown relative, for the spec and for its bases."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "a.yaml").write_text("extends: ../b.yaml\n")
    (tmp_path / "b.yaml").write_text("x: 1\n")
    monkeypatch.chdir(tmp_path)
    loaded = load(Path("specs/a.yaml"), overrides=[], environment={}, report=Report())
    assert list(loaded.sources) == ["specs/a.yaml", "b.yaml"]
    assert [str(path) for path in loaded.files] == ["specs/a.yaml", "b.yaml"]


def test_diamond_is_no_cycle(loading: Loading) -> None:
    """Two bases may extend the same third file."""
    outcome = loading(
        {
            "spec.yaml": "extends: [a.yaml, b.yaml]\n",
            "a.yaml": "extends: c.yaml\na: 1\n",
            "b.yaml": "extends: c.yaml\nb: 1\n",
            "c.yaml": "c: 1\n",
        }
    )
    assert outcome.tree == {"c": 1, "a": 1, "b": 1}
    assert not outcome.report.items


def test_null_in_the_middle_deletes_for_all_above(loading: Loading) -> None:
    """What a base deletes from its own base stays deleted."""
    outcome = loading(
        {
            "spec.yaml": "extends: mid.yaml\n",
            "mid.yaml": "extends: low.yaml\na: null\n",
            "low.yaml": "{a: 1, b: 2}",
        }
    )
    assert outcome.tree == {"b": 2}


def test_cycle_is_told_with_its_chain(loading: Loading) -> None:
    """A cycle is one fault, at the `extends` that closes it."""
    outcome = loading(
        {
            "spec.yaml": "extends: a.yaml\nx: 1\n",
            "a.yaml": "extends: b.yaml\n",
            "b.yaml": "y: 2\nextends: a.yaml\n",
        }
    )
    assert (outcome.only.code.id, *outcome.spot) == ("extends-cycle", "b.yaml", 2, 10)
    names = outcome.only.message.removeprefix("the file extends itself: ").split(" → ")
    assert [Path(name).name for name in names] == ["a.yaml", "b.yaml", "a.yaml"]
    assert outcome.tree == {"y": 2, "x": 1}


def test_file_that_extends_itself(loading: Loading) -> None:
    """The shortest cycle."""
    outcome = loading("extends: ./spec.yaml\na: 1\n")
    assert (outcome.only.code.id, *outcome.spot) == ("extends-cycle", "spec.yaml", 1, 10)


def test_missing_base_suggests_a_sibling(loading: Loading) -> None:
    """A misspelt base is told with the file that was meant, and the rest is still read."""
    outcome = loading({"spec.yaml": "extends: bse.yaml\na: .nan\n", "base.yaml": "b: 1\n"})
    assert outcome.codes == ["non-finite-number", "unknown-base"] or outcome.codes == [
        "unknown-base",
        "non-finite-number",
    ]
    missing = next(item for item in outcome.report.items if item.code.id == "unknown-base")
    assert missing.hint == "did you mean 'base.yaml'?"
    assert outcome.incomplete


def test_missing_base_in_a_folder_keeps_the_folder_in_the_hint(loading: Loading) -> None:
    """The suggestion can be pasted."""
    outcome = loading({"spec.yaml": "extends: lib/bas.yaml\n", "lib/base.yaml": "b: 1\n"})
    assert outcome.only.hint == "did you mean 'lib/base.yaml'?"


MALFORMED = [
    ("extends:\n", 1, 1),
    ("extends: 3\n", 1, 10),
    ("extends: {file: a.yaml}\n", 1, 10),
    ("extends: ['']\n", 1, 11),
    ("extends: [[a.yaml]]\n", 1, 11),
]


@pytest.mark.parametrize(("text", "line", "column"), MALFORMED, ids=[repr(r[0]) for r in MALFORMED])
def test_malformed_extends(loading: Loading, text: str, line: int, column: int) -> None:
    """`extends` takes names of files and nothing else."""
    outcome = loading(text)
    expected = ("malformed-extends", "spec.yaml", line, column)
    assert (outcome.only.code.id, *outcome.spot) == expected


def test_broken_base_is_told_at_its_own_place(loading: Loading) -> None:
    """A syntax error in a base names the base, and what is read without it is incomplete."""
    outcome = loading({"spec.yaml": "extends: base.yaml\na: 1\n", "base.yaml": "b: [1\n"})
    assert (outcome.only.code.id, *outcome.spot) == ("yaml-syntax", "base.yaml", 1, 4)
    assert outcome.tree == {"a": 1}
    assert outcome.incomplete
    assert "    1 | b: [1" in outcome.text


@pytest.mark.parametrize("text", ["- a\n", "text\n", "3\n"])
def test_root_is_a_map(loading: Loading, text: str) -> None:
    """A list or a single value is no spec."""
    outcome = loading(text)
    assert (outcome.only.code.id, *outcome.spot) == ("root-not-a-map", "spec.yaml", 1, 1)
    assert outcome.root is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_empty_spec(loading: Loading, text: str) -> None:
    """A file without values is told as such."""
    outcome = loading(text)
    assert (outcome.only.code.id, *outcome.spot) == ("empty-spec", "spec.yaml", 1, 1)


@pytest.mark.parametrize("name", ["none.yaml", "folder", "x\0y", "n" * 5000, "a/b/c.yaml"])
def test_unreadable_spec(tmp_path: Path, name: str) -> None:
    """A spec that is no readable file is a fault, never an exception."""
    (tmp_path / "folder").mkdir()
    report = Report()
    loaded = load(tmp_path / name, overrides=["a=1"], environment={}, report=report)
    assert loaded.root is None
    assert [item.code.id for item in report.items] == ["unreadable-file"]


def test_misspelt_spec_suggests_a_sibling(tmp_path: Path) -> None:
    """The command line's own typo gets the same help."""
    (tmp_path / "drive.yaml").write_text("a: 1")
    report = Report()
    load(tmp_path / "drvie.yaml", overrides=[], environment={}, report=report)
    assert report.items[0].hint == f"did you mean '{tmp_path}/drive.yaml'?"


def test_long_chain_is_refused(loading: Loading) -> None:
    """A chain of files ends at the limit."""
    files = {f"{i}.yaml": f"extends: {i + 1}.yaml\n" for i in range(40)}
    assert loading(files).only.code.id == "limit-exceeded"


def test_wide_lattice_is_read_in_linear_time(loading: Loading) -> None:
    """Each file is read once, however many ways lead to it."""
    files = {f"{i}.yaml": f"extends: [{i + 1}.yaml, {i + 1}.yaml]\n" for i in range(15)}
    outcome = loading({**files, "15.yaml": "a: 1\n"})
    assert outcome.tree == {"a": 1}
