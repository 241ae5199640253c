"""Images with numbers or classes to predict: a table names the files and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, Name
from neurotrain.component.paths import PathText, Resolver
from neurotrain.dataset.base import Dataset, SampleInfo, Samples, Survey
from neurotrain.dataset.groups import GroupBy
from neurotrain.dataset.pixels import Channels
from neurotrain.dataset.reader import FileReader
from neurotrain.dataset.table import Separator


class ImageTable(Component, Dataset, tag="image_table", frozen=True, kw_only=True):
    """A table in CSV with a header: one column names the images, others are numbers to predict.

    For several tasks columns may also hold classes. The table is UTF-8 text with one row an image;
    further columns are not looked at. Reads PNG, JPEG, TIFF, GIF, BMP, PPM, PGM and NPY;
    photographs are turned upright by their EXIF orientation. Images may differ in size where the
    transforms make them equal.
    """

    tasks: ClassVar[tuple[str, ...]] = ("regression", "multi_task")

    root: Annotated[
        PathText,
        Meta(
            description="Folder of the table and the images; relative to the spec; may hold "
            "${env:NAME:default}"
        ),
    ]
    table: Annotated[str, Meta(description="The table, relative to root", min_length=1)]
    image: Annotated[Name, Meta(description="Column of the images' names, relative to root")]
    targets: Annotated[
        tuple[Name, ...],
        Meta(
            description="Columns of numbers, or for several tasks also of classes, of which the "
            "task names those to learn",
            min_length=1,
        ),
    ]
    separator: Separator = ","
    channels: Annotated[
        Channels,
        Meta(description="Channels of the images: as stored (auto), or turned into grey or rgb"),
    ] = "auto"
    group_by: GroupBy | None = None

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns of numbers or classes."""
        return self.targets

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """Read the table and the headers of evenly spread images."""
        from neurotrain.dataset.table_survey import survey_table

        return survey_table(self, resolver, max_headers=max_headers, reader=FileReader())

    def survey_whole(self, resolver: Resolver, *, num_classes: int, reader: FileReader) -> Survey:
        """Read the table and all headers."""
        from neurotrain.dataset.table_survey import survey_table

        return survey_table(self, resolver, max_headers=None, reader=reader)

    def survey_columns(
        self, resolver: Resolver, *, columns: Mapping[str, tuple[str, ...]], reader: FileReader,
        max_headers: int | None,
    ) -> Survey:  # fmt: skip
        """Read the table and headers; a cell of a column of classes is a name or a place."""
        from neurotrain.dataset.table_survey import survey_table

        return survey_table(self, resolver, max_headers=max_headers, reader=reader, columns=columns)

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Open samples of an earlier survey."""
        from neurotrain.dataset.labelled_samples import open_labelled

        return open_labelled(self, resolver, samples)
