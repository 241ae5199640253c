"""Vessel segments painted into pixels: the exact mask and how much light the blood takes.

Knows segments in units of the field of view's radius and a pixel grid; nothing of retinas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from neurotrain.dataset.vessel_tree import Segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_THINNEST_PX: Final = 0.5
"""A vessel's smallest radius in the mask: thinner lines would fall between pixel centres."""
_EDGE_PX: Final = 1.5
"""How far around a vessel pixels are computed."""
_FULL_DEPTH_RADIUS: Final = 0.020
"""The radius, in units of the field of view, from which blood takes all the light it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedVessels:
    """Vessels on a pixel grid."""

    mask_HW: NDArray[np.bool_]
    """True where a pixel's centre lies inside a vessel."""
    artery_depth_HW: NDArray[np.float32]
    """0 without blood to 1 under the thickest vessel."""
    vein_depth_HW: NDArray[np.float32]


def paint_vessels(segments: Segments, size: int, radius_px: float) -> PaintedVessels:
    """Paint the segments into a square of `size` pixels whose field of view has that radius."""
    import numpy as np

    centre = (size - 1) / 2.0
    starts_N2 = segments.starts_N2 * radius_px + centre
    ends_N2 = segments.ends_N2 * radius_px + centre
    radii_N = segments.radii_N * radius_px
    reach_N = np.maximum(radii_N, _THINNEST_PX) + _EDGE_PX
    reach_N += np.hypot(*(ends_N2 - starts_N2).T) / 2.0
    depth_2P = np.zeros((2, size * size), np.float32)
    mask_P = np.zeros(size * size, bool)
    halves_N = np.ceil(reach_N).astype(np.int64)
    for half in np.unique(halves_N):
        which_N = halves_N == half
        rows = _Rows(
            starts_N2=starts_N2[which_N],
            ends_N2=ends_N2[which_N],
            radii_N=radii_N[which_N],
            depths_N=_depths(segments.radii_N[which_N]),
            is_vein_N=segments.is_vein_N[which_N],
        )
        _paint(rows, int(half), size, mask_P, depth_2P)
    return PaintedVessels(
        mask_HW=mask_P.reshape(size, size),
        artery_depth_HW=depth_2P[0].reshape(size, size),
        vein_depth_HW=depth_2P[1].reshape(size, size),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Segments in pixels that need windows of the same size."""

    starts_N2: NDArray[np.float64]
    ends_N2: NDArray[np.float64]
    radii_N: NDArray[np.float64]
    depths_N: NDArray[np.float64]
    is_vein_N: NDArray[np.bool_]


def _depths(radii_N: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.minimum(1.0, (radii_N / _FULL_DEPTH_RADIUS) ** 0.65)


def _paint(
    rows: _Rows,
    half: int,
    size: int,
    mask_P: NDArray[np.bool_],
    depth_2P: NDArray[np.float32],
) -> None:
    """Paint segments through windows of 2*half+1 pixels around their middles."""
    import numpy as np

    middles_N2 = np.rint((rows.starts_N2 + rows.ends_N2) / 2.0).astype(np.int64)
    offsets = np.arange(-half, half + 1)
    x_NW = (middles_N2[:, :1] + np.tile(offsets, offsets.size)).astype(np.int64)
    y_NW = (middles_N2[:, 1:] + np.repeat(offsets, offsets.size)).astype(np.int64)
    distance_NW = _distances(rows, x_NW, y_NW)
    radii_N1 = rows.radii_N[:, None]
    on_grid_NW = (x_NW >= 0) & (x_NW < size) & (y_NW >= 0) & (y_NW < size)
    inside_NW = on_grid_NW & (distance_NW <= np.maximum(radii_N1, _THINNEST_PX))
    place_NW = y_NW * size + x_NW
    mask_P[place_NW[inside_NW]] = True
    cover_NW = np.clip(radii_N1 - distance_NW + 0.5, 0.0, np.minimum(1.0, 2.0 * radii_N1))
    # Arteries reflect light along their middle.
    reflex_NW = 0.3 * np.exp(-((distance_NW / (0.4 * radii_N1)) ** 2)) * (radii_N1 > 1.0)
    depth_NW = cover_NW * rows.depths_N[:, None]
    depth_NW *= 1.0 - np.where(rows.is_vein_N[:, None], 0.0, reflex_NW)
    for kind in (0, 1):
        touched_NW = on_grid_NW & (depth_NW > 0.0) & (rows.is_vein_N[:, None] == bool(kind))
        np.maximum.at(depth_2P[kind], place_NW[touched_NW], depth_NW[touched_NW].astype(np.float32))


def _distances(
    rows: _Rows, x_NW: NDArray[np.int64], y_NW: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The distance of each pixel centre from its segment."""
    import numpy as np

    along_N2 = rows.ends_N2 - rows.starts_N2
    squared_N1 = np.maximum((along_N2**2).sum(axis=1, keepdims=True), 1e-12)
    dx_NW = x_NW - rows.starts_N2[:, :1]
    dy_NW = y_NW - rows.starts_N2[:, 1:]
    share_NW = np.clip((dx_NW * along_N2[:, :1] + dy_NW * along_N2[:, 1:]) / squared_N1, 0.0, 1.0)
    return np.asarray(
        np.hypot(dx_NW - share_NW * along_N2[:, :1], dy_NW - share_NW * along_N2[:, 1:])
    )
