"""Which mask belongs to which image, told from names alone; opens nothing.

The rules, from strict to loose: equal stems; stems that differ by one text at a separator; numbers;
one file of constant name in a folder. A rule applies to the whole listing. The first that pairs
every file with exactly one other wins, else the one that pairs most, and what it leaves is told. A
looser rule never contradicts the pairs that a stricter one finds, and equally good pairings that
differ are ambiguous: no pair is guessed. `{id}` in the patterns replaces the rules.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from neurotrain.dataset.listing import FoundFile

PairBy = Literal["auto", "stem", "number"]

_SEPARATORS: Final = frozenset("_-. ()[]")
_NUMBER: Final = re.compile(r"\d+")
_MAX_AFFIXES: Final = 4
_MAX_SAMPLED: Final = 2000
"""Files in which affixes are looked for; they are then tried on all."""

_Key = Callable[[FoundFile], Hashable | None]
_Affix = tuple[str, str]
"""`end` or `start`, and the text there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The pairs of one listing with another."""

    rule: str
    """`id`, `stem`, `extended stem`, `number`, `folder`, or `none`."""
    partners: Mapping[str, FoundFile]
    """The partner of an image, by the image's name."""
    alone: tuple[str, ...] = ()
    """Images without a partner."""
    unused: tuple[str, ...] = ()
    """Partners without an image."""
    ambiguous: tuple[tuple[str, ...], ...] = ()
    """Files that the rule cannot tell apart, or two equally good partners."""

    @property
    def is_complete(self) -> bool:
        """Whether every file has exactly one partner."""
        return not (self.alone or self.unused or self.ambiguous)


def pair_files(
    images: tuple[FoundFile, ...], others: tuple[FoundFile, ...], pair_by: PairBy
) -> Pairing:
    """Pair images with masks or regions of interest by the strictest rule that fits all."""
    if any(file.id is not None for file in (*images[:1], *others[:1])):
        return _by_key("id", images, others, _identity, _identity)
    best = Pairing(rule="none", partners={}, alone=_names(images), unused=_names(others))
    for pairing in _candidates(images, others, pair_by):
        if pairing.is_complete and not _contradicts(pairing, best):
            return pairing
        if _is_better(pairing, best) and not _contradicts(pairing, best):
            best = pairing
    return best


def stem(name: str) -> str:
    """A file name without folders and extension."""
    base = name[name.rfind("/") + 1 :]
    dot = base.rfind(".")
    return base[:dot] if dot > 0 else base


def _candidates(
    images: tuple[FoundFile, ...], others: tuple[FoundFile, ...], pair_by: PairBy
) -> Iterable[Pairing]:
    grouped = bool(images and others) and len(images[0].folders) == len(others[0].folders) > 0
    folders = _folders if grouped else _no_folders
    if pair_by != "number":
        for group in dict.fromkeys((folders, _no_folders)):
            yield _by_key("stem", images, others, _stem_key(group), _stem_key(group))
        yield _by_affix(images, others, folders)
    if pair_by != "stem":
        yield _by_number(images, others, folders)
    if grouped and pair_by == "auto" and _has_one_stem(images) and _has_one_stem(others):
        yield _by_key("folder", images, others, folders, folders)


def _has_one_stem(files: tuple[FoundFile, ...]) -> bool:
    return len({stem(file.name) for file in files}) == 1


def _is_better(pairing: Pairing, best: Pairing) -> bool:
    pairs, best_pairs = len(pairing.partners), len(best.partners)
    return (pairs, len(pairing.ambiguous)) > (best_pairs, len(best.ambiguous))


def _contradicts(pairing: Pairing, stricter: Pairing) -> bool:
    """Whether it gives an image of the stricter rule another partner."""
    return any(
        name in pairing.partners and pairing.partners[name] != partner
        for name, partner in stricter.partners.items()
    )


def _identity(file: FoundFile) -> Hashable | None:
    return file.id


def _folders(file: FoundFile) -> Hashable:
    return file.folders


