"""The reader against PyYAML as an oracle: random trees are dumped, read and compared."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from neurotrain.language.decoding import split_lines
from neurotrain.language.diagnostics import Report
from neurotrain.language.reader import read
from neurotrain.language.tree import Node, plain, walk

LETTERS = st.text("abcxyz_ -äß漢😀#:'\"{}[],&*!|>%@`0123456789.~", max_size=12)
SCALARS = st.one_of(
    LETTERS,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: round(number, 3)),
)
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(LETTERS, below, max_size=4),
    max_leaves=25,
)


class Dumper(yaml.SafeDumper):
    """Quotes every text and key, since PyYAML quotes by the rules of YAML 1.1."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out."""
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


def _number(dumper: yaml.SafeDumper, number: float) -> yaml.ScalarNode:
    """A float with a point in it, since without one PyYAML does not take 1e+100 for a float."""
    text = repr(number)
    text = text if "." in text else text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


Dumper.add_representer(str, _quoted)
Dumper.add_representer(float, _number)


def _read(text: str) -> Node:
    report = Report()
    root = read(text, "spec.yaml", report)
    assert not report.items
    assert root is not None
    return root


@settings(max_examples=300, deadline=None)
@given(tree=TREES, flow=st.booleans(), unicode=st.booleans(), breaks=st.sampled_from("\n\r"))
def test_dumped_tree_reads_back(tree: Any, flow: bool, unicode: bool, breaks: str) -> None:
    """Any tree of plain values survives being written by PyYAML and read here."""
    line_break = "\r\n" if breaks == "\r" else "\n"
    text = yaml.dump(
        tree,
        Dumper=Dumper,
        sort_keys=False,
        default_flow_style=flow,
        allow_unicode=unicode,
        width=10_000,
        line_break=line_break,
    )
    read_back = plain(_read(text))
    assert read_back == tree
    assert repr(read_back) == repr(tree)


@settings(max_examples=300, deadline=None)
@given(tree=TREES, flow=st.booleans(), indent=st.integers(2, 6))
def test_text_at_a_place_is_the_scalar(tree: Any, flow: bool, indent: int) -> None:
    """Line, column and length of every scalar and key cut its own text out of the source."""
    text = yaml.dump(
        tree,
        Dumper=Dumper,
        sort_keys=False,
        default_flow_style=flow,
        allow_unicode=True,
        indent=indent,
        width=10_000,
    )
    lines = split_lines(text)
    for path, node in walk(_read(text)):
        if not isinstance(node.value, dict | tuple):
            place = node.place
            assert lines[place.line - 1][place.column - 1 :][: place.length] == node.written
            assert node.value == _oracle(tree, path)
        if node.key_place is not None:
            place = node.key_place
            written = lines[place.line - 1][place.column - 1 :][: place.length]
            assert yaml.safe_load(written) == path[-1]


def _oracle(tree: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree
