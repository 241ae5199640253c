"""Pixels of image files: scaling, channels, orientation, and files that are damaged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from neurotrain.dataset.headers import UnreadableImage, image_header
from neurotrain.dataset.pixels import load_image

RNG = np.random.default_rng(1)
GREY = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65_536, (6, 9), dtype=np.uint16)
TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).T,
    8: np.rot90,
}
"""How to turn stored rows and columns upright, by EXIF 2.3, tag 274."""
DEEP_COLOUR = RNG.integers(0, 65_536, (6, 9, 3), dtype=np.uint16)


def chw(values: np.ndarray, scale: float) -> np.ndarray:
    stacked = values[None] if values.ndim == 2 else np.moveaxis(values, 2, 0)
    return (stacked.astype(np.float64) / scale).astype(np.float32)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".ppm"])
def test_eight_bit_colour_is_divided_by_255(tmp_path: Path, suffix: str) -> None:
    """Lossless formats give exactly what was saved."""
    file = tmp_path / f"a{suffix}"
    Image.fromarray(COLOUR).save(file)
    np.testing.assert_allclose(load_image(file), chw(COLOUR, 255), rtol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".pgm", ".gif"])
def test_eight_bit_grey_has_one_channel(tmp_path: Path, suffix: str) -> None:
    """Grey stays grey, in GIF through its grey palette too."""
    file = tmp_path / f"a{suffix}"
    Image.fromarray(GREY).save(file)
    np.testing.assert_allclose(load_image(file), chw(GREY, 255), rtol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bit_grey_is_divided_by_65535(tmp_path: Path, suffix: str) -> None:
    """All sixteen bits count."""
    file = tmp_path / f"a{suffix}"
    Image.fromarray(DEEP).save(file)
    np.testing.assert_allclose(load_image(file), chw(DEEP, 65_535), rtol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_sixteen_bit_colour_keeps_its_depth(
    tmp_path: Path, order: str, compression: str | None
) -> None:
    """Pillow alone would cut it to 8 bits."""
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, DEEP_COLOUR, byteorder=order, compression=compression, photometric="rgb")
    np.testing.assert_allclose(load_image(file), chw(DEEP_COLOUR, 65_535), rtol=1e-6)


def test_planar_colour(tmp_path: Path) -> None:
    """Colours stored plane by plane come out the same."""
    file = tmp_path / "a.tif"
    planes = np.moveaxis(DEEP_COLOUR, 2, 0).copy()
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_allclose(load_image(file), chw(DEEP_COLOUR, 65_535), rtol=1e-6)


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_floats_are_taken_as_stored(tmp_path: Path, suffix: str) -> None:
    """Floating-point values are not scaled."""
    values = RNG.normal(0, 100, (6, 9)).astype(np.float32)
    file = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(file, values)
    else:
        tifffile.imwrite(file, values)
    np.testing.assert_array_equal(load_image(file)[0], values)


def test_many_channels_of_a_tiff(tmp_path: Path) -> None:
    """Five channels stay five."""
    values = RNG.random((6, 9, 5)).astype(np.float32)
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, values, photometric="minisblack", planarconfig="contig")
    np.testing.assert_array_equal(load_image(file), np.moveaxis(values, 2, 0))


@pytest.mark.parametrize("values", [COLOUR, np.moveaxis(COLOUR, 2, 0)])
def test_arrays_with_channels_first_or_last(tmp_path: Path, values: np.ndarray) -> None:
    """Both layouts give the same image."""
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_allclose(load_image(tmp_path / "a.npy"), chw(COLOUR, 255), rtol=1e-6)


def test_alpha_is_dropped(tmp_path: Path) -> None:
    """Colours under a transparent pixel count as they are."""
    alpha = np.concatenate([COLOUR, np.zeros((6, 9, 1), np.uint8)], axis=2)
    Image.fromarray(alpha).save(tmp_path / "a.png")
    np.testing.assert_allclose(load_image(tmp_path / "a.png"), chw(COLOUR, 255), rtol=1e-6)


def test_grey_of_colour_is_pillows_luma(tmp_path: Path) -> None:
    """`grey` weighs colours as Pillow does, without its rounding."""
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    luma = np.asarray(Image.fromarray(COLOUR).convert("L"))
    grey_CHW = load_image(tmp_path / "a.png", "grey")
    assert grey_CHW.shape == (1, 6, 9)
    np.testing.assert_allclose(grey_CHW[0] * 255, luma, atol=0.51)


def test_rgb_of_grey_repeats_it(tmp_path: Path) -> None:
    """`rgb` gives three equal channels."""
    Image.fromarray(GREY).save(tmp_path / "a.png")
    rgb_CHW = load_image(tmp_path / "a.png", "rgb")
    np.testing.assert_allclose(rgb_CHW, np.repeat(chw(GREY, 255), 3, axis=0), rtol=1e-6)


def test_five_channels_cannot_become_grey(tmp_path: Path) -> None:
    """There are no weights for other numbers of channels."""
    np.save(tmp_path / "a.npy", np.zeros((6, 9, 5), np.uint8))
    with pytest.raises(UnreadableImage, match="cannot become grey"):
        load_image(tmp_path / "a.npy", "grey")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_photographs_are_turned_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    """The stored pixels are turned as EXIF defines, and the header's size with them."""
    blocks = np.kron(GREY, np.ones((16, 16), np.uint8))
    exif = Image.Exif()
    exif[274] = orientation
    file = tmp_path / f"a{suffix}"
    Image.fromarray(blocks).save(file, exif=exif)
    with Image.open(file) as picture:
        stored = np.asarray(picture) if suffix == ".jpg" else blocks
    image_CHW = load_image(file)
    header = image_header(file)
    np.testing.assert_allclose(image_CHW[0] * 255, TURNS[orientation](stored), atol=1e-3)
    assert image_CHW.shape == (1, header.height, header.width)


