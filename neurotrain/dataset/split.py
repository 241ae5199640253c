"""Parts of one dataset, as a function of the seed and the samples' ids.

Whether a sample is held out depends only on the seed and on the rank of its hash among all ids, so
the order of a listing does not matter, and the runtime finds the same parts as the compiler.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping

from neurotrain.dataset.base import SampleInfo
from neurotrain.transforms.draws import SPLIT_STREAM, mix


def split(
    samples: tuple[SampleInfo, ...], fractions: Mapping[str, float], seed: int
) -> dict[str, tuple[SampleInfo, ...]]:
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


def _by_sample(
    samples: tuple[SampleInfo, ...], fractions: Mapping[str, float], seed: int
) -> dict[str, str]:
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


def _by_place(samples: tuple[SampleInfo, ...], fractions: Mapping[str, float]) -> dict[str, str]:
    """The part of every block that is held out, by its id: the end of the text."""
    chosen: dict[str, str] = {}
    stop = len(samples)
    for name, fraction in reversed(list(fractions.items())):
        start = max(1, stop - max(1, round(fraction * len(samples))))
        chosen |= {sample.id: name for sample in samples[start:stop]}
        stop = start
    return chosen


def _by_group(
    samples: tuple[SampleInfo, ...], fractions: Mapping[str, float], seed: int
) -> dict[str, str]:
    """The part of every sample that is held out, by its id; the samples of a group go together.

    Groups of the same classes are drawn by themselves, and one of them stays in `train`.
    """
    members: dict[str, list[SampleInfo]] = {}
    for sample in samples:
        members.setdefault(_group(sample), []).append(sample)
    kinds: dict[tuple[int, ...], list[str]] = {}
    for group in sorted(members, key=lambda group: _rank(group, seed)):
        labels = {-1 if sample.label is None else sample.label for sample in members[group]}
        kinds.setdefault(tuple(sorted(labels)), []).append(group)
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


def _group(sample: SampleInfo) -> str:
    return sample.id if sample.group is None else sample.group


def digest(samples: Iterable[SampleInfo]) -> str:
    """SHA-256 over the names, file sizes and numbers to predict of the samples, sorted by id."""
    state = hashlib.sha256()
    for sample in sorted(samples, key=lambda sample: sample.id):
        files = zip(sample.files, sample.file_bytes, strict=True)
        values = map(repr, sample.values)
        line = "\t".join([sample.id, *(f"{name}:{size}" for name, size in files), *values])
        state.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return state.hexdigest()


def _spare(samples: tuple[SampleInfo, ...], chosen: Mapping[str, str], seed: int) -> SampleInfo:
    """The training sample that is missed least: not the last of its class where another is left."""
    spare = [sample for sample in samples if sample.id not in chosen]
    left = Counter(sample.label for sample in spare)
    return min(spare, key=lambda sample: (left[sample.label] == 1, _rank(sample.id, seed)))


def _by_class(samples: tuple[SampleInfo, ...]) -> list[list[SampleInfo]]:
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
