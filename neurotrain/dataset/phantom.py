"""Synthetic fundus photographs with exact vessel masks, generated where they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from neurotrain.component.base import Component
from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import Dataset, Sample, SampleInfo, Samples, Survey

DEFAULT_SEED: Final = 2023


class RetinaPhantom(Component, Dataset, tag="retina_phantom", frozen=True, kw_only=True):
    """Synthetic photographs of the retina with branching vessels and their exact masks.

    No patient and no camera: every picture is computed from its seed and number, in some ten
    milliseconds, the same on every machine. Vessel trees of varying calibre grow out of the optic
    disc under uneven light, noise and slight blur, among spots that are no vessels; the region of
    interest is the round field of view. Training and test data need different seeds.
    """

    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)

    num_images: Annotated[int, Meta(description="Number of pictures", ge=1, le=10_000)] = 40
    size: Annotated[
        int, Meta(description="Side of the square pictures in pixels", ge=64, le=2048)
    ] = 144
    seed: Annotated[
        int,
        Meta(
            description="Seed of the series; pictures of different seeds have nothing in common",
            ge=0,
            le=2**32 - 1,
        ),
    ] = DEFAULT_SEED

    @property
    def gives_regions(self) -> bool:
        """The field of view."""
        return True

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """The numbers of the pictures; nothing is generated."""
        samples = tuple(
            SampleInfo(id=f"phantom-{index:04d}", size=(self.size, self.size), channels=3)
            for index in range(self.num_images)
        )
        origin = f"retina_phantom seed {self.seed}, size {self.size}"
        return Survey(samples=samples, synthetic=True, origin=origin)

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Open some of the pictures; each is generated when it is loaded."""
        return _Pictures(seed=self.seed, size=self.size, ids=tuple(info.id for info in samples))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pictures:
    """Generates one picture at a time; keeps nothing."""

    seed: int
    size: int
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def load(self, index: int) -> Sample:
        """One picture with the mask of its vessels and its field of view."""
        import numpy as np

        from neurotrain.dataset.retina import draw_retina

        sample_id = self.ids[index]
        phantom = draw_retina(self.seed, int(sample_id.removeprefix("phantom-")), self.size)
        image_CHW = np.moveaxis(phantom.image_HWC, 2, 0).astype(np.float32) / np.float32(255.0)
        return Sample(
            id=sample_id,
            image_CHW=np.ascontiguousarray(image_CHW),
            target=phantom.vessels_HW.astype(np.int64),
            roi_HW=phantom.field_HW,
        )
