"""A batch on its way to the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Samples with their targets.

    As long as images differ in size they are lists of one tensor a sample; `stacked` makes them
    one tensor.
    """

    images: torch.Tensor | list[torch.Tensor]
    """float32, (B, C, H, W), or a list of (C, H, W)."""
    targets: torch.Tensor | list[torch.Tensor]
    """int64: label maps (B, H, W), a list of (H, W), or class indices (B,). Of a regression float64
    numbers (B, T)."""
    rois: torch.Tensor | list[torch.Tensor] | None = None
    """bool, as label maps; None means everywhere."""
    samples: NDArray[np.int64]
    """The index of each sample in its dataset."""
    crops: NDArray[np.int64]
    """The crop number of each."""

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def has_label_maps(self) -> bool:
        """Whether targets are label maps and not class indices or numbers."""
        return isinstance(self.targets, list) or self.targets.ndim > 2

    def stacked(self) -> Batch:
        """The batch with one tensor each.

        Raises:
            ValueError: the images differ in size.
        """
        import torch

        if not isinstance(self.images, list):
            return self
        sizes = {tuple(image.shape) for image in self.images}
        if len(sizes) > 1:
            raise ValueError(f"images of a batch differ in size: {sorted(sizes)}")
        targets, rois = self.targets, self.rois
        return replace(
            self,
            images=torch.stack(self.images),
            targets=torch.stack(targets) if isinstance(targets, list) else targets,
            rois=torch.stack(rois) if isinstance(rois, list) else rois,
        )

    def select(self, rows: list[int] | slice) -> Batch:
        """Some rows of the stacked batch; a slice gives views."""
        import torch

        assert isinstance(self.images, torch.Tensor)
        assert isinstance(self.targets, torch.Tensor)
        assert not isinstance(self.rois, list)
        return replace(
            self,
            images=self.images[rows],
            targets=self.targets[rows],
            rois=None if self.rois is None else self.rois[rows],
            samples=self.samples[rows],
            crops=self.crops[rows],
        )

    def pinned(self) -> Batch:
        """The stacked batch in page-locked memory."""
        assert not isinstance(self.images, list)
        assert not isinstance(self.targets, list)
        assert not isinstance(self.rois, list)
        return replace(
            self,
            images=self.images.pin_memory(),
            targets=self.targets.pin_memory(),
            rois=None if self.rois is None else self.rois.pin_memory(),
        )

    def to(self, device: torch.device) -> Batch:
        """The stacked batch on a device."""
        assert not isinstance(self.images, list)
        assert not isinstance(self.targets, list)
        assert not isinstance(self.rois, list)
        return replace(
            self,
            images=self.images.to(device, non_blocking=True),
            targets=_moved(self.targets, device),
            rois=None if self.rois is None else self.rois.to(device, non_blocking=True),
        )


def _moved(targets: Any, device: torch.device) -> Any:
    """Targets on a device; a foreign loader may give one tensor a task."""
    if isinstance(targets, dict):
        return {name: one.to(device, non_blocking=True) for name, one in targets.items()}
    return targets.to(device, non_blocking=True)
