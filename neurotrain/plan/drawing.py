"""The graph as lines of text: what flows into each stage, and what comes out of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from neurotrain.plan.graph import stages_of
from neurotrain.plan.plan import GraphNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Strokes:
    """What lines are drawn with."""

    line: str
    first: str
    middle: str
    last: str
    end: str
    arrow: str


UNICODE: Final = Strokes(line="─", first="┐", middle="┤", last="┴", end="┘", arrow="→")
ASCII: Final = Strokes(line="-", first="+", middle="+", last="+", end="+", arrow="->")
_NARROWEST: Final = 30


def draw(nodes: Sequence[GraphNode], width: int, strokes: Strokes = UNICODE) -> str:
    """Every stage with the chains of nodes that lead into it, at most `width` columns wide.

    A node is drawn with its own needs once; a later stage that needs it as well names it alone.
    """
    drawn: set[str] = set()
    blocks = []
    for stage in stages_of(nodes):
        chains = _chains(stage, {node.id: node for node in nodes}, drawn)
        given = [node.id for node in nodes if stage.id in node.needs]
        drawn.update(given)
        outcome = [f"[{stage.id}]", *(f"({name})" for name in given)]
        blocks.append(_block(chains, outcome, max(width, _NARROWEST), strokes))
    return "\n\n".join(blocks)


def _chains(stage: GraphNode, nodes: dict[str, GraphNode], drawn: set[str]) -> list[list[str]]:
    """What a stage needs, in chains from the source to the stage, the longest first drawn whole."""
    order = {name: place for place, name in enumerate(nodes)}
    found: list[list[str]] = []
    own: set[str] = set()
    for need in sorted(stage.needs, key=lambda name: -order[name]):
        if need not in own:
            chain = _chain(need, nodes, drawn)
            own.update(name for link in chain for name in link.split(", "))
            found.append(chain)
    drawn |= own
    return sorted(found, key=lambda chain: order[chain[0].partition(", ")[0]])


def _chain(name: str, nodes: dict[str, GraphNode], drawn: set[str]) -> list[str]:
    """The node behind what it needs; several needs of one node share a link."""
    chain = [name]
    while name not in drawn and nodes[name].needs:
        needs = nodes[name].needs
        chain.insert(0, ", ".join(needs))
        name = needs[0]
    return chain


def _block(chains: list[list[str]], outcome: list[str], width: int, strokes: Strokes) -> str:
    """The chains joined by a bracket on the right, which leads to the stage and its outcome."""
    joint = f" {strokes.line} "
    result = joint.join(outcome)
    rows = [joint.join(chain) for chain in chains]
    longest = max(map(len, rows))
    if longest + len(result) + 4 <= width:
        lines = _bracket(rows, longest, strokes, strokes.last)
        return "\n".join(lines) + f"{strokes.line} {result}"
    if longest + 3 <= width:
        lines = _bracket(rows, longest, strokes, strokes.end)
    else:
        lines = _folded((f"{row} {strokes.line}" for row in rows), width)
    return "\n".join([*lines, *_folded([f"{strokes.arrow} {result}"], width)])


def _bracket(rows: Sequence[str], longest: int, strokes: Strokes, last: str) -> Iterable[str]:
    for place, row in enumerate(rows):
        corner = strokes.first if place == 0 else strokes.middle
        if place == len(rows) - 1:
            corner = last if place else strokes.line
        yield f"{row} {strokes.line * (longest - len(row) + 1)}{corner}"


def _folded(rows: Iterable[str], width: int) -> Iterable[str]:
    for row in rows:
        yield from textwrap.wrap(row, width, subsequent_indent="  ", break_on_hyphens=False)
