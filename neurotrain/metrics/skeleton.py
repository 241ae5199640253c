"""Centre lines of masks by thinning that keeps the topology.

From each side in turn, all border pixels are taken away that are no end of a line and that connect
nothing: Rosenfeld, "A characterization of parallel thinning algorithms", Information and Control
1975. Objects are connected by 8 neighbours, the rest by 4.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AROUND: Final = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Row and column of the eight neighbours, clockwise from above; the even ones share a side."""
_SIDES: Final = (0, 4, 2, 6)
"""Above, below, right, left: opposite sides in turn keep the line in the middle."""


def skeleton(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The centre line of a mask, bool (H, W): one pixel wide, with as many pieces and holes."""
    import numpy as np

    rest = np.pad(np.ascontiguousarray(mask), 1).astype(np.uint8)
    flat, width = rest.reshape(-1), rest.shape[1]
    steps = [row * width + column for row, column in _AROUND]
    removable = _removable()
    places = np.flatnonzero(flat)
    changed = True
    while changed:
        changed = False
        for side in _SIDES:
            border = places[flat[places + steps[side]] == 0]
            code = np.zeros(len(border), dtype=np.uint8)
            for bit, step in enumerate(steps):
                code |= flat[border + step] << bit
            gone = border[removable[code]]
            if len(gone):
                flat[gone] = 0
                places, changed = places[flat[places] == 1], True
    return rest[1:-1, 1:-1].astype(bool)


@cache
def _removable() -> NDArray[np.bool_]:
    """For each pattern of neighbours, bit by bit: whether the pixel may be taken away."""
    import numpy as np

    return np.array([_is_removable([code >> bit & 1 for bit in range(8)]) for code in range(256)])


def _is_removable(around: list[int]) -> bool:
    """Whether at least two neighbours are set, and they are one piece without the pixel.

    They are one piece where the crossing number of Hilditch (1969) is one: pieces of the background
    that share a side with the pixel.
    """
    pieces = sum(
        not around[side] and bool(around[side + 1] or around[(side + 2) % 8])
        for side in range(0, 8, 2)
    )
    return sum(around) >= 2 and pieces == 1
