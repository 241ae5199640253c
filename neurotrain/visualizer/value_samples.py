"""One test sample of a regression as a picture: what went in, what is true, what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from neurotrain.visualizer.canvas import FAINT, Canvas, line_height, scaled
from neurotrain.visualizer.labels import shown
from neurotrain.visualizer.pixels import picture_of

_MOST_DRAWN: Final = 1280
_NARROWEST: Final = 232
_NAME_WIDTH: Final = 220
_NUMBER_WIDTH: Final = 130
_MOST_TARGETS: Final = 20


def draw_values(
    path: Path, *, image_CHW: NDArray[Any], values: Sequence[tuple[float, float]],
    targets: Sequence[str], title: str,
) -> Path:  # fmt: skip
    """Draw the image beside truth, prediction and their difference for every target.

    `values` are (truth, prediction) of each target; of more than 20 the first are drawn.

    Raises:
        OSError: it cannot be written.
    """
    assert image_CHW.ndim == 3, f"an image is (C, H, W), not {image_CHW.shape}"
    assert len(values) == len(targets), "a pair a target"
    thin = slice(None, None, -(-max(image_CHW.shape[1:]) // _MOST_DRAWN))
    image = scaled(picture_of(image_CHW[:, thin, thin]))
    text, margin = 17, 20
    line = line_height(text)
    left = max(image.width, _NARROWEST) + 3 * margin
    rows = list(zip(targets, values, strict=True))[:_MOST_TARGETS]
    height = max(image.height + line, (len(rows) + 2) * line)
    canvas = Canvas(left + _NAME_WIDTH + 3 * _NUMBER_WIDTH + margin, height + 2 * margin, text)
    heading = canvas.fitted(shown(title, 200), left - 2 * margin, bold=True)
    canvas.text((margin, margin + text // 2), heading, bold=True)
    canvas.paste(image, (margin, margin + line))
    for place, word in enumerate(("truth", "predicted", "difference"), start=1):
        right = left + _NAME_WIDTH + place * _NUMBER_WIDTH
        canvas.text((right, margin + line // 2), word, colour=FAINT, anchor="rm")
    for row, (name, (truth, predicted)) in enumerate(rows, start=1):
        middle = margin + line // 2 + row * line
        canvas.text((left, middle), canvas.fitted(shown(name, 200), _NAME_WIDTH - text))
        numbers = (f"{truth:.5g}", f"{predicted:.5g}", f"{predicted - truth:+.3g}")
        for place, number in enumerate(numbers, start=1):
            right = left + _NAME_WIDTH + place * _NUMBER_WIDTH
            canvas.text((right, middle), number, bold=place == 2, anchor="rm")
    return canvas.save(path, title)
