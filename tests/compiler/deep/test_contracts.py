"""What transforms say of themselves, against what they do."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest
import torch
from PIL import Image

from neurotrain.spec.catalogue import built_in
from neurotrain.transforms.base import Shape, Transform
from neurotrain.transforms.batch import Batch
from neurotrain.transforms.draws import Draws
from tests.compiler.conftest import Compiling

PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "resize": {"size": [20, 28]},
    "random_crop": {"size": [12, 8]},
}
"""What a transform needs that has no default."""


@pytest.mark.parametrize("regions", [False, True])
@pytest.mark.parametrize("name", built_in().names("transform"))
def test_transform_does_what_it_says(name: str, regions: bool) -> None:
    """Shape and type of images, label maps and regions after a real call."""
    parameters = PARAMETERS.get(name, {})
    transform: Transform = built_in().decode({"type": name, **parameters}, Transform)
    numbers = np.arange(2)
    batch = Batch(
        images=[torch.rand(3, 24, 24) for _ in numbers],
        targets=[torch.zeros(24, 24, dtype=torch.int64) for _ in numbers],
        rois=[torch.ones(24, 24, dtype=torch.bool) for _ in numbers] if regions else None,
        samples=numbers,
        crops=numbers,
    )
    done = transform.build()(batch, Draws.of(1, 2, numbers, numbers))
    said = transform.shape(Shape(3, (24, 24)))
    assert said.size is not None
    for image, labels in zip(done.images, done.targets, strict=True):
        assert (tuple(image.shape), image.dtype) == ((said.channels, *said.size), torch.float32)
        assert (tuple(labels.shape), labels.dtype) == (said.size, torch.int64)
    for region in done.rois if done.rois is not None else ():
        assert (tuple(region.shape), region.dtype) == (said.size, torch.bool)


def test_large_images_take_the_transforms_at_their_word(
    compiling: Compiling, tmp_path: Any
) -> None:
    """Where `meta` is not enough and an image is large, nothing is computed on its pixels."""
    for folder in ("images", "masks", "regions"):
        (tmp_path / folder).mkdir()
        for number in range(5):
            picture = Image.new("1" if folder != "images" else "L", (2200, 2000), 1)
            picture.paste(0, (0, 0, 1000 + number, 1000))
            picture.save(tmp_path / folder / f"{number}.png")
    data = f"{{type: paired_images, root: '{tmp_path}', images: images/*, masks: masks/*, roi: "
    outcome = compiling(
        "extends: bases/segmentation.yaml\ntrain: {batch: {global: 2}}\ndata:\n"
        f"  train: {data} regions/*}}\n  valid: {{fraction: 0.2}}\n  test: null\n"
        "  transforms: {train: [{type: random_crop, size: [64, 64]}, normalize]}\n",
        deep=True,
    )
    assert outcome.codes == []
