"""Apply the transforms to one image without data, and compare with what they say of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from neurotrain.compiler.codes import deep as codes
from neurotrain.compiler.deep.foreign import ComponentFailed, tried
from neurotrain.compiler.deep.shapes import gives_regions, is_segmentation, told, type_path
from neurotrain.compiler.draft import Draft, Tainted, fault, need
from neurotrain.component.base import tag_of
from neurotrain.language.diagnostics import Report
from neurotrain.transforms.base import Shape, Transform
from neurotrain.transforms.batch import Batch

if TYPE_CHECKING:
    import torch

_MAX_PIXELS: Final = 1 << 22
"""Larger images are followed by what the transforms say of themselves alone."""


def check_transforms(draft: Draft, report: Report) -> Draft:
    """Report transforms that fail on the training images, or break their word.

    A transform that gives halved images and does not say so is answered by `transform-contract`.
    """
    for part in ("train", "eval"):
        try:
            _follow(draft, report, part)
        except Tainted:
            continue
    return draft


def _follow(draft: Draft, report: Report, part: str) -> None:
    samples = need(draft.parts).samples["train"]
    channels, size = need(draft.raw_channels), samples[0].size
    if size is None or draft.report.taints(("data", "train")):
        raise Tainted
    transforms: tuple[Transform, ...] = draft.read("data", "transforms", part)
    said = Shape(channels, size)
    batch = _blank(said, maps=is_segmentation(draft), regions=gives_regions(draft))
    for index, transform in enumerate(transforms):
        path = type_path(draft, ("data", "transforms", part, index))
        given, said = said, transform.shape(said)
        if said.size is None:
            return
        try:
            batch = _applied(transform, batch, given)
        except ComponentFailed as failed:
            message = f"'{tag_of(transform)}' fails on images of {_told(given)}: {failed}"
            hint = "change it, or what stands before it"
            report.add(fault(codes.TRANSFORM_FAILS, path, message, hint))
            return
        problem = _broken_word(batch, said)
        if problem:
            message = f"'{tag_of(transform)}' gives {problem}"
            hint = "correct its shape(), or the function that it builds"
            report.add(fault(codes.TRANSFORM_CONTRACT, path, message, hint))
            return


def _applied(transform: Transform, batch: Batch, given: Shape) -> Batch:
    """The batch after a transform: on `meta`, or with zeros where that needs values.

    Raises:
        ComponentFailed: the transform cannot be built or applied.
    """
    import numpy as np

    from neurotrain.transforms.draws import Draws

    zero = np.zeros(len(batch), dtype=np.int64)
    apply, draws = tried(transform.build), Draws.of(0, 0, zero, zero)
    try:
        return tried(lambda: apply(batch, draws))
    except ComponentFailed as failed:
        if not failed.needs_values:
            raise
        assert given.size is not None
        if given.size[0] * given.size[1] > _MAX_PIXELS:
            return _blank_like(batch, transform.shape(given))
        return _moved(tried(lambda: apply(_moved(batch, "cpu"), draws)), "meta")


def _broken_word(batch: Batch, said: Shape) -> str:
    """How images and label maps differ from what the transform says; empty where they do not."""
    assert said.size is not None
    image = batch.images[0]
    wanted = (said.channels, *said.size)
    if tuple(image.shape) != wanted:
        return f"images of {told(tuple(image.shape))} and says {told(wanted)}"
    if str(image.dtype) != "torch.float32":
        return f"images of the type {image.dtype}, models take torch.float32"
    if not batch.has_label_maps:
        return ""
    maps = {"label maps": (batch.targets, "torch.int64"), "regions": (batch.rois, "torch.bool")}
    for name, (found, dtype) in maps.items():
        if found is not None and tuple(found[0].shape) != said.size:
            return f"{name} of {told(tuple(found[0].shape))} for images of {told(said.size)}"
        if found is not None and str(found[0].dtype) != dtype:
            return f"{name} of the type {found[0].dtype}, not {dtype}"
    return ""


def _blank(shape: Shape, *, maps: bool, regions: bool) -> Batch:
    """One sample on `meta`, as the loader gives it."""
    import numpy as np
    import torch

    assert shape.size is not None
    zero = np.zeros(1, dtype=np.int64)
    targets: Any = torch.empty(1, dtype=torch.int64, device="meta")
    if maps:
        targets = [torch.empty(shape.size, dtype=torch.int64, device="meta")]
    return Batch(
        images=[torch.empty(shape.channels, *shape.size, device="meta")],
        targets=targets,
        rois=[torch.empty(shape.size, dtype=torch.bool, device="meta")] if regions else None,
        samples=zero,
        crops=zero,
    )


def _blank_like(batch: Batch, shape: Shape) -> Batch:
    return _blank(shape, maps=batch.has_label_maps, regions=batch.rois is not None)


def _moved(batch: Batch, device: str) -> Batch:
    """The batch without its values on another device: zeros, and ones for regions."""
    import torch

    def one(x: torch.Tensor) -> torch.Tensor:
        fill = torch.ones_like if x.dtype == torch.bool else torch.zeros_like
        return fill(x, device=device)

    def each(x: Any) -> Any:
        if x is None:
            return None
        return [one(part) for part in x] if isinstance(x, list) else one(x)

    return replace(
        batch, images=each(batch.images), targets=each(batch.targets), rois=each(batch.rois)
    )


def _told(shape: Shape) -> str:
    assert shape.size is not None
    return told((shape.channels, *shape.size))
