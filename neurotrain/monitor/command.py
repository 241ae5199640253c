"""The command line: words over the table of keys, which is also that of the palette and the help.

Knows no screen: a line becomes the name of an action, or a message that says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from neurotrain.monitor.keys import KEYS, Key

Choices = Mapping[str, Sequence[str]]
"""For a kind of argument what can be given; none where anything can."""

_FREE: Final = ("filter", "epoch")


@dataclass(frozen=True, slots=True)
class Order:
    """What a line asks for."""

    action: str = ""
    """The action of the screen; empty where there is none."""
    told: str = ""
    """Why there is none."""


def read(line: str, choices: Choices, refused: str = "") -> Order:
    """What a line asks for; `refused` says why the run cannot be asked, empty where it can."""
    word, argument = _split(line)
    if not word:
        return Order()
    key = _find(word)
    if key is None:
        return Order(told=f"no command {word!r}{_nearest(word, names())}")
    if key.asks_run and refused:
        return Order(told=f"{key.id}: {refused}")
    if not argument:
        needs = f"{key.id} what? {_some(choices.get(key.takes, ()))}".rstrip()
        return Order(action=key.action) if key.action else Order(told=needs)
    if not key.takes:
        return Order(told=f"{key.id} takes nothing after it")
    return _given(key, argument, choices.get(key.takes, ()))


def complete(line: str, choices: Choices) -> list[str]:
    """The lines that go on from what is typed, the most likely first."""
    head, space, typed = line.lstrip().partition(" ")
    if not space:
        return [name for name in names() if name.startswith(head)]
    key, typed = _find(head), typed.lstrip()
    found = choices.get(key.takes, ()) if key is not None else ()
    first = [each for each in found if each.startswith(typed)]
    inside = [each for each in found if typed in each and each not in first]
    return [f"{head} {each}" for each in first + inside]


def names() -> list[str]:
    """The commands, in the order of the table."""
    return [key.id for key in KEYS]


def _given(key: Key, argument: str, found: Sequence[str]) -> Order:
    if key.takes not in _FREE:
        near = [each for each in found if each.startswith(argument)]
        if argument not in found and len(near) != 1:
            told = f"no {key.takes} {argument!r}{_nearest(argument, found)}"
            return Order(told=told if near or found else f"there is no {key.takes} yet")
        argument = argument if argument in found else near[0]
    if key.takes == "epoch" and not argument.isdecimal():
        return Order(told=f"epoch takes a whole number, not {argument!r}")
    return Order(action=f"given({key.id!r}, {argument!r})")


def _split(line: str) -> tuple[str, str]:
    word, _, argument = line.strip().lstrip(":").strip().partition(" ")
    return word, argument.strip()


def _find(word: str) -> Key | None:
    """The command of that name, of that key, or the only one that begins so."""
    for key in KEYS:
        if word in (key.id, key.shown):
            return key
    found = [key for key in KEYS if key.id.startswith(word)]
    return found[0] if len(found) == 1 else None


def _nearest(word: str, found: Sequence[str]) -> str:
    begin = [each for each in found if each.startswith(word)]
    near = begin or get_close_matches(word, found, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {' or '.join(near[:3])}?"
    return f"; there is {_some(found)}" if found else ""


def _some(found: Sequence[str]) -> str:
    return ", ".join(found[:8]) + (", …" if len(found) > 8 else "")
