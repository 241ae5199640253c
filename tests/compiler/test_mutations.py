"""Damaged specs never end in a traceback, and every fault is told inside the file."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from neurotrain.compiler.driver import PASSES

from .conftest import Outcome, compiled

SPECS: Final = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
NUM_MUTANTS: Final = 500
TOKEN: Final = re.compile(r"[\w.-]+|\s+|[^\w\s]")
WORDS: Final = (
    "null", "true", "-1", "0", "1e-3", "1e309", ".nan", "''", "[]", "{}", "{type: unet}", "[dice]",
    "[[1]]", "${vars.x}", "${env:HOME}", "${", "*a", "&a", "!!str", "<<", "?", "- ", ": ", "\t",
    "\n", "#", "\x07", "é", "\ufeff", "9" * 30, "type", "5 epochs", "unet", "bce", "a" * 300,
)  # fmt: skip
VALUES: Final = (
    None, True, -1, 0, 3.5, 2**63 - 1, "", "text", "5 epochs", "dice", [], {}, [1, 2], [None],
    {"type": "unet"}, {"type": "dice"}, {"type": None}, {"type": 3}, {"fraction": 0.5}, "${vars.x}",
)  # fmt: skip


def _damaged_text(text: str, dice: random.Random) -> str:
    """One to three tokens deleted, doubled, swapped or replaced."""
    tokens = TOKEN.findall(text)
    for _ in range(dice.randint(1, 3)):
        at, other = dice.randrange(len(tokens)), dice.randrange(len(tokens))
        match dice.randrange(5):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] += tokens[at]
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = dice.choice(WORDS)
            case _:
                tokens.insert(at, dice.choice(WORDS))
    return "".join(tokens)


def _damaged_tree(text: str, dice: random.Random) -> str:
    """One to three values replaced, deleted, wrapped or given another key."""
    tree = yaml.safe_load(text)
    for _ in range(dice.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            break
        owner, key = dice.choice(places)
        match dice.randrange(5):
            case 0:
                owner[key] = dice.choice(VALUES)
            case 1:
                del owner[key]
            case 2:
                owner[key] = [owner[key]]
            case 3:
                owner[key] = {dice.choice(["type", "value", "weight"]): owner[key]}
            case _ if isinstance(owner, dict):
                owner[dice.choice(["type", "epochs", "x", f"{key}s"])] = owner.pop(key)
            case _:
                owner.insert(key, dice.choice(VALUES))
    return yaml.safe_dump(tree, sort_keys=False, default_flow_style=None)


def _places(tree: Any) -> Any:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, below in list(entries):
        yield tree, key
        if isinstance(below, dict | list):
            yield from _places(below)


def _mutants(damage: Callable[[str, random.Random], str], seed: int) -> list[str]:
    dice = random.Random(seed)
    texts = [file.read_text(encoding="utf-8") for file in SPECS]
    return [damage(texts[index % len(texts)], dice) for index in range(NUM_MUTANTS // 2)]


def _assert_places(outcome: Outcome) -> None:
    for item in outcome.report.items:
        place = outcome.place(item)
        assert place.file in outcome.loaded.sources
        lines = outcome.loaded.sources[place.file].split("\n")
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
        assert place.length >= 1


@pytest.mark.parametrize(("damage", "seed"), [(_damaged_text, 1), (_damaged_tree, 2)])
def test_damaged_specs_are_answered(
    damage: Callable[[str, random.Random], str], seed: int, tmp_path: Path
) -> None:
    """A plan or faults with places, never an exception: over five hundred damaged specs."""
    for number, text in enumerate(_mutants(damage, seed)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8", newline="")
        try:
            outcome = compiled(file, {})
            _assert_places(outcome)
            assert outcome.text or not outcome.report.items
        except Exception as error:
            raise AssertionError(f"{error!r} of this spec:\n{text}") from error
        has_plan = outcome.draft is not None and outcome.draft.plan is not None
        assert has_plan != outcome.report.failed, text


def test_every_pass_is_tried() -> None:
    """The passes stand in the driver under the names of their files."""
    assert [each.__module__.rpartition(".")[2] for each in PASSES] == [
        each.__name__ for each in PASSES
    ]
