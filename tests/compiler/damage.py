"""Specs damaged at random: in their text, or in what it means."""

from __future__ import annotations

import copy
import random
import re
from typing import Any, Final

import yaml

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


def damaged_text(text: str, dice: random.Random) -> str:
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


def damaged_tree(text: str, dice: random.Random) -> str:
    """One to three values replaced, deleted, wrapped or given another key."""
    tree = yaml.safe_load(text)
    for _ in range(dice.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            break
        owner, key = dice.choice(places)
        match dice.randrange(5):
            case 0:
                owner[key] = copy.deepcopy(dice.choice(VALUES))
            case 1:
                del owner[key]
            case 2:
                owner[key] = [owner[key]]
            case 3:
                owner[key] = {dice.choice(["type", "value", "weight"]): owner[key]}
            case _ if isinstance(owner, dict):
                owner[dice.choice(["type", "epochs", "x", f"{key}s"])] = owner.pop(key)
            case _:
                owner.insert(key, copy.deepcopy(dice.choice(VALUES)))
    return yaml.safe_dump(tree, sort_keys=False, default_flow_style=None)


def _places(tree: Any) -> Any:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, below in list(entries):
        yield tree, key
        if isinstance(below, dict | list):
            yield from _places(below)