def test_deep_colour_is_turned_too(tmp_path: Path) -> None:
    """A 16-bit photograph with an orientation has the turned pixels, in 8 bits."""
    tifffile.imwrite(
        tmp_path / "a.tif", DEEP_COLOUR, photometric="rgb", extratags=[(274, "H", 1, 6, True)]
    )
    turned = chw(np.rot90(DEEP_COLOUR, -1), 65_535)
    np.testing.assert_allclose(load_image(tmp_path / "a.tif"), turned, atol=1 / 255)


def test_kinds_that_cannot_be_turned_are_refused(tmp_path: Path) -> None:
    """Five channels on their side are told, not loaded askew."""
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.zeros((6, 9, 5), np.float32),
        photometric="minisblack",
        planarconfig="contig",
        extratags=[(274, "H", 1, 6, True)],
    )
    with pytest.raises(UnreadableImage, match="upright"):
        load_image(tmp_path / "a.tif")


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    """One NaN would poison a training."""
    np.save(tmp_path / "a.npy", np.array([[0.0, np.nan]]))
    with pytest.raises(UnreadableImage, match="not finite"):
        load_image(tmp_path / "a.npy")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".ppm", ".npy"])
def test_truncated_files_are_told(tmp_path: Path, suffix: str) -> None:
    """Half a file is not half an image."""
    noise = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(file, noise)
    else:
        Image.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(UnreadableImage):
        load_image(file)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".ppm", ".tif", ".npy"])
def test_damage_never_raises_anything_else(tmp_path: Path, suffix: str) -> None:
    """Whatever bytes are flipped, an image is read or the file is told unreadable."""
    rng = np.random.default_rng(0)
    good = tmp_path / f"good{suffix}"
    if suffix == ".npy":
        np.save(good, COLOUR)
    else:
        Image.fromarray(COLOUR).save(good)
    content = good.read_bytes()
    for _ in range(50):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] = rng.integers(0, 256)
        file = tmp_path / f"bad{suffix}"
        file.write_bytes(damaged)
        with suppress(UnreadableImage):
            load_image(file)
