"""Images that a listing or a table gives a class or numbers, opened for loading."""

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
    import numpy as np
    from numpy.typing import NDArray

    from neurotrain.dataset.image_folder import ImageFolder
    from neurotrain.dataset.image_table import ImageTable


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSamples:
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
        """One image with its class index, or its numbers.

        Raises:
            CorruptSample: the file is gone or truncated, or has other channels.
        """
        info = self.samples[index]
        try:
            image_CHW = load_image(self.root / info.id, self.channels)
        except UnreadableImage as error:
            raise CorruptSample(f"{info.id}: {error.cause}") from error
        check_channels(info.id, image_CHW, self.num_channels)
        return Sample(id=info.id, image_CHW=image_CHW, target=_target(info))


def _target(info: SampleInfo) -> NDArray[np.int64] | NDArray[np.float64]:
    import numpy as np

    if info.values:
        return np.array(info.values, dtype=np.float64)
    assert info.label is not None, "a survey tells the label or the values of every sample"
    return np.asarray(info.label, np.int64)


def open_labelled(
    component: ImageFolder | ImageTable, resolver: Resolver, samples: tuple[SampleInfo, ...]
) -> LabelledSamples:
    """Open samples of an earlier survey."""
    return LabelledSamples(
        root=resolver.path(component.root),
        samples=samples,
        channels=component.channels,
        num_channels=known_channels(samples),
    )
