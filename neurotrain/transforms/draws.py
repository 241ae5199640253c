"""Random numbers as a function of (seed, epoch, sample, crop, stream), not as a stream.

A draw depends on nothing else, so it is the same for any batch size, number of workers and number
of resumes. The numbers are counter-based: the key and a counter are mixed by the finaliser of
SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GOLDEN: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1
ORDER_STREAM: Final = 1 << 32
SPLIT_STREAM: Final = (1 << 32) + 1
DISCRIMINATOR_STREAM: Final = (1 << 32) + 2


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one batch; `keys` has one 64-bit key a sample."""

    keys: NDArray[np.uint64]

    @classmethod
    def of(
        cls, seed: int, epoch: int, samples: NDArray[np.int64], crops: NDArray[np.int64]
    ) -> Draws:
        """The draws of these samples, each with its crop number, in an epoch."""
        import numpy as np

        keys = np.full(len(samples), mix(seed, epoch), dtype=np.uint64)
        for part in (samples, crops):
            keys = _finalise(keys + (part.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN))
        return cls(keys)

    def at(self, stream: int) -> Draws:
        """Independent draws for the same samples, such as those of the next transform."""
        import numpy as np

        return replace(self, keys=_finalise(self.keys ^ np.uint64(mix(stream, 0x5EED))))

    def uniform(self, num: int) -> NDArray[np.float64]:
        """Numbers in [0, 1) of shape (samples, num)."""
        import numpy as np

        counters = (np.arange(1, num + 1, dtype=np.uint64) * np.uint64(_GOLDEN))[None, :]
        bits = _finalise(self.keys[:, None] + counters)
        scaled: NDArray[np.float64] = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return scaled

    def normal(self, num: int) -> NDArray[np.float32]:
        """Standard normal numbers of shape (samples, num), by the Box-Muller transform."""
        import numpy as np

        half = (num + 1) // 2
        uniform = self.uniform(2 * half)
        # In (0, 1]: rounding to float32 can give 1 but never 0, whose logarithm is infinite.
        above_zero = (1.0 - uniform[:, :half]).astype(np.float32)
        radius = np.sqrt(np.float32(-2.0) * np.log(above_zero))
        angle = np.float32(2.0 * np.pi) * uniform[:, half:].astype(np.float32)
        pairs = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        normal: NDArray[np.float32] = pairs[:, :num].astype(np.float32, copy=False)
        return normal


def permutation(seed: int, epoch: int, num: int) -> NDArray[np.int64]:
    """The order of `num` samples in an epoch."""
    import numpy as np

    generator = np.random.Generator(np.random.Philox(key=[mix(seed, ORDER_STREAM), epoch]))
    return generator.permutation(num)


def mix(first: int, second: int) -> int:
    """Two integers as one well-mixed 64-bit integer; pure Python, the same as on arrays."""
    state = (first * _GOLDEN + second + 1) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def _finalise(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    import numpy as np

    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