def _no_folders(file: FoundFile) -> Hashable:
    return ()


def _stem_key(folders: _Key) -> _Key:
    return lambda file: (folders(file), stem(file.name))


def _by_key(
    rule: str,
    images: tuple[FoundFile, ...],
    others: tuple[FoundFile, ...],
    image_key: _Key,
    other_key: _Key,
) -> Pairing:
    """Pair files of equal keys; files that share a key on one side are ambiguous."""
    partners = _one_to_one(images, others, image_key, other_key)
    if partners is not None:
        return _pairing(rule, images, others, partners, ())
    image_groups = _grouped(images, image_key)
    other_groups = _grouped(others, other_key)
    partners = {}
    ambiguous: list[tuple[str, ...]] = []
    for key, group in image_groups.items():
        matches = other_groups.get(key, [])
        if len(group) == len(matches) == 1:
            partners[group[0].name] = matches[0]
        elif matches:
            ambiguous.append(_names((*group, *matches)))
    return _pairing(rule, images, others, partners, tuple(ambiguous))


def _one_to_one(
    images: tuple[FoundFile, ...],
    others: tuple[FoundFile, ...],
    image_key: _Key,
    other_key: _Key,
) -> dict[str, FoundFile] | None:
    """The pairs where no two files of a side share a key; None where some do."""
    by_key = {other_key(file): file for file in others}
    names = {image_key(file): file.name for file in images}
    if None in by_key or None in names or len(by_key) < len(others) or len(names) < len(images):
        return None
    return {name: by_key[key] for key, name in names.items() if key in by_key}


def _grouped(files: Iterable[FoundFile], key: _Key) -> dict[Hashable, list[FoundFile]]:
    groups: dict[Hashable, list[FoundFile]] = defaultdict(list)
    for file in files:
        value = key(file)
        if value is not None:
            groups[value].append(file)
    return groups


def _pairing(
    rule: str,
    images: tuple[FoundFile, ...],
    others: tuple[FoundFile, ...],
    partners: dict[str, FoundFile],
    ambiguous: tuple[tuple[str, ...], ...],
) -> Pairing:
    doubtful = {name for names in ambiguous for name in names}
    used = {partner.name for partner in partners.values()}
    return Pairing(
        rule=rule,
        partners=partners,
        alone=tuple(
            file.name for file in images if file.name not in partners and file.name not in doubtful
        ),
        unused=tuple(
            file.name for file in others if file.name not in used and file.name not in doubtful
        ),
        ambiguous=ambiguous,
    )


def _by_affix(
    images: tuple[FoundFile, ...], others: tuple[FoundFile, ...], folders: _Key
) -> Pairing:
    """Pair stems that differ by one text at the end or the start, the same for all files."""
    pairings = []
    for affix, other_is_long in _common_affixes(images, others, folders):
        plain, cut = _stem_key(folders), _cut_key(folders, affix)
        image_key, other_key = (plain, cut) if other_is_long else (cut, plain)
        pairings.append(_by_key("extended stem", images, others, image_key, other_key))
    most = max((len(pairing.partners) for pairing in pairings), default=0)
    best, *rivals = [pairing for pairing in pairings if len(pairing.partners) == most] or [
        _pairing("extended stem", images, others, {}, ())
    ]
    return _without_disputed(images, others, best, rivals) if rivals else best


