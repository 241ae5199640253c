"""One test sample as a picture: what went in, what is true, what was predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neurotrain.visualizer.canvas import FAINT, Canvas, draw_flow, flow, line_height, scaled
from neurotrain.visualizer.labels import shown
from neurotrain.visualizer.pixels import (
    NOT_A_CLASS,
    Colour,
    Labels,
    Outcome,
    class_colours,
    difference,
    dimmed,
    outcomes,
    painted,
    picture_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    Legend = list[tuple[Colour, str]]

RIGHT: Final[Colour] = (0, 114, 178)
WRONG: Final[Colour] = (196, 78, 0)
_OTHER: Final[Colour] = (186, 191, 199)
_WHITE: Final[Colour] = (255, 255, 255)
_DIMMED: Final[Colour] = (67, 68, 70)
_MOST_DRAWN: Final = 1280
"""Longer sides are thinned out before they are coloured; counts are of all pixels."""
_MOST_CLASSES: Final = 24
_NARROWEST: Final = 232
_NUM_BARS: Final = 5
_ANSWER_WIDTH: Final = 540


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a classifier said about a sample, and what is true."""

    truth: int
    prediction: int
    confidences: tuple[float, ...]
    classes: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return self.truth == self.prediction

    @property
    def shown_classes(self) -> list[int]:
        """The most confident classes, and truth and prediction where they are not among them."""
        ranked = sorted(range(len(self.classes)), key=self._rank)
        top = ranked[:_NUM_BARS]
        return top + [place for place in ranked if place not in top and self._is_named(place)]

    def _rank(self, place: int) -> float:
        share = self.confidences[place]
        return math.inf if math.isnan(share) else -share

    def _is_named(self, place: int) -> bool:
        return place in (self.truth, self.prediction)

    def note(self, place: int) -> str:
        """What a class is in this answer, in words."""
        roles = {"predicted": self.prediction, "truth": self.truth}
        return " and ".join(role for role, held in roles.items() if held == place)

    def colour(self, place: int) -> Colour:
        """Truth and a wrong prediction have colours of their own."""
        if place == self.truth:
            return RIGHT
        return WRONG if place == self.prediction else _OTHER


