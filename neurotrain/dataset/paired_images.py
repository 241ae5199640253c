"""Folders of images with masks, paired by name."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component
from neurotrain.component.paths import PathText, Resolver
from neurotrain.dataset.base import Dataset, SampleInfo, Samples, Survey
from neurotrain.dataset.groups import GroupBy
from neurotrain.dataset.masks import LabelCoding
from neurotrain.dataset.pairing import PairBy
from neurotrain.dataset.pixels import Channels
from neurotrain.dataset.reader import FileReader

Pattern = Annotated[str, Meta(min_length=1)]


class PairedImages(Component, Dataset, tag="paired_images", frozen=True, kw_only=True):
    """Images and their masks in folders, paired by the stem or the number in their names.

    Reads PNG, JPEG, TIFF (the first page), GIF (the first frame), BMP, PPM, PGM and NPY; 8 and 16
    bit; grey, RGB and palette; alpha is dropped. 16-bit colour keeps its depth in NPY and in TIFF
    without LZW, and has 8 bits elsewhere. Patterns are relative to `root` and know `*`, `?`,
    `[…]` and `**`; the extension matches in either case, and a pattern without one matches every
    supported extension. A file that `masks` or `roi` matches is not an image, so all may lie in one
    folder. Where names are paired wrongly or not at all, put `{id}` into every pattern:
    `images/{id}_training.tif` with `1st_manual/{id}_manual1.gif`. `{id}` stands for any text
    without a slash, as short as possible.

    A mask's grey values are its labels; a coloured palette counts by its indices. JPEG and TIFF
    photographs are turned upright by their EXIF orientation, as every viewer shows them, and a mask
    belongs to the upright image.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)

    root: Annotated[
        PathText,
        Meta(description="Folder of the data; relative to the spec; may hold ${env:NAME:default}"),
    ]
    images: Annotated[Pattern, Meta(description="Pattern of the image files, such as images/*.png")]
    masks: Annotated[Pattern, Meta(description="Pattern of the mask files, such as masks/*.png")]
    roi: Annotated[
        Pattern | None,
        Meta(
            description="Pattern of region-of-interest masks; metrics and losses count only pixels "
            "inside, which are those of at least half the mask's largest value"
        ),
    ] = None
    pair_by: Annotated[
        PairBy,
        Meta(
            description="What pairs an image with its mask: equal stems, or one that extends the "
            "other (stem); the numbers in their names (number); the first that fits all (auto)"
        ),
    ] = "auto"
    channels: Annotated[
        Channels,
        Meta(description="Channels of the images: as stored (auto), or turned into grey or rgb"),
    ] = "auto"
    label_values: Annotated[
        tuple[int, ...] | None,
        Meta(
            description="The grey value or palette index of each class, in class order; without "
            "it 0 to K-1, or for two classes also 0 and 255 (65535 in 16-bit masks)"
        ),
    ] = None
    mask_threshold: Annotated[
        float | None,
        Meta(
            description="Two classes only: grey values at or above it are the foreground; for "
            "masks with grey borders, such as JPEG"
        ),
    ] = None
    group_by: GroupBy | None = None

    @property
    def gives_regions(self) -> bool:
        """Where they are named."""
        return self.roi is not None

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """List and pair the files and read the headers of evenly spread samples."""
        from neurotrain.dataset.paired_survey import survey_pairs

        return survey_pairs(
            self, resolver, max_headers=max_headers, num_classes=num_classes, reader=FileReader()
        )

    def survey_whole(self, resolver: Resolver, *, num_classes: int, reader: FileReader) -> Survey:
        """List and pair the files and read all headers."""
        from neurotrain.dataset.paired_survey import survey_pairs

        return survey_pairs(
            self, resolver, max_headers=None, num_classes=num_classes, reader=reader
        )

    def label_coding(self, num_classes: int) -> LabelCoding:
        """How the masks' values stand for classes."""
        return LabelCoding(
            num_classes=num_classes,
            label_values=self.label_values or (),
            threshold=self.mask_threshold,
        )

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Open pairs of an earlier survey."""
        from neurotrain.dataset.paired_samples import open_pairs

        return open_pairs(self, resolver, samples, num_classes)
