"""What the first bytes of an image file tell: its size, channels and depth.

Pillow reads the headers of pictures; those of NPY files, and of TIFF files that Pillow does not
know, are read here by hand, because this runs where numpy must not be loaded. Pixels are read in
`pixels`.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from neurotrain.dataset.tiff_header import TIFF_MAGICS, read_tiff_header

if TYPE_CHECKING:
    from PIL.Image import Image

EXTENSIONS: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".npy", ".ppm", ".pgm", ".pbm"}
)
"""The extensions that a pattern without one stands for, in lower case."""

MAX_PIXELS: Final = 178_956_970
"""An image with more is refused, lest a small file fill the memory; also Pillow's own limit."""

_FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF")
_NPY_MAGIC: Final = b"\x93NUMPY"
_NUMBER_TYPE: Final = re.compile(r"[<>|=]?[biuf](1|2|4|8|16)")
_NPY_DTYPE: Final = re.compile(r"""['"]descr['"]\s*:\s*['"]([^'"]{1,20})['"]""")
_NPY_SHAPE: Final = re.compile(r"""['"]shape['"]\s*:\s*\(([0-9,\sL]{0,200})\)""")
_GREY_MODES: Final = frozenset({"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L"})
_PALETTE_MODES: Final = frozenset({"P", "PA"})
_EXIF_ORIENTATION: Final = 274
_TIFF_BITS: Final = 258
_MAX_SAMPLES_A_PIXEL: Final = 64

DECODING_ERRORS: Final = (
    OSError, SyntaxError, ValueError, IndexError, TypeError, KeyError, EOFError, OverflowError,
    struct.error,
)  # fmt: skip
"""What Pillow's and tifffile's decoders raise on damaged files."""


class UnreadableImage(Exception):
    """A file that cannot be used as an image; `cause` says why, without the file's name."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{path}: {cause}")
        self.path = path
        self.cause = cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What an image's header tells."""

    height: int
    """Pixels, after the EXIF orientation of a JPEG or TIFF photograph is applied."""
    width: int
    channels: int
    """Without alpha; a palette counts as 1 where it is all grey, else as 3."""
    bits: int
    """Per channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayHeader:
    """What an NPY file's header tells."""

    dtype: str
    """As numpy writes it, such as `<f4`."""
    shape: tuple[int, ...]


def image_header(path: Path) -> Header:
    """The header of an image file; no pixel is decoded.

    Raises:
        UnreadableImage: the file is missing, no image of a supported format, or too large.
    """
    with _opened(path) as file:
        magic = _magic(file)
        if magic.startswith(_NPY_MAGIC):
            return _checked(path, _array_image_header(path, read_array_header(path, file)))
        picture = _identified(path, file)
        if picture is not None:
            with picture:
                return _checked(path, _picture_header(path, picture))
        if magic[:4] in TIFF_MAGICS:
            return _checked(path, _tiff_header(path, file))
    raise UnreadableImage(path, _unidentified(path))


@contextmanager
def opened_picture(path: Path) -> Iterator[Image | None]:
    """The file as Pillow opens it, not yet decoded; None where another reader must take it.

    Raises:
        UnreadableImage: the file is missing, no image of a supported format, or too large.
    """
    with _opened(path) as file:
        magic = _magic(file)
        if magic.startswith(_NPY_MAGIC):
            yield None
            return
        picture = _identified(path, file)
        if picture is None and magic[:4] not in TIFF_MAGICS:
            raise UnreadableImage(path, _unidentified(path))
        if picture is None:
            _checked(path, _tiff_header(path, file))
            yield None
            return
        with picture:
            _checked(path, _picture_header(path, picture))
            yield picture


def orientation_of(picture: Image) -> int:
    """The EXIF orientation of a JPEG photograph, 1 to 8; Pillow turns TIFF files by itself."""
    if picture.format not in ("JPEG", "MPO"):
        return 1
    try:
        orientation = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except DECODING_ERRORS:
        return 1
    return orientation if orientation in range(1, 9) else 1


def palette_colours(picture: Image) -> tuple[tuple[int, int, int], ...] | None:
    """The palette of a picture with one, in index order; None for other pictures."""
    if picture.mode not in _PALETTE_MODES:
        return None
    flat = picture.getpalette("RGB") or []
    return tuple(zip(flat[0::3], flat[1::3], flat[2::3], strict=False))


def is_grey_palette(colours: tuple[tuple[int, int, int], ...]) -> bool:
    """Whether a palette has entries and all of them are grey."""
    return bool(colours) and all(red == green == blue for red, green, blue in colours)


def num_bits(picture: Image) -> int:
    """Bits per channel as stored."""
    if picture.mode == "1":
        return 1
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PPM"):
        return 16
    if picture.mode in ("I", "F"):
        return 32
    tags = getattr(picture, "tag_v2", {})
    return max(8, *tags.get(_TIFF_BITS, (8,))) if picture.format == "TIFF" else 8


