"""A curriculum: which training samples each epoch has, from the easy ones to all.

Bengio, Louradour, Collobert and Weston, "Curriculum learning", ICML 2009. Levels are patterns of
sample names, so that the runtime finds the same samples as the compiler.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fnmatch import translate
from typing import Annotated, Final

from msgspec import Meta

from neurotrain.component.base import Name, Options
from neurotrain.dataset.base import SampleInfo

EPOCH: Final = re.compile(r"0|[1-9][0-9]{0,6}")
"""How a key of a schedule is written."""
MAX_NAME: Final = 60
"""Characters of a level's name."""
Pattern = Annotated[str, Meta(min_length=1, max_length=1000)]
Schedule = Mapping[int, str]
"""Levels by the number of epochs that are finished before them; the first stands at 0."""


class Curriculum(Options, frozen=True, kw_only=True):
    """Train on easy samples first. Bengio et al., "Curriculum learning", ICML 2009."""

    levels: Annotated[
        dict[str, Annotated[tuple[Pattern, ...], Meta(min_length=1)]],
        Meta(
            description="Levels by name, each with patterns of the names of its training samples; "
            "one with a / is a pattern of the whole name from the root, and * stands for any text"
        ),
    ]
    schedule: Annotated[
        dict[str, Name],
        Meta(
            description="The level of the epochs from each on, by the number of epochs that are "
            "finished before it: 0 is the first epoch, 20 the twenty-first"
        ),
    ]

    @property
    def starts(self) -> dict[int, str]:
        """The schedule by number of finished epochs, in order."""
        return in_order({int(epoch): level for epoch, level in self.schedule.items()})


def in_order(schedule: Schedule) -> dict[int, str]:
    """The schedule from its first level to its last."""
    return dict(sorted(schedule.items()))


def level_at(schedule: Schedule, num_finished: int) -> str:
    """The level of the epoch before which so many are finished.

    Raises:
        ValueError: the number is negative, or the schedule does not start at 0.
    """
    starts = sorted(schedule)
    place = bisect_right(starts, num_finished) - 1
    if place < 0:
        raise ValueError(f"the schedule has no level for epoch {num_finished}: {dict(schedule)}")
    return schedule[starts[place]]


def members(patterns: Sequence[str], samples: Sequence[SampleInfo]) -> tuple[int, ...]:
    """The places of the samples whose names one of the patterns matches, in their order."""
    found: set[int] = set()
    for pattern in patterns:
        match = re.compile(translate(pattern)).match
        is_whole = "/" in pattern
        found.update(
            place for place, sample in enumerate(samples) if match(_name(sample, whole=is_whole))
        )
    return tuple(sorted(found))


def _name(sample: SampleInfo, *, whole: bool) -> str:
    """The sample's name, from the root or that of its file; of a block of text its first file's."""
    name = sample.id if sample.length is None else sample.id.rpartition("@")[0]
    return name if whole else name.rpartition("/")[2]
