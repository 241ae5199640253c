"""Post-processing as plain functions on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Operation: TypeAlias = Literal["opening", "closing", "erosion", "dilation"]


def threshold(p: NDArray[np.floating], threshold: float = 0.5) -> NDArray[np.bool_]:
    """True where a probability reaches the threshold; any shape.

    Raises:
        ValueError: the threshold is not between 0 and 1.
    """
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"a threshold lies between 0 and 1, not {threshold}")
    reached: NDArray[np.bool_] = p >= threshold
    return reached


def morphology_ops(
    mask: NDArray[np.bool_], operation: Operation = "opening", kernel_size: int = 3
) -> NDArray[np.bool_]:
    """A mask (H, W) after a binary operation with a square of `kernel_size` pixels.

    Outside the image is background; closing nevertheless keeps every pixel of the mask. A square of
    even size reaches one pixel further up and left in an erosion, down and right in a dilation.

    Raises:
        ValueError: the operation is unknown, the size is below 1 or the mask has not two axes.
    """
    import numpy as np

    if operation not in get_args(Operation):
        raise ValueError(
            f"no operation is named {operation!r}; there are {', '.join(get_args(Operation))}"
        )
    if kernel_size < 1:
        raise ValueError(f"kernel_size is at least 1, not {kernel_size}")
    if mask.ndim != 2:
        raise ValueError(f"a mask has the shape (H, W), not {mask.shape}")
    if mask.size == 0:
        return mask.astype(bool)
    # A square of twice the image's size covers all of it from every pixel, as do larger ones.
    size = min(kernel_size, 2 * max(mask.shape) + kernel_size % 2)
    margin = size if operation == "closing" else 0
    changed = np.pad(mask.astype(bool), margin)
    for grows in _STEPS[operation]:
        changed = _dilated(changed, size) if grows else _eroded(changed, size)
    return changed[margin : margin + mask.shape[0], margin : margin + mask.shape[1]]


_STEPS: Final[dict[Operation, tuple[bool, ...]]] = {
    "erosion": (False,),
    "dilation": (True,),
    "opening": (False, True),
    "closing": (True, False),
}
"""Whether each step of an operation makes the mask grow."""


def _dilated(mask_HW: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """True where the square around a pixel holds any; by lines, whatever its size in equal time."""
    from scipy.ndimage import maximum_filter1d

    origin = -1 if size % 2 == 0 else 0
    for axis in (0, 1):
        mask_HW = maximum_filter1d(mask_HW, size, axis, mode="constant", origin=origin)
    return mask_HW


def _eroded(mask_HW: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """True where the square around a pixel holds nothing else."""
    from scipy.ndimage import minimum_filter1d

    for axis in (0, 1):
        mask_HW = minimum_filter1d(mask_HW, size, axis, mode="constant")
    return mask_HW
