"""Predicted numbers against true ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neurotrain.visualizer.figures import (
    FAINT_INK,
    SERIES_COLOURS,
    house_style,
    new_figure,
    save_figure,
)
from neurotrain.visualizer.labels import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Pairs = Sequence[Sequence[tuple[float, float]]]

_PANEL_INCHES: Final = 3.6
_MOST_PANELS: Final = 16
_MOST_COLUMNS: Final = 4


def draw_scatter(samples: Pairs, targets: Sequence[str], path: Path) -> Path:
    """Draw a panel a target: a point a sample, truth to the right and prediction upwards.

    `samples` hold (truth, prediction) of every target. Points on the line are right. Of more than
    16 targets the first 16 are drawn, which the title says; points that are not finite are not.

    Raises:
        OSError: the file cannot be written.
    """
    assert targets, "one panel a target"
    num = min(len(targets), _MOST_PANELS)
    columns = min(num, _MOST_COLUMNS)
    rows = -(-num // columns)
    with house_style():
        size = (_PANEL_INCHES * columns + 0.4, _PANEL_INCHES * rows + 0.6)
        figure, first = new_figure(size)
        first.remove()
        for place in range(num):
            pairs = [sample[place] for sample in samples]
            axes = figure.add_subplot(rows, columns, place + 1)
            _draw_panel(axes, [pair for pair in pairs if all(map(math.isfinite, pair))])
            axes.set_title(shown(targets[place], 30))
        if num < len(targets):
            figure.suptitle(f"The first {num} of {len(targets)} targets")
        return save_figure(figure, path)


def _draw_panel(axes: Axes, pairs: Sequence[tuple[float, float]]) -> None:
    """The points, and the line on which prediction and truth are equal."""
    values = [value for pair in pairs for value in pair] or [0.0, 1.0]
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    ends = (low - margin, high + margin)
    axes.plot(ends, ends, color=FAINT_INK, linewidth=1.0, linestyle="--")
    axes.scatter(
        [truth for truth, _ in pairs], [predicted for _, predicted in pairs], s=16, alpha=0.6,
        color=SERIES_COLOURS[0], linewidths=0,
    )  # fmt: skip
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    axes.grid(visible=True)
    axes.set_xlabel("truth")
    axes.set_ylabel("prediction")
