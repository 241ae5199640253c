"""The graph as text: complete, within the width, in ASCII where that is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from neurotrain.cli.summary import shows_lines
from neurotrain.plan.drawing import ASCII, draw
from neurotrain.plan.plan import GraphNode, decode
from neurotrain.spec.catalogue import built_in

GOLDEN: Final = Path(__file__).parents[1] / "compiler" / "golden" / "quickstart.plan.json"
WIDE: Final = """\
data.train ─ loader.train ─────┐
data.valid ─ loader.valid ─────┤
model ─ optimizer ─ scheduler ─┤
loss ──────────────────────────┤
metrics ───────────────────────┴─ [trainer] ─ (weights)

data.test ─ loader.test ─┐
loss ────────────────────┤
metrics ─────────────────┤
weights ─────────────────┴─ [tester] ─ (report)"""
NARROW: Final = """\
data.train - loader.train -----+
data.valid - loader.valid -----+
model - optimizer - scheduler -+
loss --------------------------+
metrics -----------------------+
-> [trainer] - (weights)

data.test - loader.test -+
loss --------------------+
metrics -----------------+
weights -----------------+
-> [tester] - (report)"""


def nodes() -> tuple[GraphNode, ...]:
    """The graph of the quickstart."""
    return decode(GOLDEN.read_bytes(), built_in()).nodes


def test_stages_stand_behind_what_they_need() -> None:
    """Chains from the data and the model to the trainer, and from its weights to the tester."""
    assert draw(nodes(), 100) == WIDE


def test_a_narrow_terminal_in_ascii() -> None:
    """The stage takes a line of its own, and no character is beyond ASCII."""
    assert draw(nodes(), 34, ASCII) == NARROW


@pytest.mark.parametrize("width", range(30, 120, 5))
def test_every_node_is_drawn_within_the_width(width: int) -> None:
    """Nothing is left out or cut off, however narrow."""
    told = draw(nodes(), width)
    assert max(map(len, told.splitlines())) <= width
    words = set(
        told.replace("[", " ").replace("]", " ").replace("(", " ").replace(")", " ").split()
    )
    assert {node.id for node in nodes()} <= words


def test_a_node_of_several_needs_shows_them_all() -> None:
    """A plugin stands beside the data in front of the loader."""
    digest = "0" * 64
    made = [
        GraphNode(id="data.train", kind="dataset", digest=digest),
        GraphNode(id="plugin.mine", kind="plugin", digest=digest),
        GraphNode(id="loader", kind="loader", needs=("data.train", "plugin.mine"), digest=digest),
        GraphNode(id="trainer", kind="trainer", needs=("loader",), digest=digest),
    ]
    assert draw(made, 80) == "data.train, plugin.mine ─ loader ─── [trainer]"


@pytest.mark.parametrize(
    ("encoding", "environment", "shown"),
    [
        ("utf-8", {"LANG": "de_DE.UTF-8"}, True),
        ("utf-8", {}, True),
        ("utf-8", {"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, False),
        ("utf-8", {"LANG": "POSIX"}, False),
        ("iso8859-1", {"LANG": "de_DE"}, False),
        ("utf-8", {"TERM": "linux"}, False),
    ],
)
def test_the_locale_decides(encoding: str, environment: dict[str, str], shown: bool) -> None:
    """Lines are drawn where the terminal can show them."""
    assert shows_lines(encoding, environment) is shown
