"""Label maps and regions of interest from mask files: which grey value stands for which class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neurotrain.dataset.faults import counted
from neurotrain.dataset.headers import UnreadableImage
from neurotrain.dataset.pixels import read_pixels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAX_VALUES: Final = 5
_WHITES: Final = (255, 65_535)
"""What white is at 8 and 16 bits."""
_GREY_TOLERANCE: Final = 16
"""How far the channels of a grey mask may lie apart after JPEG, in 8-bit steps."""


class IllegalLabels(UnreadableImage):
    """A mask whose file is sound but whose values stand for no class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCoding:
    """How the values of a mask stand for classes."""

    num_classes: int
    label_values: tuple[int, ...] = ()
    """The value of each class; empty: 0 to K-1, or for two classes also 0 and full white."""
    threshold: float | None = None
    """Two classes only: values at or above it are the foreground."""


def load_labels(path: Path, coding: LabelCoding) -> NDArray[np.int64]:
    """The label map of a mask file, of shape (H, W).

    A coloured palette gives its indices, an all-grey one its luminance; a colour mask whose
    channels are equal counts as grey.

    Raises:
        IllegalLabels: it is coloured, or has values that stand for no class.
        UnreadableImage: the file is missing or damaged.
    """
    import numpy as np

    pixels = read_pixels(path, palette_indices=True)
    values_HW = _grey(path, pixels.values, tolerant=coding.threshold is not None)
    if coding.threshold is not None:
        if values_HW.dtype.kind == "f" and np.isnan(values_HW).any():
            raise IllegalLabels(path, "it holds values that are not finite")
        return (values_HW >= coding.threshold).astype(np.int64)
    return _labels(path, _whole(path, values_HW), coding, int(pixels.full_scale))


def load_region(path: Path) -> NDArray[np.bool_]:
    """The region of interest of a mask file, of shape (H, W): values of at least half the largest.

    Raises:
        IllegalLabels: it is coloured, or marks nothing.
        UnreadableImage: the file is missing or damaged.
    """
    values_HW = _grey(path, read_pixels(path, palette_indices=True).values, tolerant=True)
    largest = values_HW.max()
    if not largest > 0:
        raise IllegalLabels(path, "the region of interest is empty")
    region: NDArray[np.bool_] = values_HW >= largest / 2
    return region


def _grey(path: Path, values: NDArray[Any], *, tolerant: bool) -> NDArray[Any]:
    import numpy as np

    if values.ndim == 2:
        return values
    first = values[..., 0].astype(np.float64)
    spread = np.abs(values.astype(np.float64) - first[..., None]).max()
    if spread > (_GREY_TOLERANCE if tolerant else 0):
        cause = "the mask is coloured; save it as grey values or with a palette, one value a class"
        raise IllegalLabels(path, cause)
    grey: NDArray[Any] = values[..., 0]
    return grey


def _whole(path: Path, values_HW: NDArray[Any]) -> NDArray[np.int64]:
    import numpy as np

    if values_HW.dtype.kind == "f" and not (
        np.isfinite(values_HW).all() and (values_HW == np.rint(values_HW)).all()
    ):
        raise IllegalLabels(path, "the mask holds fractions; set mask_threshold, or save labels")
    return values_HW.astype(np.int64)


def _labels(
    path: Path, values_HW: NDArray[np.int64], coding: LabelCoding, full_scale: int
) -> NDArray[np.int64]:
    import numpy as np

    present, counts = _counted_values(values_HW)
    for class_values in _codings(coding, full_scale):
        if np.isin(present, class_values).all():
            order = np.argsort(class_values)
            places = np.searchsorted(class_values, values_HW, sorter=order)
            return np.asarray(order, np.int64)[places]
    found = [(int(v), int(n)) for v, n in zip(present, counts, strict=True)]
    outside = min(
        ([(v, n) for v, n in found if v not in legal] for legal in _codings(coding, full_scale)),
        key=len,
    )
    raise IllegalLabels(path, _illegal(outside, coding))


def _counted_values(values_HW: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct values and how often each occurs."""
    import numpy as np

    if values_HW.min() < 0 or values_HW.max() > _WHITES[-1]:
        return np.unique(values_HW, return_counts=True)
    counts = np.bincount(values_HW.ravel())
    present = np.flatnonzero(counts)
    return present, counts[present]


def _codings(coding: LabelCoding, full_scale: int) -> list[tuple[int, ...]]:
    """The codings that a whole mask may follow, in order."""
    if coding.label_values:
        return [coding.label_values]
    plain = tuple(range(coding.num_classes))
    if coding.num_classes != 2:
        return [plain]
    return [plain, *((0, white) for white in _WHITES if white <= full_scale or white == 255)]


def _illegal(outside: list[tuple[int, int]], coding: LabelCoding) -> str:
    shown = ", ".join(
        f"{value} ({counted(count, 'pixel')})" for value, count in outside[:_MAX_VALUES]
    )
    more = len(outside) - _MAX_VALUES
    if more > 0:
        shown += f" and {more:,} more"
    if coding.label_values:
        legal = f"label_values {list(coding.label_values)}"
        remedy = "add the value of each class to label_values"
    else:
        white = ", or 0 and 255" if coding.num_classes == 2 else ""
        legal = f"the labels 0 to {coding.num_classes - 1}{white}"
        remedy = (
            "state the value of each class in label_values, or name as many classes as there are"
        )
    if coding.num_classes == 2:
        remedy += ", or a mask_threshold"
    return f"the mask holds values outside {legal}: {shown}; {remedy}"
