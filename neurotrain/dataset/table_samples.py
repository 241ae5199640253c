"""Images of a table, opened for loading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import CorruptSample, Sample, SampleInfo
from neurotrain.dataset.headers import UnreadableImage
from neurotrain.dataset.paired_samples import check_channels, known_channels
from neurotrain.dataset.pixels import Channels, load_image

if TYPE_CHECKING:
    from neurotrain.dataset.image_table import ImageTable


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSamples:
    """Loads one image at a time; keeps nothing."""

    root: Path
    samples: tuple[SampleInfo, ...]
    channels: Channels
    num_channels: int | None
    """What every image must have; None where the survey read no header."""

    def __len__(self) -> int:
        """The number of images."""
        return len(self.samples)

    def load(self, index: int) -> Sample:
        """One image with its values.

        Raises:
            CorruptSample: the file is gone or truncated, or has other channels.
        """
        import numpy as np

        info = self.samples[index]
        try:
            image_CHW = load_image(self.root / info.id, self.channels)
        except UnreadableImage as error:
            raise CorruptSample(f"{info.id}: {error.cause}") from error
        check_channels(info.id, image_CHW, self.num_channels)
        target_T = np.array(info.values, dtype=np.float64)
        return Sample(id=info.id, image_CHW=image_CHW, target=target_T)


def open_table(
    component: ImageTable, resolver: Resolver, samples: tuple[SampleInfo, ...]
) -> TableSamples:
    """Open samples of an earlier survey."""
    return TableSamples(
        root=resolver.path(component.root),
        samples=samples,
        channels=component.channels,
        num_channels=known_channels(samples),
    )
