"""The header of a TIFF or BigTIFF file, read by hand, for the kinds that Pillow does not know.

Knows the first image of the file and six of its tags (TIFF 6.0, sections 2 and 8), no pixels.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

TIFF_MAGICS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_WIDTH, _HEIGHT, _BITS, _SAMPLES, _EXTRA_SAMPLES, _ORIENTATION = 256, 257, 258, 277, 338, 274
_INTEGER_FORMATS: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MAX_ENTRIES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffHeader:
    """The first image of a TIFF file."""

    height: int
    width: int
    num_samples: int
    """Per pixel, alpha included."""
    num_extra_samples: int
    """How many of the samples are alpha or unspecified next to a colour."""
    bits: int
    orientation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a classic TIFF or a BigTIFF lays out its directory."""

    order: str
    offset: str
    num_entries: str
    entry: str
    inline_bytes: int


def read_tiff_header(file: BinaryIO) -> TiffHeader:
    """The header of the first image.

    Raises:
        ValueError: a tag is missing or absurd.
        struct.error: the file ends early.
    """
    tags = _first_directory(file)
    height, width = _single(tags, _HEIGHT), _single(tags, _WIDTH)
    if height < 1 or width < 1:
        raise ValueError(f"a size of {height}x{width}")
    return TiffHeader(
        height=height,
        width=width,
        num_samples=_single(tags, _SAMPLES, default=1),
        num_extra_samples=_num_alphas(tags),
        bits=max(tags.get(_BITS, (1,))),
        orientation=_single(tags, _ORIENTATION, default=1),
    )


def _num_alphas(tags: dict[int, tuple[int, ...]]) -> int:
    # Extra samples of kind 0 are further channels of a scientific image, not an alpha.
    return sum(kind in (1, 2) for kind in tags.get(_EXTRA_SAMPLES, ()))


def _single(tags: dict[int, tuple[int, ...]], tag: int, default: int | None = None) -> int:
    values = tags.get(tag, () if default is None else (default,))
    if not values:
        raise ValueError(f"tag {tag} is missing")
    return values[0]


def _first_directory(file: BinaryIO) -> dict[int, tuple[int, ...]]:
    file.seek(0)
    layout, start = _layout(file.read(16))
    file.seek(start)
    (num_entries,) = _unpacked(file, layout.order + layout.num_entries)
    if not 1 <= num_entries <= _MAX_ENTRIES:
        raise ValueError(f"a directory of {num_entries} entries")
    size = struct.calcsize(layout.order + layout.entry)
    directory = file.read(num_entries * size)
    return dict(
        _entry(file, layout, directory[index * size : (index + 1) * size])
        for index in range(num_entries)
    )


def _layout(head: bytes) -> tuple[_Layout, int]:
    order = "<" if head[:2] == b"II" else ">"
    if head[:4] in TIFF_MAGICS[:2]:
        layout = _Layout(order=order, offset="I", num_entries="H", entry="HHI4s", inline_bytes=4)
        return layout, struct.unpack_from(order + "I", head, 4)[0]
    layout = _Layout(order=order, offset="Q", num_entries="Q", entry="HHQ8s", inline_bytes=8)
    return layout, struct.unpack_from(order + "Q", head, 8)[0]


def _entry(file: BinaryIO, layout: _Layout, raw: bytes) -> tuple[int, tuple[int, ...]]:
    tag, kind, count, value = struct.unpack(layout.order + layout.entry, raw)
    if kind not in _INTEGER_FORMATS or count > _MAX_ENTRIES:
        return tag, ()
    numbers = f"{layout.order}{count}{_INTEGER_FORMATS[kind]}"
    if struct.calcsize(numbers) > layout.inline_bytes:
        (offset,) = struct.unpack(layout.order + layout.offset, value)
        file.seek(offset)
        return tag, _unpacked(file, numbers)
    return tag, struct.unpack_from(numbers, value)


def _unpacked(file: BinaryIO, numbers: str) -> tuple[int, ...]:
    return struct.unpack(numbers, file.read(struct.calcsize(numbers)))
