"""Post-processing steps of a spec, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from neurotrain.component.base import Component, Fraction, Positive
from neurotrain.postprocess.base import Postprocess
from neurotrain.postprocess.functional import Operation, morphology_ops

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Threshold(Component, Postprocess, tag="threshold", frozen=True, kw_only=True):
    """Foreground is where its probability reaches a value; two classes only, and first."""

    consumes: ClassVar[str] = "probabilities"
    value: Annotated[Fraction, Meta(description="Probability from which a pixel is foreground")] = (
        0.5
    )

    def apply(self, x: NDArray[np.generic]) -> NDArray[np.int64]:
        """Label 1 where the foreground's probability reaches the value."""
        import numpy as np

        assert x.shape[0] == 2, x.shape
        labels: NDArray[np.int64] = (x[1] >= self.value).astype(np.int64)
        return labels


class RemoveSmallObjects(
    Component, Postprocess, tag="remove_small_objects", frozen=True, kw_only=True
):
    """Connected objects of fewer pixels become background."""

    min_size: Annotated[Positive, Meta(description="Pixels that an object needs to stay")] = 30

    def apply(self, x: NDArray[np.generic]) -> NDArray[np.int64]:
        """Drop the small objects of each class, with diagonal neighbours connected."""

        def keep(mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
            objects, sizes = _objects(mask_HW)
            big: NDArray[np.bool_] = (sizes >= self.min_size)[objects] & mask_HW
            return big

        return _each_class(x, keep)


class FillHoles(Component, Postprocess, tag="fill_holes", frozen=True, kw_only=True):
    """Background that an object encloses becomes part of the object."""

    def apply(self, x: NDArray[np.generic]) -> NDArray[np.int64]:
        """Fill the holes of each class; objects of other classes in them stay."""
        import numpy as np
        from scipy.ndimage import binary_fill_holes

        return np.where(x == 0, _each_class(x, binary_fill_holes), x)


class LargestComponent(Component, Postprocess, tag="largest_component", frozen=True, kw_only=True):
    """Only the largest connected object of each class stays."""

    def apply(self, x: NDArray[np.generic]) -> NDArray[np.int64]:
        """Keep the object with most pixels; the first of equals."""

        def keep(mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
            objects, sizes = _objects(mask_HW)
            largest: NDArray[np.bool_] = (objects == sizes.argmax()) & mask_HW
            return largest

        return _each_class(x, keep)


class Morphology(Component, Postprocess, tag="morphology", frozen=True, kw_only=True):
    """Opening, closing, erosion or dilation of each class with a square."""

    operation: Annotated[Operation, Meta(description="What is done")]
    kernel_size: Annotated[Positive, Meta(description="Side of the square in pixels")] = 3

    def apply(self, x: NDArray[np.generic]) -> NDArray[np.int64]:
        """Change each class's area."""
        return _each_class(x, lambda mask: morphology_ops(mask, self.operation, self.kernel_size))


def _objects(mask_HW: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Object numbers from 1 on, and the pixels of each number; number 0 counts none."""
    import numpy as np
    from scipy.ndimage import label

    objects, _ = label(mask_HW, structure=np.ones((3, 3)))
    sizes = np.bincount(objects.ravel(), minlength=1)
    sizes[0] = 0
    return objects, sizes


def _each_class(
    labels_HW: NDArray[np.generic], change: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]
) -> NDArray[np.int64]:
    """Change the area of every class but the background; later classes cover earlier ones."""
    import numpy as np

    changed = np.zeros(labels_HW.shape, dtype=np.int64)
    for label in range(1, int(labels_HW.max(initial=0)) + 1):
        changed[change(labels_HW == label)] = label
    return changed
