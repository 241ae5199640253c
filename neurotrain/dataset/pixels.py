"""Pixels of image files as arrays: images as float channels, and raw values for label maps.

Knows file formats, depths, palettes and orientation; nothing of classes or pairs. Numpy is
imported inside the functions, because the listing side of this package must load without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from neurotrain.dataset.headers import (
    DECODING_ERRORS,
    UnreadableImage,
    channel_axis,
    image_header,
    is_grey_palette,
    num_bits,
    opened_picture,
    orientation_of,
    palette_colours,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

Channels = Literal["auto", "grey", "rgb"]

_LUMA: Final = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as Pillow and OpenCV weigh red, green and blue."""
_TIFF_COMPRESSION: Final = 259
_TIFF_ORIENTATION: Final = 274
_PLAIN_COMPRESSIONS: Final = frozenset({1, 8, 32946})
"""None and deflate: what tifffile unpacks without further packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixels:
    """The values of a file."""

    values: NDArray[Any]
    """(H, W) or (H, W, C), as stored, alpha dropped."""
    full_scale: float
    """The value that stands for 1: 255, 65,535, or 1 where values are taken as stored."""


def load_image(path: Path, channels: Channels = "auto") -> NDArray[np.float32]:
    """An image of shape (C, H, W): 8-bit values over 255, 16-bit over 65,535, others as stored.

    `grey` weighs colours by ITU-R BT.601, `rgb` repeats a grey channel, `auto` keeps what is there.

    Raises:
        UnreadableImage: the file is missing, damaged, no image, too large or not finite.
    """
    return _as_image(path, read_pixels(path), channels)


def picture_image(picture: Image, channels: Channels = "auto") -> NDArray[np.float32]:
    """What `load_image` gives, of a picture that Pillow has opened or made.

    Raises:
        UnreadableImage: it is damaged, not finite, or cannot become what is wanted.
    """
    path = Path(getattr(picture, "filename", "") or "the given picture")
    try:
        pixels = _from_picture(picture, palette_indices=False)
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"it is truncated or damaged ({error})") from error
    return _as_image(path, pixels, channels)


def _as_image(path: Path, pixels: Pixels, channels: Channels) -> NDArray[np.float32]:
    import numpy as np

    values = pixels.values.astype(np.float32)
    if pixels.values.dtype.kind == "f" and not np.isfinite(values).all():
        raise UnreadableImage(path, "it holds values that are not finite")
    if pixels.full_scale != 1.0:
        values /= np.float32(pixels.full_scale)
    image_CHW = values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)
    return np.ascontiguousarray(_as_channels(path, image_CHW, channels))


def read_pixels(path: Path, *, palette_indices: bool = False) -> Pixels:
    """The stored values; those of a coloured palette as indices where `palette_indices` is set.

    Raises:
        UnreadableImage: the file is missing, damaged, no image, or too large.
    """
    try:
        with opened_picture(path) as picture:
            if picture is not None and not _is_deep_colour(picture):
                return _from_picture(picture, palette_indices)
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"it is truncated or damaged ({error})") from error
    values = _from_tifffile(path) if picture is not None else _from_array_file(path)
    axis = channel_axis(path, values.shape)
    return Pixels(values=_channels_last(values, axis), full_scale=_full_scale(values.dtype))


def _as_channels(
    path: Path, image_CHW: NDArray[np.float32], channels: Channels
) -> NDArray[np.float32]:
    import numpy as np

    num_channels = image_CHW.shape[0]
    if channels == "auto" or num_channels == {"grey": 1, "rgb": 3}[channels]:
        return image_CHW
    if channels == "rgb" and num_channels == 1:
        return np.repeat(image_CHW, 3, axis=0)
    if channels == "grey" and num_channels == 3:
        weights = np.asarray(_LUMA, np.float32)[:, None, None]
        grey_CHW: NDArray[np.float32] = (image_CHW * weights).sum(axis=0, keepdims=True)
        return grey_CHW
    raise UnreadableImage(path, f"it has {num_channels} channels, which cannot become {channels}")


def _is_deep_colour(picture: Image) -> bool:
    """Whether Pillow would cut the 16-bit colours of a TIFF to 8 bits and tifffile would not."""
    if picture.format != "TIFF" or picture.mode != "RGB" or num_bits(picture) != 16:
        return False
    tags = getattr(picture, "tag_v2", {})
    is_plain = tags.get(_TIFF_COMPRESSION, 1) in _PLAIN_COMPRESSIONS
    # Pillow turns a photograph by its orientation, tifffile does not.
    return is_plain and tags.get(_TIFF_ORIENTATION, 1) == 1


def _from_picture(picture: Image, palette_indices: bool) -> Pixels:
    import numpy as np
    from PIL import ImageOps

    bits = num_bits(picture)
    colours = palette_colours(picture)
    if orientation_of(picture) != 1:
        picture = ImageOps.exif_transpose(picture)
    if colours is not None and palette_indices and not is_grey_palette(colours):
        return Pixels(values=_indices(picture), full_scale=255.0)
    if colours is not None:
        picture = picture.convert("L" if is_grey_palette(colours) else "RGB")
    elif picture.mode in ("1", "LA"):
        picture = picture.convert("L")
    elif picture.mode not in ("L", "RGB", "I", "F") and not picture.mode.startswith("I;16"):
        picture = picture.convert("RGB")
    values = np.asarray(picture)
    if picture.mode in ("I", "F"):
        full_scale = 65_535.0 if bits == 16 else 1.0
    else:
        full_scale = 255.0 if values.dtype.itemsize == 1 else 65_535.0
    return Pixels(values=values, full_scale=full_scale)


def _indices(picture: Image) -> NDArray[Any]:
    import numpy as np

    return np.asarray(picture.getchannel("P") if picture.mode == "PA" else picture)


def _from_array_file(path: Path) -> NDArray[Any]:
    import numpy as np

    image_header(path)
    with path.open("rb") as file:
        is_array = file.read(6) == b"\x93NUMPY"
    if not is_array:
        return _from_tifffile(path)
    try:
        values: NDArray[Any] = np.load(path, allow_pickle=False)
    except DECODING_ERRORS as error:
        raise UnreadableImage(path, f"it is truncated or damaged ({error})") from error
    return values


def _from_tifffile(path: Path) -> NDArray[Any]:
    import tifffile

    header = image_header(path)
    try:
        values: NDArray[Any] = tifffile.imread(path, key=0)
    except (*DECODING_ERRORS, tifffile.TiffFileError) as error:
        raise UnreadableImage(path, f"it is damaged or of an unknown kind ({error})") from error
    axis = channel_axis(path, values.shape)
    if axis is None or values.shape[axis] == header.channels:
        return values
    return _channels_last(values, axis)[..., : header.channels]


def _channels_last(values: NDArray[Any], axis: int | None) -> NDArray[Any]:
    import numpy as np

    if axis is None:
        return values
    moved = np.moveaxis(values, axis, 2)
    return moved[..., 0] if moved.shape[2] == 1 else moved


def _full_scale(dtype: np.dtype[Any]) -> float:
    if dtype.kind != "u" or dtype.itemsize > 2:
        return 1.0
    return 255.0 if dtype.itemsize == 1 else 65_535.0
