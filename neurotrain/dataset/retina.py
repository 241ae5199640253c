"""Synthetic fundus photographs: what a retina camera would see of grown vessels.

A picture is a pure function of (seed, index, size). Landmarks, vessels, illumination and colours do
not depend on the size; noise does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from neurotrain.dataset.vessel_paint import PaintedVessels, paint_vessels
from neurotrain.dataset.vessel_tree import Eye, grow_vessels, place_landmarks

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Map = NDArray[np.float64]

FIELD_SHARE: Final = 0.96
"""The diameter of the field of view, as a share of the picture's side."""

_FUNDUS_RGB: Final = (0.74, 0.38, 0.17)
_DISC_RGB: Final = (0.96, 0.80, 0.50)
_CUP_RGB: Final = (1.0, 0.93, 0.72)
_EXUDATE_RGB: Final = (0.93, 0.83, 0.45)
_ARTERY_LOSS_RGB: Final = (0.14, 0.50, 0.34)
"""How much light of each colour a full artery takes, in the exponent."""
_VEIN_LOSS_RGB: Final = (0.30, 0.72, 0.46)
_BLUR_PX: Final = 0.6
_SHOT_NOISE: Final = 0.024
_READ_NOISE: Final = 0.012
_OUTSIDE_LEVEL: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """A synthetic fundus photograph and what is true of it."""

    image_HWC: NDArray[np.uint8]
    vessels_HW: NDArray[np.bool_]
    field_HW: NDArray[np.bool_]
    """The round field of view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The pixel centres in units of the field of view's radius."""

    x_HW: Map
    y_HW: Map
    radius_px: float

    def distance(self, place: tuple[float, float]) -> Map:
        """How far each pixel is from a place."""
        import numpy as np

        return np.asarray(np.hypot(self.x_HW - place[0], self.y_HW - place[1]))


def draw_retina(seed: int, index: int, size: int) -> Phantom:
    """The picture of this number in the series of this seed, `size` pixels square."""
    import numpy as np

    anatomy, optics, sensor = (
        np.random.Generator(np.random.PCG64(child))
        for child in np.random.SeedSequence([seed, index]).spawn(3)
    )
    eye = place_landmarks(anatomy)
    segments = grow_vessels(eye, anatomy)
    grid = _grid(size)
    vessels = paint_vessels(segments, size, grid.radius_px)
    field_HW = grid.distance((0.0, 0.0)) <= 1.0
    light_HWC = _fundus(grid, eye, optics)
    light_HWC *= _transmitted(vessels)
    light_HWC *= _illumination(grid, optics)[..., None]
    return Phantom(
        image_HWC=_photographed(light_HWC, grid, sensor),
        vessels_HW=vessels.mask_HW & field_HW,
        field_HW=field_HW,
    )


def _grid(size: int) -> _Grid:
    import numpy as np

    radius_px = FIELD_SHARE * size / 2.0
    axis = (np.arange(size) - (size - 1) / 2.0) / radius_px
    return _Grid(
        x_HW=np.broadcast_to(axis[None, :], (size, size)),
        y_HW=np.broadcast_to(axis[:, None], (size, size)),
        radius_px=radius_px,
    )


def _fundus(grid: _Grid, eye: Eye, rng: Generator) -> Map:
    """The retina without vessels, (H, W, 3)."""
    import numpy as np

    size = grid.x_HW.shape[0]
    tint = np.array(_FUNDUS_RGB) * rng.uniform(0.88, 1.12) * rng.uniform(0.93, 1.07, 3)
    light_HWC = np.broadcast_to(tint, (size, size, 3)).copy()
    mottle_HW = 0.6 * _smooth_noise(size, 9, rng) + 0.4 * _smooth_noise(size, 26, rng)
    light_HWC *= 1.0 + mottle_HW[..., None] * np.array([0.05, 0.11, 0.12])
    from_macula_HW = grid.distance(eye.macula)
    macula_HW = np.exp(-((from_macula_HW / rng.uniform(0.17, 0.23)) ** 2))
    light_HWC *= 1.0 - macula_HW[..., None] * np.array([0.22, 0.34, 0.30])
    _add_lesions(light_HWC, grid, rng)
    _add_disc(light_HWC, grid, eye, rng)
    return light_HWC


def _add_disc(light_HWC: Map, grid: _Grid, eye: Eye, rng: Generator) -> None:
    """Blend in the optic disc and its cup."""
    import numpy as np

    stretch = rng.uniform(0.95, 1.12)
    from_disc_HW = np.hypot(grid.x_HW - eye.disc[0], (grid.y_HW - eye.disc[1]) / stretch)
    glow_HW = 0.22 * np.exp(-((from_disc_HW / (2.2 * eye.disc_radius)) ** 2))
    _blend(light_HWC, glow_HW, _DISC_RGB)
    _blend(light_HWC, 0.85 * _soft_inside(from_disc_HW, eye.disc_radius, 0.018), _DISC_RGB)
    cup_radius = eye.disc_radius * rng.uniform(0.35, 0.55)
    _blend(light_HWC, 0.7 * _soft_inside(from_disc_HW, cup_radius, 0.02), _CUP_RGB)


