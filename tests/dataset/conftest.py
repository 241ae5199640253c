"""Small folders of images and masks for the tests of datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import DataFault, Sample, Survey
from neurotrain.dataset.paired_images import PairedImages

RESOLVER = Resolver(base=Path("/"), environment={})


@dataclass(frozen=True, kw_only=True)
class PairFolder:
    """A folder that tests fill with images and masks of 12 by 16 pixels."""

    root: Path
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))

    def picture(self, size: tuple[int, int] = (12, 16), channels: int = 3) -> Image.Image:
        """A picture of noise."""
        shape = (*size, 3) if channels == 3 else size
        return Image.fromarray(self.rng.integers(0, 256, shape, dtype=np.uint8))

    def mask(self, size: tuple[int, int] = (12, 16), white: int = 255) -> Image.Image:
        """A mask with a rectangle of 30 pixels."""
        values = np.zeros(size, np.uint8)
        values[2:7, 3:9] = white
        return Image.fromarray(values)

    def write(self, files: Mapping[str, Image.Image | bytes]) -> None:
        """Write pictures, or bytes as they are, under names relative to the root."""
        for name, content in files.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            else:
                content.save(file)

    def same_stems(self, num: int = 3, start: str = "") -> PairedImages:
        """`images/0.png` with `labels/0.png`, and so on."""
        for index in range(num):
            self.write({f"{start}images/{index}.png": self.picture()})
            self.write({f"{start}labels/{index}.png": self.mask()})
        return self.component(images="images/*.png", masks="labels/*.png")

    def component(self, **settings: object) -> PairedImages:
        """Paired images of this root."""
        return PairedImages(root=str(self.root), **settings)  # type: ignore[arg-type]

    def survey(
        self, component: PairedImages, *, max_headers: int | None = None, num_classes: int = 2
    ) -> Survey:
        """The survey of a component, with all headers unless told otherwise."""
        return component.survey(RESOLVER, max_headers=max_headers, num_classes=num_classes)

    def only_fault(self, component: PairedImages, num_classes: int = 2) -> DataFault:
        """The fault of a survey that has just one."""
        (fault,) = self.survey(component, num_classes=num_classes).faults
        return fault

    def loaded(self, component: PairedImages, index: int = 0, num_classes: int = 2) -> Sample:
        """One sample of a component."""
        samples = self.survey(component, num_classes=num_classes).samples
        return component.open(RESOLVER, samples, num_classes).load(index)


@pytest.fixture
def folder(tmp_path: Path) -> PairFolder:
    """An empty folder for pairs."""
    return PairFolder(root=tmp_path)
