"""Two masks of one class in one sample, with the surfaces and centre lines between them.

Each is computed once, whatever number of metrics asks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Distances = NDArray[np.float64]

Spacing = tuple[float, float]


@dataclass(slots=True)
class MaskPair:
    """The prediction and the truth of one class, bool (H, W)."""

    prediction: Mask
    truth: Mask
    _surfaces: dict[Spacing, tuple[Distances, Distances]] = field(default_factory=dict)

    @property
    def is_one_sided(self) -> bool:
        """Whether one of the two has no pixel."""
        return not (self.prediction.any() and self.truth.any())

    def diagonal(self, spacing: Spacing) -> float:
        """The largest distance that the image has room for."""
        height, width = self.truth.shape
        return math.hypot(height * spacing[0], width * spacing[1])

    def surfaces(self, spacing: Spacing) -> tuple[Distances, Distances]:
        """From each outline pixel of the prediction to the truth's outline, and back."""
        if spacing not in self._surfaces:
            self._surfaces[spacing] = _surfaces(self.prediction, self.truth, spacing)
        return self._surfaces[spacing]


def _surfaces(prediction: Mask, truth: Mask, spacing: Spacing) -> tuple[Distances, Distances]:
    """An outline is what one erosion by the four neighbours takes away."""
    from scipy.ndimage import binary_erosion, distance_transform_edt, find_objects

    both = find_objects((prediction | truth).astype("int8"))[0]
    prediction, truth = prediction[both], truth[both]
    lines = [mask & ~binary_erosion(mask) for mask in (prediction, truth)]
    to_prediction, to_truth = (distance_transform_edt(~line, sampling=spacing) for line in lines)
    return to_truth[lines[0]], to_prediction[lines[1]]


def pairs_of(
    labels_HW: NDArray[np.int64],
    targets_HW: NDArray[np.int64],
    roi_HW: Mask | None,
    num_classes: int,
) -> list[MaskPair | None]:
    """The pair of every class but the background; None for a class in neither mask.

    Outside the region of interest nothing is of any class.
    """
    found: list[MaskPair | None] = []
    for label in range(1, num_classes):
        prediction, truth = labels_HW == label, targets_HW == label
        if roi_HW is not None:
            prediction, truth = prediction & roi_HW, truth & roi_HW
        is_there = bool(prediction.any() or truth.any())
        found.append(MaskPair(prediction, truth) if is_there else None)
    return found
