"""A text that needs no file: sums, whose best perplexity is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from msgspec import Meta

from neurotrain.component.base import Component
from neurotrain.component.paths import Resolver
from neurotrain.dataset.base import Dataset, Sample, SampleInfo, Samples, Survey
from neurotrain.transforms.draws import Draws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LINE_BYTES: Final = 14
"""Of `07 + 58 = 065` and the end of the line."""
_ZERO: Final = 48
"""The digit 0 in ASCII."""


class Sums(Component, Dataset, tag="sums", frozen=True, kw_only=True):
    """Generated text for a language model: lines such as `07 + 58 = 065`.

    No file and no download: every line is computed from the seed and its number. The two numbers
    are drawn evenly from 00 to 99, so that four of a line's 14 bytes are chance and ten follow:
    no model has a perplexity below 10 ** (4 / 14) = 1.93, and one that has learned to add comes
    near it.
    """

    tasks: ClassVar[tuple[str, ...]] = ("causal_lm",)
    in_place: ClassVar[bool] = True

    lines: Annotated[int, Meta(description="Number of lines", ge=1, le=1_000_000)] = 10_000
    seed: Annotated[int, Meta(description="Seed of the lines", ge=0, le=2**32 - 1)] = 2026

    def survey(self, resolver: Resolver, *, max_headers: int | None, num_classes: int) -> Survey:
        """The lines as one text; nothing is generated."""
        text = SampleInfo(id="sums", length=self.lines * LINE_BYTES)
        return Survey(samples=(text,), synthetic=True, origin=f"sums seed {self.seed}")

    def open(
        self, resolver: Resolver, samples: tuple[SampleInfo, ...], num_classes: int
    ) -> Samples:
        """Generate all lines, some ten million bytes a second."""
        return _TextInMemory(tokens=_lines(self.seed, self.lines), blocks=samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TextInMemory:
    """Blocks of one text."""

    tokens: NDArray[np.uint8]
    blocks: tuple[SampleInfo, ...]

    def __len__(self) -> int:
        return len(self.blocks)

    def load(self, index: int) -> Sample:
        """One block, and the same one token on."""
        import numpy as np

        block = self.blocks[index]
        assert block.length is not None
        tokens = self.tokens[block.start : block.start + block.length + 1].astype(np.int64)
        return Sample(id=block.id, image_CHW=tokens[:-1], target=tokens[1:])


def _lines(seed: int, num_lines: int) -> NDArray[np.uint8]:
    """The bytes of all lines."""
    import numpy as np

    numbers = np.arange(num_lines)
    drawn = Draws.of(seed, 0, numbers, np.zeros_like(numbers)).uniform(2)
    first, second = (drawn * 100).astype(np.int64).T
    pattern = np.frombuffer(b"00 + 00 = 000\n", np.uint8)
    text = np.tile(pattern, (num_lines, 1))
    places = ((0, first, 10), (1, first, 1), (5, second, 10), (6, second, 1))
    total = first + second
    for at, value, unit in (*places, (10, total, 100), (11, total, 10), (12, total, 1)):
        text[:, at] = _ZERO + value // unit % 10
    return text.reshape(-1)
