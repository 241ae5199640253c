"""The legal name that a person most likely meant. Knows nothing of what the names name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_LONGEST_NAME: Final = 80
_SHORTEST_PREFIX: Final = 3
_IGNORED: Final = str.maketrans("", "", "-_ .")


def closest(
    name: str, candidates: Iterable[str], synonyms: Mapping[str, tuple[str, ...]] | None = None
) -> str | None:
    """The candidate nearest to a misspelt name, or None if none is near.

    Case, hyphens and underscores do not count. A synonym (such as `lr` for `learning_rate`) wins
    over spelling where one of the names that it stands for is a candidate. Of equally near ones the
    first in alphabetical order is returned, whatever the order of the candidates.
    """
    legal = sorted(set(candidates))
    wanted = _folded(name)
    if not wanted or len(name) > _LONGEST_NAME:
        return None
    meant = {_folded(key): names for key, names in (synonyms or {}).items()}.get(wanted, ())
    for each in meant:
        if each in legal:
            return each
    ranked = [(rank, each) for each in legal if (rank := _rank(wanted, _folded(each))) is not None]
    return min(ranked)[1] if ranked else None


def is_typo(name: str, meant: str) -> bool:
    """Whether a name is a few slips of the fingers away from another, not an abbreviation of it."""
    wanted, candidate = _folded(name), _folded(meant)
    return distance(wanted, candidate) <= _allowed_distance(max(len(wanted), len(candidate)))


def distance(first: str, second: str) -> int:
    """The number of insertions, deletions, replacements and swaps of neighbours between two texts.

    The optimal string alignment form of the Damerau-Levenshtein distance: no part is edited twice.
    """
    before: list[int] = []
    above = list(range(len(second) + 1))
    for row, left in enumerate(first, start=1):
        current = [row]
        for column, right in enumerate(second, start=1):
            cost = min(above[column] + 1, current[-1] + 1, above[column - 1] + (left != right))
            swapped = row > 1 and column > 1 and left == second[column - 2]
            if swapped and right == first[row - 2]:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, above = above, current
    return above[-1]


def _folded(name: str) -> str:
    return name.casefold().translate(_IGNORED)


def _rank(wanted: str, candidate: str) -> tuple[int, int] | None:
    """How near a candidate is, smaller is nearer; None if it is not near."""
    allowed = _allowed_distance(max(len(wanted), len(candidate)))
    if abs(len(wanted) - len(candidate)) <= allowed:
        apart = distance(wanted, candidate)
        if apart <= allowed:
            return (apart, abs(len(wanted) - len(candidate)))
    shorter, longer = sorted((wanted, candidate), key=len)
    if len(shorter) >= _SHORTEST_PREFIX and longer.startswith(shorter):
        return (allowed + 1, len(longer) - len(shorter))
    return None


def _allowed_distance(length: int) -> int:
    if length <= 2:
        return 0
    return 1 if length <= 4 else 2 if length <= 8 else 3
