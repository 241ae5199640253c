"""The scanned handwritten digits that scikit-learn ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from neurotrain.component.base import Component
from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import Dataset, Sample, SampleInfo, Samples, Survey

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NUM_IMAGES: Final = 1797
_SIZE: Final = (8, 8)
_LARGEST: Final = 16.0
"""Pixels count the dark dots of 4x4 blocks of the scan: 0 to 16."""


class Digits(Component, Dataset, tag="digits", frozen=True, kw_only=True):
    """1,797 handwritten digits of 43 people, scanned, as 8x8 grey images of ten classes.

    Real data without a download: scikit-learn ships it (the test part of the UCI set "Optical
    Recognition of Handwritten Digits", Alpaydin and Kaynak 1998). Pixels are scaled to 0 to 1.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """The samples as scikit-learn orders them; their labels are known only after loading."""
        samples = tuple(
            SampleInfo(id=f"digit-{index:04d}", size=_SIZE, channels=1)
            for index in range(_NUM_IMAGES)
        )
        return Survey(samples=samples, classes=tuple("0123456789"), origin="digits")

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Open some of the digits; all are read at once, in a few milliseconds."""
        import numpy as np
        from sklearn.datasets import load_digits

        digits = load_digits()
        chosen = np.array([int(info.id.removeprefix("digit-")) for info in samples], np.int64)
        return _OpenedDigits(
            ids=tuple(info.id for info in samples),
            images_NHW=(digits.images[chosen] / _LARGEST).astype(np.float32),
            labels_N=digits.target[chosen].astype(np.int64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenedDigits:
    """Digits in memory."""

    ids: tuple[str, ...]
    images_NHW: NDArray[np.float32]
    labels_N: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def load(self, index: int) -> Sample:
        """One digit."""
        import numpy as np

        return Sample(
            id=self.ids[index],
            image_CHW=self.images_NHW[index][None],
            target=np.asarray(self.labels_N[index]),
        )
