"""Parts of one dataset, as a function of the seed and the samples' ids.

Whether a sample is held out depends only on the seed and on the rank of its hash among all ids, so
the order of a listing does not matter, and the runtime finds the same parts as the compiler.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from neurotrain.dataset.base import Folds, Holdout, SampleInfo, Validation
from neurotrain.transforms.draws import SPLIT_STREAM, mix

Samples = tuple[SampleInfo, ...]


def divide(
    samples: Samples, valid: Validation | None, test: Validation | None, seed: int
) -> dict[str, Samples]:
    """The parts of the training samples: `train`, and what is held out of it for the others.

    Of folds that name none of them the first is held out. Empty where nothing is held out.
    """
    if isinstance(valid, Folds):
        held_out = divide(samples, None, test, seed)
        kept = held_out.get("train", samples)
        own = folds_of(kept, valid.folds, seed)[(valid.fold or 1) - 1]
        return held_out | _fold_parts(kept, own)
    held = {"valid": valid, "test": test}
    fractions = {key: part.fraction for key, part in held.items() if isinstance(part, Holdout)}
    return split(samples, fractions, seed) if fractions else {}


def divide_by_folds(
    samples: Samples, valid: Folds, test: Validation | None, seed: int
) -> list[dict[str, Samples]]:
    """The parts of every fold; what is held out for the test is in none of them."""
    held_out = divide(samples, None, test, seed)
    kept = held_out.get("train", samples)
    folds = folds_of(kept, valid.folds, seed)
    return [held_out | _fold_parts(kept, own) for own in folds]


def _fold_parts(kept: Samples, own: Samples) -> dict[str, Samples]:
    left_out = {sample.id for sample in own}
    return {"train": tuple(one for one in kept if one.id not in left_out), "valid": own}


def folds_of(samples: Samples, num_folds: int, seed: int) -> list[Samples]:
    """The samples in so many parts of equal size, each in listing order; some are empty where
    there are too few.

    Sizes differ by one at most, and where classes are known each class is spread likewise. Where
    groups are known, all samples of one are in one part, and sizes are as near as that and the
    spread of the classes allow. Blocks of text are not drawn: the parts are stretches of it.
    """
    if any(sample.length is not None for sample in samples):
        ordered = {sample.id: at * num_folds // len(samples) for at, sample in enumerate(samples)}
    elif any(sample.group is not None for sample in samples):
        ordered = _dealt_groups(samples, num_folds, seed)
    else:
        ranked = [sorted(each, key=lambda one: _rank(one.id, seed)) for each in _by_class(samples)]
        dealt = (sample.id for members in ranked for sample in members)
        ordered = {name: at % num_folds for at, name in enumerate(dealt)}
    folds: list[list[SampleInfo]] = [[] for _ in range(num_folds)]
    for sample in samples:
        folds[ordered[sample.id]].append(sample)
    return list(map(tuple, folds))


def _dealt_groups(samples: Samples, num_folds: int, seed: int) -> dict[str, int]:
    """The fold of every sample: each group, the largest first, goes where its kind is rarest.

    A kind is the set of classes in a group; among equals the smallest fold takes it.
    """
    members = _members(samples)
    kinds = {group: _kind(members[group]) for group in members}
    of_kind: Counter[tuple[tuple[int, ...], int]] = Counter()
    sizes: Counter[int] = Counter()
    found: dict[str, int] = {}
    for group in sorted(members, key=lambda name: (-len(members[name]), _rank(name, seed))):
        kind, num = kinds[group], len(members[group])
        fold = min(range(num_folds), key=lambda at: (of_kind[kind, at], sizes[at], at))
        of_kind[kind, fold] += num
        sizes[fold] += num
        found |= {sample.id: fold for sample in members[group]}
    return found


def split(samples: Samples, fractions: Mapping[str, float], seed: int) -> dict[str, Samples]:
    """The samples of each named fraction and, as `train`, the rest; each in listing order.

    A fraction gives at least one sample where there are enough, and `train` is never empty. Where
    classes are known, parts hold them in the same shares, and `train` holds every class. Where
    groups are known, all samples of one are in one part, and shares are as near as that allows.
    Blocks of text are not drawn: the parts are stretches of it, `train` first.
    """
    if any(sample.length is not None for sample in samples):
        chosen = _by_place(samples, fractions)
    elif any(sample.group is not None for sample in samples):
        chosen = _by_group(samples, fractions, seed)
    else:
        chosen = _by_sample(samples, fractions, seed)
    parts: dict[str, list[SampleInfo]] = {name: [] for name in ("train", *fractions)}
    for sample in samples:
        parts[chosen.get(sample.id, "train")].append(sample)
    return {name: tuple(part) for name, part in parts.items()}


def _by_sample(samples: Samples, fractions: Mapping[str, float], seed: int) -> dict[str, str]:
    """The part of every sample that is held out, by its id."""
    chosen: dict[str, str] = {}
    groups = _by_class(samples)
    counts = [_counts([len(group) for group in groups], share) for share in fractions.values()]
    for group, *group_counts in zip(groups, *counts, strict=True):
        ordered = sorted(group, key=lambda sample: _rank(sample.id, seed))
        held_out = ordered[: len(group) - 1]
        start = 0
        for name, count in zip(fractions, group_counts, strict=True):
            chosen |= {sample.id: name for sample in held_out[start : start + count]}
            start += count
    for name in fractions:
        if name not in chosen.values() and len(samples) > len(chosen) + 1:
            chosen[_spare(samples, chosen, seed).id] = name
    return chosen


def _by_place(samples: Samples, fractions: Mapping[str, float]) -> dict[str, str]:
    """The part of every block that is held out, by its id: the end of the text."""
    chosen: dict[str, str] = {}
    stop = len(samples)
    for name, fraction in reversed(list(fractions.items())):
        start = max(1, stop - max(1, round(fraction * len(samples))))
        chosen |= {sample.id: name for sample in samples[start:stop]}
        stop = start
    return chosen


def _by_group(samples: Samples, fractions: Mapping[str, float], seed: int) -> dict[str, str]:
    """The part of every sample that is held out, by its id; the samples of a group go together.

    Groups of the same classes are drawn by themselves, and one of them stays in `train`.
    """
    members = _members(samples)
    kinds: dict[tuple[int, ...], list[str]] = {}
    for group in sorted(members, key=lambda group: _rank(group, seed)):
        kinds.setdefault(_kind(members[group]), []).append(group)
    drawn: dict[str, str] = {}
    for name, fraction in fractions.items():
        seen = taken = 0
        for kind in sorted(kinds):
            seen += sum(len(members[group]) for group in kinds[kind])
            free = [group for group in kinds[kind] if group not in drawn]
            for group in free[:-1]:
                if len(members[group]) < 2 * (fraction * seen - taken):
                    drawn[group] = name
                    taken += len(members[group])
        free = [group for groups in kinds.values() for group in groups if group not in drawn]
        if not taken and len(free) > 1:
            drawn[min(free, key=lambda group: (len(members[group]), _rank(group, seed)))] = name
    return {sample.id: drawn[group] for group in drawn for sample in members[group]}


def _members(samples: Samples) -> dict[str, list[SampleInfo]]:
    """The samples of each group."""
    members: dict[str, list[SampleInfo]] = {}
    for sample in samples:
        members.setdefault(_group(sample), []).append(sample)
    return members


def _kind(members: Iterable[SampleInfo]) -> tuple[int, ...]:
    """The classes that a group has."""
    return tuple(sorted({-1 if one.label is None else one.label for one in members}))


def _group(sample: SampleInfo) -> str:
    return sample.id if sample.group is None else sample.group


def digest(samples: Iterable[SampleInfo]) -> str:
    """SHA-256 over the names, file sizes and numbers to predict of the samples, sorted by id."""
    return digests([tuple(samples)])[0]


def digests(parts: Sequence[Samples]) -> list[str]:
    """The digest of each part; what samples have in several of them is put together once."""
    lines: dict[str, bytes] = {}
    found = []
    for samples in parts:
        state = hashlib.sha256()
        for sample in sorted(samples, key=lambda sample: sample.id):
            line = lines.get(sample.id)
            if line is None:
                line = lines[sample.id] = _line(sample)
            state.update(line)
        found.append(state.hexdigest())
    return found


def _line(sample: SampleInfo) -> bytes:
    files = zip(sample.files, sample.file_bytes, strict=True)
    values = map(repr, sample.values)
    line = "\t".join([sample.id, *(f"{name}:{size}" for name, size in files), *values])
    return line.encode("utf-8", "surrogateescape") + b"\n"


def _spare(samples: Samples, chosen: Mapping[str, str], seed: int) -> SampleInfo:
    """The training sample that is missed least: not the last of its class where another is left."""
    spare = [sample for sample in samples if sample.id not in chosen]
    left = Counter(sample.label for sample in spare)
    return min(spare, key=lambda sample: (left[sample.label] == 1, _rank(sample.id, seed)))


def _by_class(samples: Samples) -> list[list[SampleInfo]]:
    """The samples of each class, in the order of the classes."""
    groups: dict[int, list[SampleInfo]] = {}
    for sample in samples:
        groups.setdefault(-1 if sample.label is None else sample.label, []).append(sample)
    return [groups[label] for label in sorted(groups)]


def _counts(sizes: list[int], fraction: float) -> list[int]:
    """How many of each group are held out: its share, rounded so that the sum is right as well.

    Rounding each group by itself would hold nothing out of many small ones.
    """
    counts: list[int] = []
    seen = 0
    for size in sizes:
        seen += size
        share = fraction * size
        missing = round(fraction * seen) - sum(counts)
        counts.append(max(math.floor(share), min(math.ceil(share), missing)))
    return counts


def _rank(name: str, seed: int) -> bytes:
    key = mix(seed, SPLIT_STREAM).to_bytes(8, "little")
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), key=key).digest()
