"""Text as tokens: bytes, cut into blocks of the task's context length.

The tokenizer is the bytes themselves: tokens 0 to 255 are bytes, 256 ends a text. All texts of a
dataset are one stream, each with its end. A sample is `context_length` tokens of it, and its target
the same tokens one place on. Samples follow each other without a gap; what is left over at the end
of the stream is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Final

from neurotrain.dataset.base import SampleInfo, Survey

END: Final = 256
"""The token after each text."""
VOCABULARY: Final = 257


def num_tokens(texts: tuple[SampleInfo, ...]) -> int:
    """The length of the stream of whole texts."""
    return sum(text.length or 0 for text in texts)


def cut(survey: Survey, context_length: int) -> Survey:
    """The survey of whole texts as one of blocks, in the order of the stream."""
    return replace(survey, samples=tuple(_blocks(survey.samples, context_length)))


def _blocks(texts: tuple[SampleInfo, ...], context_length: int) -> Iterator[SampleInfo]:
    ends = list(accumulate(text.length or 0 for text in texts))
    first = 0
    for start in range(0, (ends[-1] if ends else 0) - context_length, context_length):
        while ends[first] <= start:
            first += 1
        last = first
        while ends[last] < start + context_length + 1:
            last += 1
        offset = start - (ends[first] - (texts[first].length or 0))
        spanned = texts[first : last + 1]
        yield SampleInfo(
            id=f"{texts[first].id}@{offset}",
            files=tuple(name for text in spanned for name in text.files),
            file_bytes=tuple(size for text in spanned for size in text.file_bytes),
            start=offset,
            length=context_length,
        )
