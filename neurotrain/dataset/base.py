"""What a dataset component offers: a survey before the run, samples during it.

The survey needs neither torch nor numpy: it lists files and reads headers. It reports what it
finds as faults; the compiler makes diagnostics of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Protocol

from msgspec import Meta

from neurotrain.component.base import Family, Fraction, Options
from neurotrain.component.catalogue import Choice
from neurotrain.component.paths import Resolver

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurotrain.dataset.masks import LabelCoding
    from neurotrain.dataset.reader import FileReader

MAX_FOLDS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFault:
    """One thing wrong with the data."""

    code: str
    """`missing-files`, `unpaired-images`, `unreadable-image`, `size-mismatch`, `label-values`,
    `mixed-channels`, `ambiguous-pairs`, `too-few-classes`, `group-pattern`,
    `unreadable-table`, `missing-column`, `table-values`, `duplicate-rows`, `wrong-target`."""
    field: str
    """The parameter of the dataset that it is about, such as `masks`; empty for all of it."""
    message: str
    """One line that names the files, at most five of them, and how many more there are."""
    hint: str = ""
    item: int | None = None
    """The entry of the parameter, where that is a list and one entry is meant."""
    is_absent: bool = False
    """The data is not on this machine; it may be on another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleInfo:
    """What is known of one sample before it is loaded."""

    id: str
    """Unique and the same on every machine: the image's name relative to the root."""
    files: tuple[str, ...] = ()
    """Relative names of all its files: image, then mask and region of interest where there are."""
    file_bytes: tuple[int, ...] = ()
    size: tuple[int, int] | None = None
    """Height and width in pixels, or None where the header was not read."""
    channels: int | None = None
    label: int | None = None
    """The class index, where the listing tells it."""
    start: int = 0
    """Of a block of text: the token of the first file at which it starts."""
    length: int | None = None
    """Of text: its tokens."""
    values: tuple[float, ...] = ()
    """The numbers to predict, in the order of the survey's targets."""
    group: str | None = None
    """What it belongs to, such as a patient, where the dataset tells that; a split keeps it
    together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a listing and headers tell of a dataset."""

    samples: tuple[SampleInfo, ...]
    classes: tuple[str, ...] = ()
    """Class names that the data itself gives, in label order; empty where the task gives them."""
    targets: tuple[str, ...] = ()
    """The columns of the samples' values."""
    faults: tuple[DataFault, ...] = ()
    num_headers_read: int = 0
    synthetic: bool = False
    origin: str = ""
    """Where the samples come from; equal ids of one origin are the same sample."""
    folder: str = ""
    """The absolute folder that the samples' files are in; empty where they have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One loaded sample."""

    id: str
    image_CHW: NDArray[np.float32] | NDArray[np.int64]
    """8-bit values divided by 255, 16-bit by 65,535, floating-point ones as stored. Of text int64
    tokens of shape (T,)."""
    target: NDArray[np.int64] | NDArray[np.float64]
    """A label map of shape (H, W), a class index of shape (), numbers of shape (T,), or of text the
    next tokens, of shape (T,)."""
    roi_HW: NDArray[np.bool_] | None = None
    """True inside the region of interest; None means everywhere."""


class CorruptSample(Exception):
    """A sample that cannot be used; the text names the file and the cause."""


class Samples(Protocol):
    """An opened dataset."""

    def __len__(self) -> int:
        """The number of samples."""

    def load(self, index: int) -> Sample:
        """One sample.

        Raises:
            CorruptSample: a file is gone, truncated, of another size or holds illegal labels.
        """


class Validation(Choice):
    """Data of its own, a part of the training samples, or folds of them."""

    __slots__ = ()

    @classmethod
    def select(cls, value: Mapping[str, object]) -> type[Validation]:
        """Folds where their number is given, else what a split is."""
        is_folds = "folds" in value and "type" not in value
        return Folds if is_folds else Split.select(value)


class Split(Validation):
    """Data of its own or a part of the training samples."""

    __slots__ = ()

    @classmethod
    def select(cls, value: Mapping[str, object]) -> type[Split]:
        """A holdout where a fraction is given, else a dataset."""
        return Holdout if "fraction" in value and "type" not in value else Dataset


class Holdout(Options, Split, frozen=True, kw_only=True):
    """A part of the training samples, drawn by the seed and then not trained on."""

    fraction: Annotated[Fraction, Meta(description="Share of the training samples")]


class Folds(Options, Validation, frozen=True, kw_only=True):
    """Equal parts of the training samples, drawn by the seed; each is held out of one training.

    The trainings follow one another, each from the same first weights (k-fold cross-validation:
    M. Stone, "Cross-validatory choice and assessment of statistical predictions", 1974).
    """

    folds: Annotated[int, Meta(description="How many parts there are", ge=2, le=MAX_FOLDS)]
    fold: (
        Annotated[
            int,
            Meta(
                description="The part that is held out of the only training, from 1; absent: each "
                "part in its turn",
                ge=1,
                le=MAX_FOLDS,
            ),
        ]
        | None
    ) = None

    @property
    def is_whole(self) -> bool:
        """Whether every part has its training."""
        return self.fold is None


class Dataset(Family, Split):
    """Where samples come from."""

    __slots__ = ()
    family: ClassVar[str] = "dataset"
    tasks: ClassVar[tuple[str, ...]] = ()
    """The tasks it can serve: `segmentation`, `classification`, `regression`, `causal_lm`,
    `multi_task`."""
    in_place: ClassVar[bool] = False
    """Whether samples are read where they lie so cheaply that they are never cached."""

    @property
    def gives_regions(self) -> bool:
        """Whether every sample has a region of interest."""
        return False

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that it has for a regression or for several tasks."""
        return ()

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """List the samples, sorted by id, and read at most `max_headers` image headers (None: all).

        `num_classes` is 0 where the data gives the classes.
        """
        raise AssertionError(f"{type(self).__name__} has no survey")

    def survey_whole(self, resolver: Resolver, *, num_classes: int, reader: FileReader) -> Survey:
        """The survey with every header, read through a reader that remembers what it read."""
        return self.survey(resolver, max_headers=None, num_classes=num_classes)

    def survey_columns(
        self, resolver: Resolver, *, columns: Mapping[str, tuple[str, ...]], reader: FileReader,
        max_headers: int | None,
    ) -> Survey:  # fmt: skip
        """The survey for several tasks: some of the target columns hold classes.

        `columns` has, by the column, the classes in label order, and none for numbers. The values
        of a sample are indices of classes and numbers.
        """
        raise AssertionError(f"{type(self).__name__} has no columns of classes")

    def label_coding(self, num_classes: int) -> LabelCoding | None:
        """How masks stand for classes, where the second file of every sample is its mask."""
        return None

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Open these samples of an earlier survey for loading, in that order."""
        raise AssertionError(f"{type(self).__name__} cannot be opened")
