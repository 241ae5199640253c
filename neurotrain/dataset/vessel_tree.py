"""Synthetic vessel trees of a retina: arteries and veins that grow out of the optic disc.

Knows geometry in units of the field of view's radius, with x to the right, y down and the origin in
its centre; nothing of pixels. All tips grow at once, one short step each round, so that a tree of
thousands of segments takes milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEP: Final = 0.012
_MAX_STEPS: Final = 260
_SMALLEST_RADIUS: Final = 0.0072
_ARTERY_RADIUS: Final = 0.0185
_VEIN_RADIUS: Final = 0.0235
_FOVEA_RADIUS: Final = 0.13
"""No vessel enters the fovea."""
_FOVEA_REACH: Final = 0.30
_FOVEA_TURN: Final = 9.0
"""The sharpest bend around the fovea, in radians per unit of length."""
_TEMPORAL_TURN: Final = 2.4
"""How fast the arcades bend around the macula, per unit of length."""
_TAPER: Final = 0.12
"""Loss of radius per unit of length, beside what branches take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """Where the landmarks lie."""

    side: float
    """1 where the optic disc is to the right of the macula, -1 to the left."""
    disc: tuple[float, float]
    disc_radius: float
    macula: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The straight pieces of all vessels, one row a piece."""

    starts_N2: Floats
    ends_N2: Floats
    radii_N: Floats
    is_vein_N: NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class _Tips:
    """The growing ends; every field has one entry a tip."""

    places_N2: Floats
    headings_N: Floats
    goals_N: Floats
    """The heading that a tip bends towards."""
    turns_N: Floats
    """How fast it does, per unit of length."""
    wander_N: Floats
    """A slowly changing curvature that makes vessels tortuous."""
    radii_N: Floats
    until_branch_N: Floats
    """Length left before the next branching."""
    is_vein_N: NDArray[np.bool_]

    def chosen(self, which: NDArray[np.bool_]) -> _Tips:
        """Some of the tips."""
        return _Tips(**{name: getattr(self, name)[which] for name in self.__slots__})

    def joined(self, others: _Tips) -> _Tips:
        """These tips and others."""
        import numpy as np

        return _Tips(
            **{
                name: np.concatenate([getattr(self, name), getattr(others, name)])
                for name in self.__slots__
            }
        )


def place_landmarks(rng: Generator) -> Eye:
    """A left or right eye with its disc and macula."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    disc_x, disc_y = rng.uniform(0.48, 0.62), rng.uniform(-0.08, 0.08)
    macula_x, macula_y = disc_x - rng.uniform(0.60, 0.70), disc_y + rng.uniform(0.02, 0.10)
    return Eye(
        side=side,
        disc=(side * disc_x, disc_y),
        disc_radius=rng.uniform(0.115, 0.14),
        macula=(side * macula_x, macula_y),
    )


def grow_vessels(eye: Eye, rng: Generator) -> Segments:
    """Grow all vessels until they are too thin or leave the field of view."""
    import numpy as np

    tips = _trunks(eye, rng)
    starts, ends, radii, veins = [], [], [], []
    for _ in range(_MAX_STEPS):
        if len(tips.radii_N) == 0:
            break
        before_N2 = tips.places_N2
        _advance(tips, eye, rng)
        starts.append(before_N2)
        ends.append(tips.places_N2)
        radii.append(tips.radii_N.copy())
        veins.append(tips.is_vein_N)
        tips = _branched(tips.chosen(_alive(tips, eye)), rng)
    return Segments(
        starts_N2=np.concatenate(starts),
        ends_N2=np.concatenate(ends),
        radii_N=np.concatenate(radii),
        is_vein_N=np.concatenate(veins),
    )


def _trunks(eye: Eye, rng: Generator) -> _Tips:
    """An artery and a vein for each quadrant, on the disc's centre."""
    import numpy as np

    upward_N = np.repeat([1.0, -1.0, 1.0, -1.0], 2)
    is_temporal_N = np.repeat([True, True, False, False], 2)
    is_vein_N = np.tile([True, False], 4)
    # Angles are measured from the direction towards the macula, then mirrored for the side.
    angles_N = np.where(is_temporal_N, rng.uniform(1.15, 1.55, 8), rng.uniform(2.2, 2.7, 8))
    angles_N += np.where(is_vein_N, 0.14, -0.14)
    goals_N = np.where(is_temporal_N, rng.uniform(-0.15, 0.15, 8), rng.uniform(2.3, 2.9, 8))
    radii_N = np.where(is_vein_N, _VEIN_RADIUS, _ARTERY_RADIUS) * rng.uniform(0.85, 1.1, 8)
    radii_N *= np.where(is_temporal_N, 1.0, 0.8)
    start_N2 = np.array(eye.disc) + rng.normal(0.0, 0.25 * eye.disc_radius, (8, 2))
    return _Tips(
        places_N2=start_N2,
        headings_N=_mirrored(upward_N * angles_N, eye.side),
        goals_N=_mirrored(upward_N * goals_N, eye.side),
        turns_N=np.where(is_temporal_N, _TEMPORAL_TURN * rng.uniform(0.75, 1.15, 8), 1.0),
        wander_N=np.zeros(8),
        radii_N=radii_N,
        until_branch_N=rng.uniform(0.08, 0.25, 8),
        is_vein_N=is_vein_N,
    )


