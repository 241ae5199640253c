"""Which labels the masks of a dataset hold, and which masks cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurotrain.dataset.base import DataFault, SampleInfo
from neurotrain.dataset.faults import counted, some_names
from neurotrain.dataset.headers import UnreadableImage
from neurotrain.dataset.masks import IllegalLabels, LabelCoding
from neurotrain.dataset.reader import FileReader

_MASK: Final = 1
REGION: Final = 2
"""The places of the mask and of the region of interest among a sample's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSurvey:
    """What the masks of a dataset hold."""

    labels: Mapping[str, tuple[int, ...]]
    """The labels of each readable mask, by the sample's id."""
    faults: tuple[DataFault, ...] = ()


def survey_labels(
    folder: Path, samples: Sequence[SampleInfo], coding: LabelCoding, reader: FileReader
) -> LabelSurvey:
    """Decode every mask of the samples."""
    labels: dict[str, tuple[int, ...]] = {}
    illegal: list[tuple[str, str]] = []
    unreadable: list[str] = []
    for done, sample in enumerate(samples):
        reader.tell("decoding masks", done, len(samples))
        name = sample.files[_MASK]
        try:
            labels[sample.id] = reader.labels(folder / name, coding)
        except IllegalLabels as error:
            illegal.append((name, error.cause))
        except UnreadableImage as error:
            unreadable.append(f"{name} ({error.cause})")
    reader.tell("decoding masks", len(samples), len(samples))
    faults = []
    if illegal:
        faults.append(_illegal_fault(illegal))
    if unreadable:
        text = f"{counted(len(unreadable), 'mask')} cannot be read: {some_names(unreadable)}"
        faults.append(DataFault(code="unreadable-image", field="masks", message=text))
    return LabelSurvey(labels=labels, faults=tuple(faults))


def region_faults(folder: Path, names: Sequence[str], reader: FileReader) -> list[DataFault]:
    """Decode regions of interest; the faults of those that cannot be used."""
    unusable: list[str] = []
    unreadable: list[str] = []
    for done, name in enumerate(names):
        reader.tell("decoding regions of interest", done, len(names))
        try:
            reader.require_region(folder / name)
        except IllegalLabels as error:
            unusable.append(f"{name} ({error.cause})")
        except UnreadableImage as error:
            unreadable.append(f"{name} ({error.cause})")
    reader.tell("decoding regions of interest", len(names), len(names))
    noun, faults = "region", []
    if unusable:
        text = f"{counted(len(unusable), noun)} of interest cannot be used: {some_names(unusable)}"
        hint = "mark what counts, or take the region and its image away"
        faults.append(DataFault(code="unusable-region", field="roi", message=text, hint=hint))
    if unreadable:
        text = f"{counted(len(unreadable), noun)} of interest cannot be read: "
        text += some_names(unreadable)
        faults.append(DataFault(code="unreadable-image", field="roi", message=text))
    return faults


def _illegal_fault(illegal: list[tuple[str, str]]) -> DataFault:
    (name, cause), *others = illegal
    what, _, remedy = cause.partition("; ")
    text = f"{name}: {what}"
    if others:
        names = some_names([name for name, _ in others])
        text += f"; likewise {counted(len(others), 'other mask')}: {names}"
    return DataFault(code="label-values", field="masks", message=text, hint=remedy)
