"""The confusion matrix as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neurotrain.visualizer.figures import FAINT_INK, INK, house_style, new_figure, save_figure
from neurotrain.visualizer.labels import shown_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Counts = Sequence[Sequence[int]]

_MOST_ANNOTATED: Final = 12
_MOST_NAMED: Final = 60
_NO_SAMPLES: Final = "#e4e4e4"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """How large a matrix of so many classes is drawn."""

    side_inches: float
    label_points: float
    cell_points: float
    name_length: int


def draw_confusion(confusion: Counts, classes: Sequence[str], path: Path) -> Path:
    """Draw counts, rows truth and columns prediction, coloured by their share of the row.

    Counts and shares are written into the cells of up to 12 classes; beyond, a colour bar explains
    the colours. The rows of classes that never occur are grey.

    Raises:
        OSError: the file cannot be written.
    """
    assert len(confusion) == len(classes) > 0, "one row a class"
    size = _size(len(classes))
    with house_style():
        figure, axes = new_figure((size.side_inches + 0.6, size.side_inches))
        _draw_cells(figure, axes, confusion)
        _name_classes(axes, shown_apart(classes, size.name_length), size)
        if len(classes) <= _MOST_ANNOTATED:
            _annotate(axes, confusion, size)
        axes.set_title("Confusion matrix", pad=12)
        return save_figure(figure, path)


def share_text(count: int, total: int) -> str:
    """The percentage; never rounded to nothing or to all where it is not."""
    if total == 0:
        return "–"
    share = 100 * count / total
    if 0 < share < 0.1:
        return "<0.1 %"
    if 99.9 < share < 100:
        return ">99.9 %"
    return f"{share:.1f} %"


def count_text(count: int, room: int) -> str:
    """The count in full, or in thousands and millions where it has more than `room` characters."""
    text = f"{count:,}"
    if len(text) <= room:
        return text
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return (
                f"{count / size:.3g}{unit}" if count < 1000 * size else f"{count / size:.0f}{unit}"
            )
    return text


def _size(num_classes: int) -> _Size:
    if num_classes <= 3:
        return _Size(side_inches=4.6, label_points=10, cell_points=11, name_length=22)
    if num_classes <= _MOST_ANNOTATED:
        side = 3.4 + 0.42 * num_classes
        points = 9.0 if num_classes <= 6 else 7.5
        return _Size(side_inches=side, label_points=9, cell_points=points, name_length=18)
    side = min(13.0, 4.0 + 0.19 * num_classes)
    return _Size(side_inches=side, label_points=8, cell_points=0, name_length=18)


def _draw_cells(figure: Figure, axes: Axes, confusion: Counts) -> None:
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.ticker import PercentFormatter

    counts = np.asarray(confusion, dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    colours = colormaps["Blues"].with_extremes(bad=_NO_SAMPLES)
    image = axes.imshow(shares, cmap=colours, vmin=0.0, vmax=1.0, interpolation="nearest")
    for side in axes.spines.values():
        side.set_visible(False)
    if len(confusion) <= _MOST_NAMED:
        edges = np.arange(len(confusion) + 1) - 0.5
        axes.set_xticks(edges, minor=True)
        axes.set_yticks(edges, minor=True)
        axes.grid(which="minor", color="#c9ced6", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    if len(confusion) > _MOST_ANNOTATED:
        percent = PercentFormatter(1.0, decimals=0, symbol=" %")
        bar = figure.colorbar(image, ax=axes, format=percent, shrink=0.7, pad=0.02)
        bar.set_label("share of the true class (row)")


def _name_classes(axes: Axes, names: Sequence[str], size: _Size) -> None:
    step = -(-len(names) // _MOST_NAMED)
    places = range(0, len(names), step)
    named = [names[place] for place in places]
    longest = max(len(name) for name in named)
    width = longest * size.label_points * 0.62 / 72
    slanted = width > (size.side_inches - 1.6) / len(names)
    axes.set_xticks(
        places, named, fontsize=size.label_points, rotation=45 if slanted else 0,
        ha="right" if slanted else "center", rotation_mode="anchor" if slanted else "default",
    )  # fmt: skip
    axes.set_yticks(places, named, fontsize=size.label_points)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")


def _annotate(axes: Axes, confusion: Counts, size: _Size) -> None:
    room = 13 if len(confusion) <= 3 else 7 if len(confusion) <= 6 else 5
    for row, counts in enumerate(confusion):
        total = sum(counts)
        for column, count in enumerate(counts):
            text, colour = "0", FAINT_INK
            if count > 0:
                text = f"{share_text(count, total)}\n{count_text(count, room)}"
                colour = "white" if count / total > 0.55 else INK
            axes.text(
                column, row, text, ha="center", va="center", fontsize=size.cell_points,
                linespacing=1.35, color=colour,
            )  # fmt: skip
