"""Images for classification: one folder a class."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component
from neurotrain.component.paths import PathText, Resolver
from neurotrain.dataset.base import Dataset, SampleInfo, Samples, Survey
from neurotrain.dataset.groups import GroupBy
from neurotrain.dataset.pixels import Channels
from neurotrain.dataset.reader import FileReader


class ImageFolder(Component, Dataset, tag="image_folder", frozen=True, kw_only=True):
    """One folder a class: `root/cat/1.jpg`, `root/dog/more/2.jpg`.

    The classes are the folder names in alphabetical order, or in order of value where all are
    numbers. Reads PNG, JPEG, TIFF, GIF, BMP, PPM, PGM and NPY; photographs are turned upright by
    their EXIF orientation. Images may differ in size where the transforms make them equal.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification",)

    root: Annotated[
        PathText,
        Meta(
            description="Folder of the class folders; relative to the spec; may hold "
            "${env:NAME:default}"
        ),
    ]
    pattern: Annotated[
        str,
        Meta(
            description="Pattern of the images within a class folder; without an extension it "
            "matches every supported one",
            min_length=1,
        ),
    ] = "**/*"
    channels: Annotated[
        Channels,
        Meta(description="Channels of the images: as stored (auto), or turned into grey or rgb"),
    ] = "auto"
    group_by: GroupBy | None = None

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """List the class folders and read the headers of evenly spread samples."""
        from neurotrain.dataset.folder_survey import survey_folders

        return survey_folders(self, resolver, max_headers=max_headers, reader=FileReader())

    def survey_whole(self, resolver: Resolver, *, num_classes: int, reader: FileReader) -> Survey:
        """List the class folders and read all headers."""
        from neurotrain.dataset.folder_survey import survey_folders

        return survey_folders(self, resolver, max_headers=None, reader=reader)

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Open samples of an earlier survey."""
        from neurotrain.dataset.labelled_samples import open_labelled

        return open_labelled(self, resolver, samples)
