"""A white sheet on which pictures, words and bars are laid out by the pixel."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neurotrain.visualizer.pixels import Colour, Picture
from neurotrain.visualizer.saving import replace_file

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

INK: Final[Colour] = (34, 37, 43)
FAINT: Final[Colour] = (106, 111, 120)
LINE: Final[Colour] = (201, 206, 214)
_SMALLEST_PIXELS: Final = 256
_LARGEST_PIXELS: Final = 640


class Canvas:
    """A sheet; places are (x, y) in pixels from the upper left corner."""

    def __init__(self, width: int, height: int, text_pixels: int) -> None:
        from PIL import Image, ImageDraw

        self.text_pixels = text_pixels
        self.sheet = Image.new("RGB", (width, height), "white")
        self._pen = ImageDraw.Draw(self.sheet)
        self._fonts = {bold: _font(text_pixels, bold=bold) for bold in (False, True)}

    def text(
        self, place: tuple[float, float], words: str, *, colour: Colour = INK, bold: bool = False,
        anchor: str = "lm",
    ) -> float:  # fmt: skip
        """Write at a place and return how wide it is; Pillow's anchors, `lm` is left and middle."""
        font = self._fonts[bold]
        self._pen.text(place, words, fill=colour, font=font, anchor=anchor)
        return font.getlength(words)

    def width_of(self, words: str, *, bold: bool = False) -> float:
        """How wide words are."""
        return self._fonts[bold].getlength(words)

    def fitted(self, words: str, width: float, *, bold: bool = False) -> str:
        """The words with their end left out where they are wider than that."""
        if self.width_of(words, bold=bold) <= width:
            return words
        while words and self.width_of(words + "…", bold=bold) > width:
            words = words[:-1]
        return words + "…"

    def box(
        self, corner: tuple[float, float], width: float, height: float, *,
        fill: Colour | None = None, edge: Colour | None = LINE,
    ) -> None:  # fmt: skip
        """A rectangle with a filling, an edge or both."""
        x, y = corner
        ends = (x, y, x + max(0.0, width - 1), y + max(0.0, height - 1))
        self._pen.rectangle(ends, fill=fill, outline=edge)

    def paste(self, image: Image, corner: tuple[int, int]) -> None:
        """Lay a picture down, with a fine edge around it."""
        self.sheet.paste(image, corner)
        x, y = corner
        self.box((x - 1, y - 1), image.width + 2, image.height + 2)

    def save(self, path: Path, title: str) -> Path:
        """Write a PNG in one step; its `Title` says what it shows.

        Raises:
            OSError: it cannot be written.
        """
        from PIL.PngImagePlugin import PngInfo

        about = PngInfo()
        about.add_itxt("Title", title.encode("utf-8", "backslashreplace").decode())
        content = io.BytesIO()
        self.sheet.save(content, format="PNG", pnginfo=about, compress_level=6)
        return replace_file(path, content.getvalue())


def title_of(path: Path) -> str:
    """What a picture that was saved by a canvas shows; empty for any other.

    Raises:
        OSError: it is no picture.
    """
    from PIL import Image

    with Image.open(path) as image:
        image.load()
        return str(image.info.get("Title", ""))


def scaled(picture: Picture) -> Image:
    """The picture at a size to look at: its longer side is 256 to 640 pixels.

    Small ones grow by a whole factor with sharp pixels; large ones are averaged.
    """
    from PIL import Image

    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest < _SMALLEST_PIXELS:
        factor = -(-_SMALLEST_PIXELS // longest)
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    if longest <= _LARGEST_PIXELS:
        return image
    width, height = (max(1, round(side * _LARGEST_PIXELS / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX, reducing_gap=3.0)


def flow(
    canvas: Canvas, items: Iterable[tuple[Colour, str]], width: int
) -> list[list[tuple[int, Colour, str]]]:
    """Swatches and their words broken into lines: per line (x, colour, words)."""
    swatch, gap = canvas.text_pixels, canvas.text_pixels
    lines: list[list[tuple[int, Colour, str]]] = [[]]
    x = 0
    for colour, words in items:
        words = canvas.fitted(words, width - 2 * swatch)
        taken = int(1.4 * swatch + canvas.width_of(words))
        if lines[-1] and x + taken > width:
            lines.append([])
            x = 0
        lines[-1].append((x, colour, words))
        x += taken + int(1.2 * gap)
    return lines


def draw_flow(
    canvas: Canvas, corner: tuple[int, int], lines: list[list[tuple[int, Colour, str]]]
) -> None:
    """Draw the lines of swatches and words, `line_height` apart."""
    swatch = canvas.text_pixels
    for row, line in enumerate(lines):
        middle = corner[1] + int((row + 0.5) * line_height(canvas.text_pixels))
        for x, colour, words in line:
            left = corner[0] + x
            canvas.box((left, middle - swatch // 2), swatch, swatch, fill=colour, edge=FAINT)
            canvas.text((left + 1.4 * swatch, middle), words)


def line_height(text_pixels: int) -> int:
    """The distance of two lines of text."""
    return round(1.6 * text_pixels)


def _font(pixels: int, *, bold: bool) -> FreeTypeFont:
    import matplotlib as mpl
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), pixels)
