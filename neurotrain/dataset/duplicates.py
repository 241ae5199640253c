"""Which images are the same: by their file, and by their bytes under other names."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neurotrain.dataset.base import SampleInfo, Survey
from neurotrain.dataset.headers import UnreadableImage
from neurotrain.dataset.pixels import load_image
from neurotrain.dataset.reader import FileReader


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedImage:
    """An image file with the part of the data that it is in."""

    part: str
    id: str
    path: str
    """Absolute; equal for the same file reached through different roots."""
    num_bytes: int


def identities(survey: Survey) -> dict[str, str]:
    """What each sample is, to the id it has here; equal for the same sample of two datasets.

    The path of a file whose folder is freed of links; for generated data its origin and id. Text is
    known by its whole files, whatever blocks it is cut into.
    """
    if not survey.folder:
        return {f"{survey.origin}\t{sample.id}": sample.id for sample in survey.samples}
    folder = os.path.realpath(survey.folder)
    if any(sample.length is not None for sample in survey.samples):
        names = sorted({name for sample in survey.samples for name in sample.files})
        return {os.path.normpath(os.path.join(folder, name)): name for name in names}
    return {_path(folder, sample): sample.id for sample in survey.samples}


def placed(part: str, survey: Survey, members: Iterable[SampleInfo]) -> list[PlacedImage]:
    """The image files of a part; none where the data has no files."""
    if not survey.folder:
        return []
    folder = os.path.realpath(survey.folder)
    return [
        PlacedImage(
            part=part, id=sample.id, path=_path(folder, sample), num_bytes=sample.file_bytes[0]
        )
        for sample in members
    ]


def same_bytes(images: Iterable[PlacedImage], reader: FileReader) -> list[list[PlacedImage]]:
    """Groups of different files that hold the same bytes, each in the order given.

    Only files of equal size are read. Blank images are alike without being one picture, and one
    file is no duplicate of itself: both are left out.
    """
    by_size: dict[int, dict[str, PlacedImage]] = defaultdict(dict)
    for image in images:
        by_size[image.num_bytes].setdefault(image.path, image)
    suspects = [image for group in by_size.values() if len(group) > 1 for image in group.values()]
    by_content: dict[bytes, list[PlacedImage]] = defaultdict(list)
    for done, image in enumerate(suspects):
        reader.tell("comparing images", done, len(suspects))
        try:
            by_content[reader.sha256(Path(image.path))].append(image)
        except UnreadableImage:
            continue
    reader.tell("comparing images", len(suspects), len(suspects))
    return [
        group
        for group in by_content.values()
        if len(group) > 1 and not _is_blank(Path(group[0].path))
    ]


def _path(folder: str, sample: SampleInfo) -> str:
    return os.path.normpath(os.path.join(folder, sample.files[0]))


def _is_blank(path: Path) -> bool:
    """Whether all pixels of an image are the same."""
    try:
        image_CHW = load_image(path)
    except UnreadableImage:
        return False
    return bool((image_CHW == image_CHW[:, :1, :1]).all())
