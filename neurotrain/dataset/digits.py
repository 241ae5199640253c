"""The scanned handwritten digits that scikit-learn ships."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from neurotrain.component.base import Component
from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault, Dataset, Sample, SampleInfo, Samples, Survey

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurotrain.dataset.reader import FileReader

_NUM_IMAGES: Final = 1797
_SIZE: Final = (8, 8)
_LARGEST: Final = 16.0
"""Pixels count the dark dots of 4x4 blocks of the scan: 0 to 16."""
_CLASSES: Final = {"digit": 10, "parity": 2}
"""The columns that are classes, and how many they have."""


class Digits(Component, Dataset, tag="digits", frozen=True, kw_only=True):
    """1,797 handwritten digits of 43 people, scanned, as 8x8 grey images of ten classes.

    Real data without a download: scikit-learn ships it (the test part of the UCI set "Optical
    Recognition of Handwritten Digits", Alpaydin and Kaynak 1998). Pixels are scaled to 0 to 1. For
    several tasks its columns are digit, parity (even, then odd) and ink, the mean of the pixels.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "multi_task")

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """The samples as scikit-learn orders them; their labels are known only after loading."""
        samples = tuple(
            SampleInfo(id=f"digit-{index:04d}", size=_SIZE, channels=1)
            for index in range(_NUM_IMAGES)
        )
        return Survey(samples=samples, classes=tuple("0123456789"), origin="digits")

    @property
    def target_names(self) -> tuple[str, ...]:
        """What several tasks can learn of a digit."""
        return ("digit", "parity", "ink")

    def survey_columns(
        self, resolver: Resolver, *, columns: Mapping[str, tuple[str, ...]], reader: FileReader,
        max_headers: int | None,
    ) -> Survey:  # fmt: skip
        """The samples with their values, from scikit-learn's file without scikit-learn."""
        faults = tuple(
            DataFault(
                code="classes-mismatch", field="",
                message=f"'{name}' of the digits {_told(name)}, and the task names {len(classes)}",
                hint=f"name all {_CLASSES[name]}" if name in _CLASSES else "take a regression head",
            )
            for name, classes in columns.items()
            if classes and _CLASSES.get(name) != len(classes)
        )  # fmt: skip
        plain = self.survey(resolver, max_headers=max_headers, num_classes=0)
        return Survey(
            samples=tuple(map(_with_values, plain.samples, _rows())), targets=self.target_names,
            origin=plain.origin, faults=faults,
        )  # fmt: skip

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
            values=tuple(info.values for info in samples),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenedDigits:
    """Digits in memory."""

    ids: tuple[str, ...]
    images_NHW: NDArray[np.float32]
    labels_N: NDArray[np.int64]
    values: tuple[tuple[float, ...], ...]
    """Those of several tasks; empty ones in a classification."""

    def __len__(self) -> int:
        return len(self.ids)

    def load(self, index: int) -> Sample:
        """One digit."""
        import numpy as np

        values = self.values[index]
        return Sample(
            id=self.ids[index],
            image_CHW=self.images_NHW[index][None],
            target=np.array(values) if values else np.asarray(self.labels_N[index]),
        )


def _told(name: str) -> str:
    return f"has {_CLASSES[name]} classes" if name in _CLASSES else "is a number"


def _rows() -> list[list[int]]:
    """The 64 pixels of every digit, then which it is."""
    found = find_spec("sklearn")
    assert found is not None, "scikit-learn is required"
    assert found.origin is not None
    file = Path(found.origin).parent / "datasets/data/digits.csv.gz"
    lines = gzip.decompress(file.read_bytes()).decode("ascii").split()
    return [[int(float(cell)) for cell in line.split(",")] for line in lines]


def _with_values(info: SampleInfo, row: list[int]) -> SampleInfo:
    """A sample with the values of its columns."""
    *pixels, digit = row
    values = (float(digit), float(digit % 2), sum(pixels) / (_LARGEST * len(pixels)))
    return replace(info, values=values)