def _add_lesions(light_HWC: Map, grid: _Grid, rng: Generator) -> None:
    """Dark and bright spots that are no vessels: small bleedings and exudates."""
    import numpy as np

    for _ in range(int(rng.integers(0, 9))):
        spot_HW = _soft_inside(_around_spot(grid, rng), rng.uniform(0.010, 0.030), 0.012)
        light_HWC *= 1.0 - rng.uniform(0.3, 0.8) * spot_HW[..., None] * np.array([0.25, 0.5, 0.4])
    for _ in range(int(rng.integers(0, 6))):
        spot_HW = _soft_inside(_around_spot(grid, rng), rng.uniform(0.008, 0.025), 0.010)
        _blend(light_HWC, rng.uniform(0.3, 0.8) * spot_HW, _EXUDATE_RGB)


def _around_spot(grid: _Grid, rng: Generator) -> Map:
    """The distance from a random place, through an oval."""
    import numpy as np

    place, angle = rng.uniform(-0.75, 0.75, 2), rng.uniform(0.0, np.pi)
    dx_HW, dy_HW = grid.x_HW - place[0], grid.y_HW - place[1]
    along_HW = dx_HW * np.cos(angle) + dy_HW * np.sin(angle)
    across_HW = dy_HW * np.cos(angle) - dx_HW * np.sin(angle)
    return np.asarray(np.hypot(along_HW / rng.uniform(1.0, 1.8), across_HW))


def _transmitted(vessels: PaintedVessels) -> Map:
    """The share of each colour that passes the blood, (H, W, 3)."""
    import numpy as np

    loss_HWC = np.maximum(
        vessels.artery_depth_HW[..., None] * np.array(_ARTERY_LOSS_RGB),
        vessels.vein_depth_HW[..., None] * np.array(_VEIN_LOSS_RGB),
    )
    return np.asarray(np.exp(-loss_HWC))


def _illumination(grid: _Grid, rng: Generator) -> Map:
    """Light that falls off to the rim, leans to one side and has a blotch or two."""
    import numpy as np

    size = grid.x_HW.shape[0]
    lean, angle = rng.uniform(0.05, 0.25), rng.uniform(0.0, 2.0 * np.pi)
    lean_HW = lean * (grid.x_HW * np.cos(angle) + grid.y_HW * np.sin(angle))
    rim_HW = rng.uniform(0.15, 0.38) * grid.distance((0.0, 0.0)) ** 2
    blotch_HW = 0.09 * _smooth_noise(size, 4, rng)
    return np.asarray(np.clip(1.0 + lean_HW - rim_HW + blotch_HW, 0.25, 1.6))


def _photographed(light_HWC: Map, grid: _Grid, rng: Generator) -> NDArray[np.uint8]:
    """The light through the lens and the round stop, with sensor noise, in 8 bits."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    stop_HW = _soft_inside(grid.distance((0.0, 0.0)), 1.0, 0.4 / grid.radius_px)
    blurred_HWC = gaussian_filter(light_HWC, (_BLUR_PX, _BLUR_PX, 0.0))
    seen_HWC = np.clip(blurred_HWC, 0.0, 1.0) * stop_HW[..., None]
    noise_HWC = rng.normal(0.0, 1.0, seen_HWC.shape)
    sigma_HWC = (
        np.sqrt(_READ_NOISE**2 + _SHOT_NOISE**2 * seen_HWC) * (0.25 + 0.75 * stop_HW)[..., None]
    )
    noisy_HWC = seen_HWC + _OUTSIDE_LEVEL * (1.0 - stop_HW[..., None]) + noise_HWC * sigma_HWC
    return np.asarray(np.rint(np.clip(noisy_HWC, 0.0, 1.0) * 255.0), np.uint8)


def _soft_inside(distance_HW: Map, radius: float, softness: float) -> Map:
    """1 inside a radius, 0 outside, with a soft edge."""
    import numpy as np

    return 1.0 / (1.0 + np.exp(np.clip((distance_HW - radius) / softness, -40.0, 40.0)))


def _blend(light_HWC: Map, share_HW: Map, colour: tuple[float, float, float]) -> None:
    import numpy as np

    light_HWC += share_HW[..., None] * (np.array(colour) - light_HWC)


def _smooth_noise(size: int, num_cells: int, rng: Generator) -> Map:
    """A smooth random field with about that many bumps a side and unit spread at its nodes."""
    import numpy as np
    from scipy.ndimage import map_coordinates

    nodes = rng.normal(0.0, 1.0, (num_cells + 3, num_cells + 3))
    axis = 1.0 + np.arange(size) / size * num_cells
    rows_HW, columns_HW = np.meshgrid(axis, axis, indexing="ij")
    field_HW: Map = map_coordinates(nodes, [rows_HW, columns_HW], order=3, mode="nearest")
    return field_HW
