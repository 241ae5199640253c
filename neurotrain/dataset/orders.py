"""Which samples a batch is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One batch to make: which samples and crops, and the epoch that their draws belong to."""

    epoch: int
    samples: NDArray[np.int64]
    crops: NDArray[np.int64]
    members: NDArray[np.int64] | None = None
    """Which samples may stand in for one that cannot be used, sorted; None: all."""