def _common_affixes(
    images: tuple[FoundFile, ...], others: tuple[FoundFile, ...], folders: _Key
) -> list[tuple[_Affix, bool]]:
    """The commonest affixes, and whether the partners (not the images) carry them."""
    counts: Counter[tuple[_Affix, bool]] = Counter()
    for short, long, other_is_long in ((images, others, True), (others, images, False)):
        stems = {(folders(file), stem(file.name)) for file in short}
        # An affix that all files share shows in a part of them.
        for file in long[:: 1 + len(long) // _MAX_SAMPLED]:
            group = folders(file)
            for core, affix in _cuts(stem(file.name)):
                if (group, core) in stems:
                    counts[affix, other_is_long] += 1
    ranked = sorted(counts, key=lambda key: (-counts[key], key))
    return ranked[:_MAX_AFFIXES]


def _cuts(text: str) -> Iterable[tuple[str, _Affix]]:
    """What is left when words are cut from the end or the start, and what is cut.

    No number is cut from the start: the 0 of `0_1` is rather a case than a decoration.
    """
    first_digit = next((index for index, letter in enumerate(text) if letter.isdigit()), len(text))
    for index, letter in enumerate(text):
        if letter in _SEPARATORS and 0 < index < len(text) - 1:
            yield text[:index], ("end", text[index:])
            if index < first_digit:
                yield text[index + 1 :], ("start", text[: index + 1])


def _cut_key(folders: _Key, affix: _Affix) -> _Key:
    side, text = affix

    def key(file: FoundFile) -> Hashable | None:
        whole = stem(file.name)
        core = whole.removesuffix(text) if side == "end" else whole.removeprefix(text)
        return None if core in ("", whole) else (folders(file), core)

    return key


def _by_number(
    images: tuple[FoundFile, ...], others: tuple[FoundFile, ...], folders: _Key
) -> Pairing:
    """Pair by all numbers that vary over a listing; the constant ones must not disagree.

    So the 1 of `21_manual1` is no identity, and year 2019 is not paired with year 2020.
    """
    image_numbers = {file.name: _numbers(file.name) for file in images}
    other_numbers = {file.name: _numbers(file.name) for file in others}
    image_places = _varying_places(list(image_numbers.values()))
    other_places = _varying_places(list(other_numbers.values()))
    if len(image_places) != len(other_places):
        return _pairing("number", images, others, {}, ())
    pairing = _by_key(
        "number",
        images,
        others,
        _number_key(image_numbers, folders, image_places),
        _number_key(other_numbers, folders, other_places),
    )
    agreeing = {
        name: partner
        for name, partner in pairing.partners.items()
        if _agree(
            _without(image_numbers[name], image_places),
            _without(other_numbers[partner.name], other_places),
            is_all=not image_places,
        )
    }
    return _pairing("number", images, others, agreeing, pairing.ambiguous)


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in _NUMBER.findall(stem(name)))


def _varying_places(numbers: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The places at which the numbers of stems are not all the same."""
    num_places = max(map(len, numbers), default=0)
    return tuple(
        place
        for place in range(num_places)
        if len({found[place] if place < len(found) else None for found in numbers}) > 1
    )


def _number_key(
    numbers: Mapping[str, tuple[int, ...]], folders: _Key, places: tuple[int, ...]
) -> _Key:
    def key(file: FoundFile) -> Hashable | None:
        found = numbers[file.name]
        if not found:
            return None
        at_places = (found[place] if place < len(found) else None for place in places)
        return folders(file), tuple(at_places)

    return key


def _without(numbers: tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(number for place, number in enumerate(numbers) if place not in places)


def _agree(first: tuple[int, ...], second: tuple[int, ...], *, is_all: bool) -> bool:
    """Whether one starts with the other; where nothing else identifies, they share a number."""
    shared = min(len(first), len(second))
    return first[:shared] == second[:shared] and (shared > 0 or not is_all)


def _without_disputed(
    images: tuple[FoundFile, ...],
    others: tuple[FoundFile, ...],
    best: Pairing,
    rivals: list[Pairing],
) -> Pairing:
    """Keep the pairs that equally good pairings share; the rest is ambiguous."""
    shared = {
        name: partner
        for name, partner in best.partners.items()
        if all(rival.partners.get(name) == partner for rival in rivals)
    }
    disputed = []
    for image in images:
        found = [pairing.partners.get(image.name) for pairing in (best, *rivals)]
        names = sorted({partner.name for partner in found if partner is not None})
        if names and image.name not in shared:
            disputed.append((image.name, *names))
    return _pairing(best.rule, images, others, shared, tuple(disputed))


def _names(files: Iterable[FoundFile]) -> tuple[str, ...]:
    return tuple(file.name for file in files)
