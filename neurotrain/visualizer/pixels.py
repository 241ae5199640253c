"""From arrays to colours: images of any range, label maps, and where a prediction is wrong.

H and W are height and width, C channels; colours are uint8 RGB of shape (H, W, 3).
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Colour: TypeAlias = tuple[int, int, int]
Picture: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[Any]
Region: TypeAlias = NDArray[np.bool_]

BACKGROUND: Final[Colour] = (24, 26, 31)
NOT_A_CLASS: Final[Colour] = (128, 128, 128)
_FOREGROUND: Final[Colour] = (240, 240, 240)
_FIRST_COLOURS: Final[tuple[Colour, ...]] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
"""Told apart by colour-blind readers. Okabe and Ito, Color Universal Design, 2008."""
_GOLDEN: Final = 0.618033988749895
_DIM: Final = 0.3
_PERCENTILES: Final = (0.5, 99.5)
_MOST_MEASURED: Final = 250_000
"""How many pixels the percentiles are taken from at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way in which a pixel can be right or wrong."""

    name: str
    colour: Colour
    mask_HW: Region

    @property
    def num_pixels(self) -> int:
        """How many pixels have this outcome."""
        return int(self.mask_HW.sum())


def picture_of(image_CHW: NDArray[Any], roi_HW: Region | None = None) -> Picture:
    """The image in colour for three channels, else its first channel in grey.

    Black and white are its 0.5 and 99.5 percentiles, inside the region of interest where there is
    one, so any value range will do. What is not finite is black; a constant image is mid grey.
    """
    channels = image_CHW if len(image_CHW) == 3 else image_CHW[:1]
    values = channels.astype(np.float32)
    low, high = _range_of(values, roi_HW)
    if high > low:
        values = (values - low) / (high - low)
    else:
        values = np.where(np.isfinite(values), np.float32(0.5), np.float32(0.0))
    values = np.nan_to_num(np.clip(values, 0.0, 1.0), nan=0.0)
    levels = np.rint(values * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(levels.transpose(1, 2, 0), (*levels.shape[1:], 3)))


def class_colours(num_classes: int) -> tuple[Colour, ...]:
    """A colour a class: the first is dark as background; one foreground alone is white."""
    if num_classes == 2:
        return (BACKGROUND, _FOREGROUND)
    colours = [BACKGROUND, *_FIRST_COLOURS]
    for extra in range(num_classes - len(colours)):
        hue, ring = (extra * _GOLDEN) % 1.0, extra % 3
        red, green, blue = colorsys.hsv_to_rgb(
            hue, (0.55, 0.9, 0.4)[ring], (0.95, 0.65, 0.75)[ring]
        )
        colours.append((int(red * 255), int(green * 255), int(blue * 255)))
    return tuple(colours[:num_classes])


def painted(labels_HW: Labels, num_classes: int) -> Picture:
    """The label map in the colours of its classes; values that are no class are mid grey."""
    table = np.array([*class_colours(num_classes), NOT_A_CLASS], dtype=np.uint8)
    is_class = (labels_HW >= 0) & (labels_HW < num_classes)
    return np.asarray(table[np.where(is_class, labels_HW, num_classes).astype(np.intp)])


def outcomes(
    truth_HW: Labels, prediction_HW: Labels, num_classes: int, roi_HW: Region | None
) -> tuple[Outcome, ...]:
    """Which pixels of the foreground, classes 1 and up, are right, and how the others are wrong.

    Only pixels inside the region of interest whose truth is a class are counted.
    """
    counted = (truth_HW >= 0) & (truth_HW < num_classes)
    if roi_HW is not None:
        counted &= roi_HW
    there, found = (truth_HW > 0) & counted, (prediction_HW > 0) & counted
    same = truth_HW == prediction_HW
    right = Outcome(name="true positive", colour=(112, 115, 120), mask_HW=there & found & same)
    false_positive = Outcome(name="false positive", colour=(255, 176, 0), mask_HW=found & ~there)
    false_negative = Outcome(name="false negative", colour=(64, 150, 255), mask_HW=there & ~found)
    mixed_up = Outcome(name="wrong class", colour=(226, 120, 190), mask_HW=there & found & ~same)
    both = (right, false_positive, false_negative)
    return (*both, mixed_up) if num_classes > 2 else both


def difference(picture: Picture, kinds: tuple[Outcome, ...]) -> Picture:
    """The outcomes in their colours over a dark grey copy of the image."""
    grey = picture.mean(axis=2, keepdims=True) * 0.25
    shown = np.repeat(grey.astype(np.uint8), 3, axis=2)
    for kind in kinds:
        shown[kind.mask_HW] = kind.colour
    return shown


def dimmed(picture: Picture, roi_HW: Region | None) -> Picture:
    """The picture with everything outside the region of interest darkened towards grey."""
    if roi_HW is None:
        return picture
    faded = (picture * _DIM + 255 * 0.16).astype(np.uint8)
    return np.where(roi_HW[..., None], picture, faded)


def _range_of(values_CHW: NDArray[np.float32], roi_HW: Region | None) -> tuple[float, float]:
    measured = values_CHW[:, roi_HW] if roi_HW is not None and roi_HW.any() else values_CHW
    measured = measured.reshape(-1)
    measured = measured[:: max(1, -(-measured.size // _MOST_MEASURED))]
    measured = measured[np.isfinite(measured)]
    if measured.size == 0:
        return 0.0, 0.0
    low, high = np.percentile(measured, _PERCENTILES)
    if low == high:
        low, high = measured.min(), measured.max()
    return float(low), float(high)
