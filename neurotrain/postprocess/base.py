"""What a post-processing component offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from neurotrain.component.base import Family

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Postprocess(Family):
    """One step from a model's probabilities to a label map."""

    __slots__ = ()
    family: ClassVar[str] = "postprocess"
    consumes: ClassVar[str] = "labels"
    """`probabilities` (K, H, W) or `labels` (H, W)."""

    def apply(self, x: NDArray[np.generic]) -> NDArray[np.int64]:
        """The label map (H, W) after it, of probabilities or of a label map as `consumes` says."""
        raise AssertionError(f"{type(self).__name__} cannot be applied")
