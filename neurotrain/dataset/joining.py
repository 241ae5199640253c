"""Samples put together to batches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurotrain.dataset.base import Sample
from neurotrain.dataset.orders import Order
from neurotrain.transforms.batch import Batch

if TYPE_CHECKING:
    import torch


def of_one(sample: Sample, index: int) -> Batch:
    """A loaded sample as a stacked batch of one."""
    import numpy as np
    import torch

    roi = None if sample.roi_HW is None else torch.from_numpy(np.array(sample.roi_HW))[None]
    return Batch(
        images=torch.from_numpy(np.array(sample.image_CHW))[None],
        targets=torch.from_numpy(np.array(sample.target))[None],
        rois=roi,
        samples=np.array([index]),
        crops=np.array([0]),
    )


def gathered(table: Batch, order: Order) -> Batch:
    """The rows of an order, copied out of a table of all samples."""
    import torch

    rows = torch.from_numpy(order.samples)
    assert isinstance(table.images, torch.Tensor)
    assert isinstance(table.targets, torch.Tensor)
    assert not isinstance(table.rois, list)
    return Batch(
        images=table.images.index_select(0, rows),
        targets=table.targets.index_select(0, rows),
        rois=None if table.rois is None else table.rois.index_select(0, rows),
        samples=order.samples,
        crops=order.crops,
    )


def one_after_another(batches: list[Batch]) -> Batch:
    """Stacked batches of equal shapes as one."""
    import numpy as np
    import torch

    def joined(parts: list[Any]) -> torch.Tensor:
        return torch.cat(parts)

    return Batch(
        images=joined([batch.images for batch in batches]),
        targets=joined([batch.targets for batch in batches]),
        rois=None if batches[0].rois is None else joined([batch.rois for batch in batches]),
        samples=np.concatenate([batch.samples for batch in batches]),
        crops=np.concatenate([batch.crops for batch in batches]),
    )


def joined(prepared: list[Batch], order: Order) -> Batch:
    """Batches of one as a batch of lists; class indices are one tensor.

    Where only some samples have a region of interest, the others' is everywhere.
    """
    import torch

    if len({one.rois is None for one in prepared}) > 1:
        prepared = [_with_roi(one) for one in prepared]
    first = prepared[0]
    targets: torch.Tensor | list[torch.Tensor] = [one.targets[0] for one in prepared]
    if not first.has_label_maps:
        assert isinstance(targets, list)
        targets = torch.stack(targets)
    rois = None if first.rois is None else [one.rois[0] for one in prepared if one.rois is not None]
    return Batch(
        images=[one.images[0] for one in prepared],
        targets=targets,
        rois=rois,
        samples=order.samples,
        crops=order.crops,
    )


def _with_roi(one: Batch) -> Batch:
    import torch

    if one.rois is not None:
        return one
    height, width = one.images[0].shape[-2:]
    return replace(one, rois=torch.ones(1, height, width, dtype=torch.bool))