def _mirrored(angles_N: Floats, side: float) -> Floats:
    """Headings in the image, where y points down, of angles from the direction to the macula."""
    import numpy as np

    return np.asarray(np.pi + angles_N) if side > 0 else np.asarray(-angles_N)


def _advance(tips: _Tips, eye: Eye, rng: Generator) -> None:
    """Move every tip by one step, in place."""
    import numpy as np

    num = len(tips.radii_N)
    thinness_N = _ARTERY_RADIUS / tips.radii_N
    noise_N = rng.normal(0.0, 1.0, num)
    tips.wander_N = 0.9 * tips.wander_N + 0.9 * noise_N * np.sqrt(thinness_N)
    bend_N = tips.turns_N * _wrapped(tips.goals_N - tips.headings_N) + tips.wander_N
    bend_N += _around_fovea(tips, eye)
    tips.headings_N = tips.headings_N + bend_N * _STEP
    direction_N2 = np.stack([np.cos(tips.headings_N), np.sin(tips.headings_N)], axis=1)
    tips.places_N2 = tips.places_N2 + _STEP * direction_N2
    tips.radii_N = tips.radii_N * (1.0 - _TAPER * _STEP)
    tips.until_branch_N = tips.until_branch_N - _STEP


def _around_fovea(tips: _Tips, eye: Eye) -> Floats:
    """The curvature by which vessels, thick ones most, pass around the fovea."""
    import numpy as np

    to_fovea_N2 = np.array(eye.macula) - tips.places_N2
    off_N = _wrapped(tips.headings_N - np.arctan2(to_fovea_N2[:, 1], to_fovea_N2[:, 0]))
    nearness_N = np.exp(-((np.hypot(*to_fovea_N2.T) / _FOVEA_REACH) ** 2))
    thickness_N = np.minimum(1.0, tips.radii_N / _ARTERY_RADIUS)
    aims_N = np.maximum(0.0, np.cos(off_N))
    return np.asarray(_FOVEA_TURN * np.sign(off_N) * aims_N * nearness_N * thickness_N)


def _wrapped(angles_N: Floats) -> Floats:
    import numpy as np

    return np.asarray((angles_N + np.pi) % (2.0 * np.pi) - np.pi)


def _alive(tips: _Tips, eye: Eye) -> NDArray[np.bool_]:
    """Which tips are thick enough, in view and outside the fovea."""
    import numpy as np

    in_view_N = np.hypot(*tips.places_N2.T) < 1.03
    from_fovea_N = np.hypot(*(tips.places_N2 - np.array(eye.macula)).T)
    return np.asarray(
        (tips.radii_N > _SMALLEST_RADIUS) & in_view_N & (from_fovea_N > _FOVEA_RADIUS)
    )


def _branched(tips: _Tips, rng: Generator) -> _Tips:
    """Split the tips that are due: their radii follow Murray's law, r^3 = r1^3 + r2^3.

    The angles are those of least work (Murray, "The physiological principle of minimum work
    applied to the angle of branching of arteries", 1926), with some scatter.
    """
    import numpy as np

    is_due_N = tips.until_branch_N <= 0.0
    if not is_due_N.any():
        return tips
    due = tips.chosen(is_due_N)
    num = len(due.radii_N)
    ratio_N = rng.uniform(0.35, 0.85, num)
    large_N = due.radii_N / np.cbrt(1.0 + ratio_N**3)
    small_N = large_N * ratio_N
    sides_N = np.where(rng.random(num) < 0.5, 1.0, -1.0)
    small = due.chosen(np.ones(num, bool))
    small.headings_N = due.headings_N + sides_N * (
        _angle(due.radii_N, small_N, large_N) + rng.normal(0.0, 0.15, num)
    )
    # A side branch keeps its own direction and does not follow the arcade.
    small.goals_N = small.headings_N + rng.normal(0.0, 0.3, num)
    small.turns_N = np.full(num, 0.6)
    small.radii_N = small_N
    small.wander_N = np.zeros(num)
    small.until_branch_N = _intervals(small_N, rng)
    tips.headings_N = tips.headings_N.copy()
    tips.headings_N[is_due_N] -= sides_N * _angle(due.radii_N, large_N, small_N)
    tips.radii_N[is_due_N] = large_N
    tips.until_branch_N[is_due_N] = _intervals(large_N, rng)
    return tips.joined(small)


def _angle(parent_N: Floats, child_N: Floats, sibling_N: Floats) -> Floats:
    """The angle between a parent and a child of least work."""
    import numpy as np

    cosine_N = (parent_N**4 + child_N**4 - sibling_N**4) / (2.0 * parent_N**2 * child_N**2)
    return np.asarray(np.arccos(np.clip(cosine_N, -1.0, 1.0)))


def _intervals(radii_N: Floats, rng: Generator) -> Floats:
    """The lengths before the next branchings: thicker vessels run longer."""
    return (0.05 + 6.0 * radii_N) * rng.uniform(0.5, 1.6, len(radii_N))