def draw_segmentation(
    path: Path, *, image_CHW: NDArray[Any], truth_HW: Labels, prediction_HW: Labels,
    roi_HW: NDArray[Any] | None, classes: Sequence[str], title: str,
) -> Path:  # fmt: skip
    """Draw input, truth, prediction and difference side by side, and return the PNG.

    Any number of channels and any value range will do. Class 0 is the background. What lies outside
    the region of interest is dimmed and takes no part in the difference.

    Raises:
        OSError: it cannot be written.
    """
    assert image_CHW.ndim == 3, f"an image is (C, H, W), not {image_CHW.shape}"
    size = image_CHW.shape[1:]
    assert truth_HW.shape == prediction_HW.shape == size, "labels are as large as the image"
    roi_HW = None if roi_HW is None else roi_HW.astype(bool)
    kinds = outcomes(truth_HW, prediction_HW, len(classes), roi_HW)
    thin = (slice(None, None, -(-max(size) // _MOST_DRAWN)),) * 2
    inside = None if roi_HW is None else roi_HW[thin]
    picture = picture_of(image_CHW[:, *thin], inside)
    seen = tuple(
        Outcome(name=kind.name, colour=kind.colour, mask_HW=kind.mask_HW[thin]) for kind in kinds
    )
    panels = {
        _input_name(len(image_CHW)): picture,
        "Truth": painted(truth_HW[thin], len(classes)),
        "Prediction": painted(prediction_HW[thin], len(classes)),
        "Difference": difference(picture, seen),
    }
    images = {name: scaled(dimmed(panel, inside)) for name, panel in panels.items()}
    legends = {
        "classes": _class_legend(truth_HW, prediction_HW, classes),
        "difference": _difference_legend(kinds, with_roi=roi_HW is not None),
    }
    return _panel_sheet(images, legends, title).save(path, title)


def draw_classification(
    path: Path, *, image_CHW: NDArray[Any], truth: int, prediction: int,
    confidences: Sequence[float] | NDArray[Any], classes: Sequence[str], title: str,
) -> Path:  # fmt: skip
    """Draw the image beside truth, prediction and the five highest confidences; return the PNG.

    `truth` and `prediction` are places in `classes`; confidences are one a class, from 0 to 1.

    Raises:
        OSError: it cannot be written.
    """
    assert image_CHW.ndim == 3, f"an image is (C, H, W), not {image_CHW.shape}"
    assert len(confidences) == len(classes), "one confidence a class"
    answer = _Answer(
        truth=truth, prediction=prediction, classes=tuple(classes),
        confidences=tuple(float(share) for share in confidences),
    )  # fmt: skip
    thin = slice(None, None, -(-max(image_CHW.shape[1:]) // _MOST_DRAWN))
    image = scaled(picture_of(image_CHW[:, thin, thin]))
    text, margin = 17, 20
    line = line_height(text)
    left = max(image.width, _NARROWEST) + 3 * margin
    height = max(image.height + line, (4 + len(answer.shown_classes)) * line + line // 2)
    canvas = Canvas(left + _ANSWER_WIDTH + margin, height + 2 * margin, text)
    heading = canvas.fitted(shown(title, 200), left - 2 * margin, bold=True)
    canvas.text((margin, margin + text // 2), heading, bold=True)
    canvas.paste(image, (margin, margin + line))
    _draw_verdict(canvas, (left, margin), answer)
    _draw_bars(canvas, (left, margin + 4 * line), answer)
    return canvas.save(path, title)


def _input_name(num_channels: int) -> str:
    return "Input" if num_channels in (1, 3) else f"Input (channel 1 of {num_channels})"


def _class_legend(truth_HW: Labels, prediction_HW: Labels, classes: Sequence[str]) -> Legend:
    """The classes that occur, in the sample's truth or prediction."""
    held = _occurring(truth_HW, len(classes)) | _occurring(prediction_HW, len(classes))
    colours = class_colours(len(classes))
    known = sorted(held & set(range(len(classes))))
    items = [(colours[label], shown(classes[label], 32)) for label in known[:_MOST_CLASSES]]
    if len(known) > _MOST_CLASSES:
        items.append((_WHITE, f"and {len(known) - _MOST_CLASSES} more classes"))
    if len(known) < len(held):
        items.append((NOT_A_CLASS, "no class"))
    return items


def _occurring(labels_HW: Labels, num_classes: int) -> set[int]:
    """The classes of a label map, with -1 for whatever is none."""
    is_class = (labels_HW >= 0) & (labels_HW < num_classes)
    counts = np.bincount(np.where(is_class, labels_HW, num_classes).reshape(-1).astype(np.intp))
    return {int(label) if label < num_classes else -1 for label in counts.nonzero()[0]}


def _difference_legend(kinds: Sequence[Outcome], *, with_roi: bool) -> Legend:
    items = [(kind.colour, f"{kind.name}: {kind.num_pixels:,} px") for kind in kinds]
    if with_roi:
        items.append((_DIMMED, "dimmed: outside the region of interest, not counted"))
    return items


def _panel_sheet(images: dict[str, Image], legends: dict[str, Legend], title: str) -> Canvas:
    """Title, captions, pictures in a row, then the legends."""
    first = next(iter(images.values()))
    cell = max(first.width, _NARROWEST)
    text = min(32, max(14, cell // 18))
    line, margin = line_height(text), text
    width = len(images) * (cell + margin) + margin
    ruler = Canvas(1, 1, text)
    indent = int(max(map(ruler.width_of, legends))) + 2 * margin
    flows = {name: flow(ruler, items, width - margin - indent) for name, items in legends.items()}
    top, num_lines = margin // 2 + 2 * line, sum(map(len, flows.values()))
    canvas = Canvas(width, top + first.height + margin + num_lines * line + margin // 2, text)
    heading = canvas.fitted(shown(title, 300), width - 2 * margin, bold=True)
    canvas.text((margin, margin // 2 + line // 2), heading, bold=True)
    for place, (name, image) in enumerate(images.items()):
        left = margin + place * (cell + margin)
        canvas.text((left, top - line // 2), canvas.fitted(name, cell), colour=FAINT)
        canvas.paste(image, (left, top))
    below = top + first.height + margin // 2
    for name, lines in flows.items():
        canvas.text((margin, below + line // 2), name, colour=FAINT)
        draw_flow(canvas, (indent, below), lines)
        below += len(lines) * line
    return canvas


def _draw_verdict(canvas: Canvas, corner: tuple[int, int], answer: _Answer) -> None:
    """Right or wrong, by word, sign and colour; then both classes."""
    x, y = corner
    line = line_height(canvas.text_pixels)
    verdict = "✓ right" if answer.is_right else "✗ wrong"
    width = canvas.width_of(verdict, bold=True) + canvas.text_pixels
    fill = RIGHT if answer.is_right else WRONG
    canvas.box((x, y - line * 0.1), width, line * 1.1, fill=fill, edge=None)
    middle = (x + canvas.text_pixels / 2, y + line * 0.45)
    canvas.text(middle, verdict, colour=_WHITE, bold=True)
    named = {"truth": answer.truth, "predicted": answer.prediction}
    column = canvas.width_of("predicted  ")
    for row, (word, place) in enumerate(named.items()):
        height = y + line * (1.8 + row)
        canvas.text((x, height), word, colour=FAINT)
        name = canvas.fitted(shown(answer.classes[place], 200), _ANSWER_WIDTH - column, bold=True)
        canvas.text((x + column, height), name, bold=True)


def _draw_bars(canvas: Canvas, corner: tuple[int, int], answer: _Answer) -> None:
    """One bar a class: name, bar, percentage, and what the class is in this answer."""
    x, y = corner
    text, line = canvas.text_pixels, line_height(canvas.text_pixels)
    places = answer.shown_classes
    names = [canvas.fitted(shown(answer.classes[place], 200), 170) for place in places]
    name_width = max(canvas.width_of(name) for name in names) + text
    notes_width = max(canvas.width_of(answer.note(place)) for place in places)
    full = _ANSWER_WIDTH - name_width - canvas.width_of("100.0 %") - notes_width - 2 * text
    canvas.text((x, y), "confidence", colour=FAINT)
    for row, (place, name) in enumerate(zip(places, names, strict=True), start=1):
        share, middle = answer.confidences[place], y + row * line
        length = full * min(1.0, max(0.0, 0.0 if math.isnan(share) else share))
        start = x + name_width
        canvas.text((x, middle), name)
        canvas.box((start, middle - text * 0.55), full, text * 1.1, fill=(241, 242, 244), edge=None)
        if length >= 1:
            bar = answer.colour(place)
            canvas.box((start, middle - text * 0.55), length, text * 1.1, fill=bar, edge=None)
        words = "–" if math.isnan(share) else f"{100 * share:.1f} %"
        after = start + full + text / 2 + canvas.width_of("100.0 %")
        canvas.text((after, middle), words, anchor="rm")
        canvas.text((after + text / 2, middle), answer.note(place), colour=answer.colour(place))
