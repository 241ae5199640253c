"""Headers of image files, against the libraries that wrote them."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from neurotrain.dataset.headers import MAX_PIXELS, Header, UnreadableImage, image_header
from neurotrain.dataset.tiff_header import read_tiff_header

HEIGHT, WIDTH = 6, 9


def picture(mode: str) -> Image.Image:
    image = Image.new(mode, (WIDTH, HEIGHT))
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 0, 0])
    return image


@pytest.mark.parametrize(
    ("name", "mode", "channels", "bits"),
    [
        ("a.png", "L", 1, 8),
        ("a.png", "LA", 1, 8),
        ("a.png", "RGB", 3, 8),
        ("a.png", "RGBA", 3, 8),
        ("a.png", "P", 3, 8),
        ("a.png", "1", 1, 1),
        ("a.png", "I;16", 1, 16),
        ("a.jpg", "L", 1, 8),
        ("a.jpg", "RGB", 3, 8),
        ("a.jpg", "CMYK", 3, 8),
        ("a.gif", "L", 1, 8),
        ("a.gif", "RGB", 3, 8),
        ("a.bmp", "RGB", 3, 8),
        ("a.ppm", "RGB", 3, 8),
        ("a.pgm", "L", 1, 8),
        ("a.pgm", "I;16", 1, 16),
        ("a.pbm", "1", 1, 1),
        ("a.tif", "L", 1, 8),
        ("a.tif", "RGB", 3, 8),
        ("a.tif", "I;16", 1, 16),
        ("a.tif", "F", 1, 32),
        ("wrong_extension.jpg", "RGB", 3, 8),
    ],
)
def test_pictures(tmp_path: Path, name: str, mode: str, channels: int, bits: int) -> None:
    """Size, channels without alpha, and depth, for every format and mode."""
    image = picture(mode)
    if (name, mode) == ("a.gif", "RGB"):
        image.putpixel((0, 0), (255, 0, 0))
    image.save(tmp_path / name, format="PNG" if name.startswith("wrong") else None)
    expected = Header(height=HEIGHT, width=WIDTH, channels=channels, bits=bits)
    assert image_header(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("shape", "channels"),
    [((6, 9), 1), ((6, 9, 1), 1), ((6, 9, 3), 3), ((3, 6, 9), 3), ((1, 6, 9), 1), ((6, 9, 5), 5)],
)
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "f4", "f8", "i4", "?"])
def test_arrays(tmp_path: Path, shape: tuple[int, ...], channels: int, dtype: str) -> None:
    """NPY files may hold height and width, with channels first or last."""
    np.save(tmp_path / "a.npy", np.zeros(shape, dtype))
    bits = 8 * np.dtype(dtype).itemsize
    expected = Header(height=6, width=9, channels=channels, bits=bits)
    assert image_header(tmp_path / "a.npy") == expected


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("shape", "dtype", "photometric"),
    [((6, 9), "u1", "minisblack"), ((6, 9, 3), "u2", "rgb"), ((6, 9, 5), "f4", "minisblack")],
)
def test_tiff_by_hand(
    tmp_path: Path, big: bool, order: str, shape: tuple[int, ...], dtype: str, photometric: str
) -> None:
    """Our TIFF reader agrees with tifffile, for both byte orders and BigTIFF."""
    file = tmp_path / "a.tif"
    tifffile.imwrite(
        file,
        np.zeros(shape, dtype),
        bigtiff=big,
        byteorder=order,
        photometric=photometric,
        planarconfig="contig" if len(shape) == 3 else None,
    )
    with file.open("rb") as opened, tifffile.TiffFile(file) as oracle:
        header, page = read_tiff_header(opened), oracle.pages[0]
        assert (header.height, header.width) == (page.imagelength, page.imagewidth)
        assert (header.num_samples, header.bits) == (page.samplesperpixel, page.bitspersample)


def test_tiff_kinds_unknown_to_pillow(tmp_path: Path) -> None:
    """A TIFF of five float channels has a header all the same."""
    values = np.zeros((HEIGHT, WIDTH, 5), "f4")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")
    expected = Header(height=HEIGHT, width=WIDTH, channels=5, bits=32)
    assert image_header(tmp_path / "a.tif") == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_orientation_turns_the_size(tmp_path: Path, name: str, orientation: int) -> None:
    """Orientations 5 to 8 lie on their side."""
    exif = Image.Exif()
    exif[274] = orientation
    picture("RGB").save(tmp_path / name, exif=exif)
    header = image_header(tmp_path / name)
    expected = (WIDTH, HEIGHT) if orientation >= 5 else (HEIGHT, WIDTH)
    assert (header.height, header.width) == expected


def test_a_grey_palette_is_one_channel(tmp_path: Path) -> None:
    """A palette without colours counts as grey."""
    image = picture("P")
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.save(tmp_path / "a.png")
    assert image_header(tmp_path / "a.png").channels == 1


def test_a_missing_file(tmp_path: Path) -> None:
    """The fault says that the file does not exist."""
    with pytest.raises(UnreadableImage, match="does not exist"):
        image_header(tmp_path / "a.png")


def test_a_folder(tmp_path: Path) -> None:
    """A folder is no image."""
    with pytest.raises(UnreadableImage, match="directory"):
        image_header(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY", b"II*\0", b"\x89PNG\r\n\x1a\n"])
def test_no_image(tmp_path: Path, content: bytes) -> None:
    """Text, nothing, and bare magic numbers are unreadable."""
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadableImage):
        image_header(tmp_path / "a.png")


def test_formats_beyond_the_list_are_refused(tmp_path: Path) -> None:
    """What Pillow could read but the list does not name, such as WebP, is no image here."""
    picture("RGB").save(tmp_path / "a.webp")
    with pytest.raises(UnreadableImage, match="not a PNG"):
        image_header(tmp_path / "a.webp")


def test_a_picture_bomb_is_refused(tmp_path: Path) -> None:
    """A header of too many pixels is refused without decoding."""
    side = 20_000
    pixels = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    (tmp_path / "a.bmp").write_bytes(b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + pixels)
    with pytest.raises(UnreadableImage, match="pixels"):
        image_header(tmp_path / "a.bmp")


def test_an_array_bomb_is_refused(tmp_path: Path) -> None:
    """So is an NPY header that claims too many."""
    side = int(MAX_PIXELS**0.5) + 1
    np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype="u1", shape=(1, 1)).flush()
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({side}, {side}), }}\n".encode()
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    (tmp_path / "a.npy").write_bytes(head)
    with pytest.raises(UnreadableImage, match="pixels"):
        image_header(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", [(5,), (2, 6, 9, 3), (0, 5), (100, 200, 300)])
def test_arrays_that_are_no_images(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Vectors, volumes and empty arrays are no images."""
    np.save(tmp_path / "a.npy", np.zeros(shape, "u1"))
    with pytest.raises(UnreadableImage, match="image"):
        image_header(tmp_path / "a.npy")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    """Arrays of Python objects are never unpickled."""
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableImage, match="type"):
        image_header(tmp_path / "a.npy")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".ppm", ".tif", ".npy"])
def test_damaged_headers_never_raise_anything_else(tmp_path: Path, suffix: str) -> None:
    """Whatever bytes are flipped or cut, a header is read or the file is told unreadable."""
    rng = np.random.default_rng(0)
    good = tmp_path / f"good{suffix}"
    if suffix == ".npy":
        np.save(good, np.zeros((HEIGHT, WIDTH), "u1"))
    else:
        picture("RGB").save(good)
    content = good.read_bytes()
    for trial in range(100):
        damaged = bytearray(content)
        for place in rng.integers(0, min(len(content), 200), 3):
            damaged[place] = rng.integers(0, 256)
        file = tmp_path / f"bad{suffix}"
        file.write_bytes(damaged[: None if trial % 2 else int(rng.integers(0, len(content)))])
        with suppress(UnreadableImage):
            image_header(file)
