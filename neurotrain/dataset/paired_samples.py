"""Pairs of image and mask files, opened for loading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import CorruptSample, Sample, SampleInfo
from neurotrain.dataset.faults import counted
from neurotrain.dataset.headers import UnreadableImage
from neurotrain.dataset.masks import LabelCoding, load_labels, load_region
from neurotrain.dataset.pixels import Channels, load_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurotrain.dataset.paired_images import PairedImages


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedSamples:
    """Loads one pair at a time; keeps nothing."""

    root: Path
    samples: tuple[SampleInfo, ...]
    channels: Channels
    num_channels: int | None
    """What every image must have; None where the survey read no header."""
    coding: LabelCoding

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.samples)

    def load(self, index: int) -> Sample:
        """One image with its label map and region of interest.

        Raises:
            CorruptSample: a file is gone, truncated, of another size or holds illegal labels.
        """
        info = self.samples[index]
        image, mask, *regions = info.files
        try:
            image_CHW = load_image(self.root / image, self.channels)
            target_HW = load_labels(self.root / mask, self.coding)
            roi_HW = load_region(self.root / regions[0]) if regions else None
        except UnreadableImage as error:
            name = next(file for file in info.files if self.root / file == error.path)
            raise CorruptSample(f"{name}: {error.cause}") from error
        check_channels(image, image_CHW, self.num_channels)
        _check_size(image, image_CHW, mask, target_HW)
        if roi_HW is not None:
            _check_size(image, image_CHW, regions[0], roi_HW)
        return Sample(id=info.id, image_CHW=image_CHW, target=target_HW, roi_HW=roi_HW)


def open_pairs(
    component: PairedImages,
    resolver: Resolver,
    samples: tuple[SampleInfo, ...],
    num_classes: int,
) -> PairedSamples:
    """Open pairs of an earlier survey."""
    return PairedSamples(
        root=resolver.path(component.root),
        samples=samples,
        channels=component.channels,
        num_channels=known_channels(samples),
        coding=component.label_coding(num_classes),
    )


def known_channels(samples: tuple[SampleInfo, ...]) -> int | None:
    """The channels that the survey saw; None where it read no header."""
    return next((info.channels for info in samples if info.channels is not None), None)


def check_channels(name: str, image_CHW: NDArray[np.float32], num_channels: int | None) -> None:
    """Refuse an image whose channels are not those of the others.

    Raises:
        CorruptSample: the numbers differ.
    """
    found = image_CHW.shape[0]
    if num_channels is not None and found != num_channels:
        raise CorruptSample(
            f"{name}: it has {counted(found, 'channel')}, others have {num_channels}; "
            "set channels to grey or rgb"
        )


def _check_size(
    image: str, image_CHW: NDArray[np.float32], other: str, values_HW: NDArray[Any]
) -> None:
    if image_CHW.shape[1:] != values_HW.shape:
        raise CorruptSample(
            f"{other}: it is {_size(values_HW.shape)} pixels (height x width), "
            f"its image {image} is {_size(image_CHW.shape[1:])}"
        )


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(extent) for extent in shape)