def read_array_header(path: Path, file: BinaryIO) -> ArrayHeader:
    """The header of an NPY file (NEP 1: magic, version, length, a literal dictionary).

    Raises:
        UnreadableImage: the header is damaged, or the array holds Python objects.
    """
    try:
        major = file.read(8)[6]
        length_format = "<H" if major == 1 else "<I"
        (length,) = struct.unpack(length_format, file.read(struct.calcsize(length_format)))
        if length > 65_536:
            raise ValueError(f"a header of {length} bytes")
        header = file.read(length).decode("utf-8" if major > 2 else "latin-1")
        dtype, shape = _dtype_and_shape(header)
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"the NPY header is damaged ({error})") from error
    if not _NUMBER_TYPE.fullmatch(dtype):
        raise UnreadableImage(path, f"an array of type {dtype} is not an image")
    return ArrayHeader(dtype=dtype, shape=shape)


def _dtype_and_shape(header: str) -> tuple[str, tuple[int, ...]]:
    """The type and shape in an NPY header, which is matched as text and never evaluated."""
    dtype, shape = _NPY_DTYPE.search(header), _NPY_SHAPE.search(header)
    if shape is None:
        raise ValueError("no shape is in it")
    if dtype is None:
        return "of Python objects or records", ()
    return dtype[1], tuple(int(extent) for extent in shape[1].split(",") if extent.strip())


def channel_axis(path: Path, shape: tuple[int, ...]) -> int | None:
    """The axis of an array that holds its channels; None for a plain (height, width).

    The last axis where it has 1, 3 or 4 entries, else the first where that has; of other
    three-dimensional shapes the shortest axis of the two.

    Raises:
        UnreadableImage: the array has not two or three dimensions, or is empty.
    """
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise UnreadableImage(path, f"an array of shape {shape} is not an image")
    if len(shape) == 2:
        return None
    for axis in (2, 0):
        if shape[axis] in (1, 3, 4):
            return axis
    axis = 2 if shape[2] <= shape[0] else 0
    if shape[axis] > _MAX_SAMPLES_A_PIXEL:
        raise UnreadableImage(path, f"an array of shape {shape} is a volume, not an image")
    return axis


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "no regular file"
            raise UnreadableImage(path, f"it is {kind}")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise UnreadableImage(path, "the file does not exist") from error
    except OSError as error:
        raise UnreadableImage(path, os.strerror(error.errno or 0).lower()) from error
    with file:
        yield file


def _magic(file: BinaryIO) -> bytes:
    magic = file.read(8)
    file.seek(0)
    return magic


def _identified(path: Path, file: BinaryIO) -> Image | None:
    from PIL import Image, TiffImagePlugin, UnidentifiedImageError

    formats = (*_FORMATS[:-1], TiffImagePlugin.TiffImageFile.format)
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError:
        file.seek(0)
        return None
    except Image.DecompressionBombError as error:
        raise UnreadableImage(path, _too_large()) from error
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"its header is damaged ({error})") from error


def _picture_header(path: Path, picture: Image) -> Header:
    width, height = picture.size
    if orientation_of(picture) >= 5:
        width, height = height, width
    try:
        colours = palette_colours(picture)
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"its header is damaged ({error})") from error
    if colours is not None:
        channels = 1 if is_grey_palette(colours) else 3
    else:
        channels = 1 if picture.mode in _GREY_MODES else 3
    return Header(height=height, width=width, channels=channels, bits=num_bits(picture))


def _array_image_header(path: Path, array: ArrayHeader) -> Header:
    axis = channel_axis(path, array.shape)
    channels = 1 if axis is None else array.shape[axis]
    height, width = (extent for index, extent in enumerate(array.shape) if index != axis)
    bits = 8 * int(array.dtype.lstrip("<>|=")[1:])
    return Header(height=height, width=width, channels=channels, bits=bits)


def _tiff_header(path: Path, file: BinaryIO) -> Header:
    try:
        tiff = read_tiff_header(file)
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"the TIFF header is damaged ({error})") from error
    if tiff.orientation != 1:
        cause = f"its orientation tag is {tiff.orientation}; save this kind of TIFF upright"
        raise UnreadableImage(path, cause)
    channels = tiff.num_samples - tiff.num_extra_samples
    return Header(height=tiff.height, width=tiff.width, channels=channels, bits=tiff.bits)


def _checked(path: Path, header: Header) -> Header:
    if header.height * header.width > MAX_PIXELS:
        raise UnreadableImage(path, _too_large())
    return header


def _too_large() -> str:
    return f"it has more than {MAX_PIXELS:,} pixels; cut it into tiles"


def _unidentified(path: Path) -> str:
    if path.stat().st_size == 0:
        return "the file is empty"
    return "not a PNG, JPEG, TIFF, GIF, BMP, PPM or NPY image, or its header is damaged"
