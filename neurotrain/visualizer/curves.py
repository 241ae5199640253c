"""Curves over the epochs of a training, one plot a value, training and validation together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neurotrain.visualizer.figures import (
    FAINT_INK,
    INK,
    SERIES_COLOURS,
    house_style,
    new_figure,
    save_figure,
)
from neurotrain.visualizer.labels import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    History = Mapping[str, Sequence[tuple[int, float]]]

_LEARNING_RATE: Final = "learning_rate"
_ROLES: Final = ("train", "valid", "test")
_TITLES: Final = {"auroc": "AUROC", "cldice": "clDice", "iou": "IoU"}
_MARKERS: Final = "os^Dv*"
_LARGEST: Final = 1e100
"""Values beyond it are shown as not finite: the arithmetic of an axis overflows."""
_CROWD: Final = 30
_HEADROOM: Final = 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a plot."""

    label: str
    points: tuple[tuple[int, float], ...]
    place: int
    """Its place among colours and markers."""

    @property
    def plotted(self) -> list[float]:
        """The values as a line takes them: NaN, a gap, for what cannot be shown."""
        return [value if _is_shown(value) else math.nan for _, value in self.points]

    @property
    def lost(self) -> list[int]:
        """The epochs whose value cannot be shown."""
        return [epoch for epoch, value in self.points if not _is_shown(value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The epoch that a plot marks as the best."""

    epoch: int
    curve: str = ""
    """The label of the curve that decided; its value is ringed."""


def draw_curves(
    history: History, folder: Path, *, best_epoch: int | None = None, monitor: str = ""
) -> list[Path]:
    """Draw every value of a history of (epoch, value) pairs and return the files.

    `train/dice` and `valid/dice` share `dice.png`; `loss.png` comes first; `lr` becomes
    `learning_rate.png`. `monitor` is the name of the value that made `best_epoch` the best.

    Raises:
        OSError: a file cannot be written.
    """
    files = []
    for name, curves in grouped(history).items():
        mark = None
        if best_epoch is not None:
            decided = group_of(monitor) == name and name != _LEARNING_RATE
            mark = Mark(epoch=best_epoch, curve=_label(monitor) if decided else "")
        files.append(draw_plot(name, curves, folder / f"{_file_stem(name)}.png", mark=mark))
    return files


def grouped(history: History) -> dict[str, list[Curve]]:
    """The curves of each plot; the loss first, the learning rate last, empty ones left out."""
    names = [name for name, points in history.items() if points]
    order = {"loss": 0, _LEARNING_RATE: 2}
    groups: dict[str, list[Curve]] = {}
    for name in sorted(names, key=lambda name: (order.get(group_of(name), 1), _role_rank(name))):
        curves = groups.setdefault(group_of(name), [])
        taken = {curve.place for curve in curves}
        place = _role_rank(name) if _label(name) in (*_ROLES, "") else len(_ROLES) + len(curves)
        place = place if place not in taken else len(_ROLES) + len(curves)
        curves.append(Curve(label=_label(name), points=tuple(history[name]), place=place))
    return groups


def draw_plot(
    name: str, curves: Sequence[Curve], path: Path, *, mark: Mark | None = None, unit: str = "epoch"
) -> Path:
    """Draw the curves of one value and return the file.

    Raises:
        OSError: it cannot be written.
    """
    with house_style():
        figure, axes = new_figure()
        logarithmic = log_helps([value for curve in curves for value in curve.plotted])
        for curve in curves:
            _draw_curve(axes, curve)
        _set_scale(axes, logarithmic=logarithmic)
        _limit_epochs(axes, [epoch for curve in curves for epoch, _ in curve.points])
        if mark is not None:
            _draw_mark(axes, mark, curves)
        _name_axes(axes, name, curves, unit)
        _draw_legend(figure, axes)
        return save_figure(figure, path)


def log_helps(values: Sequence[float]) -> bool:
    """Whether a linear axis would press half of the values into its lowest tenth."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 3 or min(finite) <= 0 or max(finite) < 10 * min(finite):
        return False
    edge = min(finite) + (max(finite) - min(finite)) / 10
    return 2 * sum(value <= edge for value in finite) >= len(finite)


def group_of(name: str) -> str:
    """`dice` of `valid/dice`; the plot in which a value is drawn."""
    last = name.rsplit("/", 1)[-1]
    return _LEARNING_RATE if last == "lr" else last


def _label(name: str) -> str:
    return " ".join(name.split("/")[:-1])


def _role_rank(name: str) -> int:
    role = name.split("/")[0] if "/" in name else _ROLES[0]
    return _ROLES.index(role) if role in _ROLES else len(_ROLES)


def _file_stem(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name).strip(".") or "values"


def _is_shown(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _LARGEST


def _colour(curve: Curve) -> str:
    return SERIES_COLOURS[curve.place % len(SERIES_COLOURS)]


def _draw_curve(axes: Axes, curve: Curve) -> None:
    marker = _MARKERS[curve.place % len(_MARKERS)]
    values = curve.plotted
    if len(values) <= _CROWD:
        marked = list(range(len(values)))
    else:
        marked = [at for at in range(len(values)) if at % (len(values) // 12) == 0]
        marked += [at for at in range(len(values)) if _stands_alone(values, at)]
    axes.plot(
        [epoch for epoch, _ in curve.points], values, color=_colour(curve), label=curve.label,
        marker=marker, markevery=sorted(set(marked)), markeredgecolor="white", markeredgewidth=0.6,
    )  # fmt: skip
    if curve.lost:
        axes.plot(
            curve.lost, [0.02] * len(curve.lost), transform=axes.get_xaxis_transform(),
            color=_colour(curve), marker="x", markersize=6, markeredgewidth=1.8, linestyle="none",
            label=f"{curve.label} not finite".strip(), zorder=4,
        )  # fmt: skip


def _stands_alone(values: Sequence[float], at: int) -> bool:
    """Whether a line would not show the value, because there is none on either side."""
    before = values[at - 1] if at > 0 else math.nan
    after = values[at + 1] if at + 1 < len(values) else math.nan
    return math.isnan(before) and math.isnan(after)


def _set_scale(axes: Axes, *, logarithmic: bool) -> None:
    from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullLocator

    axes.grid(axis="y")
    whole = MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    axes.xaxis.set_major_locator(whole)
    low, high = axes.dataLim.intervaly
    if logarithmic:
        axes.set_yscale("log")
        subs = (1.0, 2.0, 5.0) if high < 200 * low else (1.0,)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=9))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_locator(NullLocator())
        return
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2))
    axes.yaxis.set_major_formatter(FormatStrFormatter("%.6g"))
    if low == high:
        air = 0.5 * abs(low) or 1.0
        axes.set_ylim(low - air, high + air)
    elif not low < high:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center")


def _limit_epochs(axes: Axes, epochs: Sequence[int]) -> None:
    air = max(0.5, 0.03 * (max(epochs) - min(epochs)))
    axes.set_xlim(min(epochs) - air, max(epochs) + air)


def _name_axes(axes: Axes, name: str, curves: Sequence[Curve], unit: str) -> None:
    """Title and labels; the label names a curve that stands alone."""
    words = shown(name.replace("_", " "), 40)
    axes.set_title(_TITLES.get(words, words[:1].upper() + words[1:]))
    axes.set_xlabel(unit)
    alone = shown(curves[0].label, 28) + " " if len(curves) == 1 and curves[0].label else ""
    logarithmic = axes.get_yscale() == "log"
    axes.set_ylabel(alone + words + (" (log scale)" if logarithmic else ""))


def _draw_mark(axes: Axes, mark: Mark, curves: Sequence[Curve]) -> None:
    """Mark the best epoch, with room for its words above all curves."""
    low, high = axes.get_xlim()
    if not low <= mark.epoch <= high:
        return
    found = [
        (curve, value)
        for curve in curves
        for epoch, value in curve.points
        if mark.curve and curve.label == mark.curve and epoch == mark.epoch and _is_shown(value)
    ]
    axes.axvline(mark.epoch, color=FAINT_INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    words = f"best: epoch {mark.epoch}"
    for curve, value in found[:1]:
        words = f"best: {value:.4g} at epoch {mark.epoch}"
        axes.plot(
            [mark.epoch], [value], marker="o", markersize=11, markerfacecolor="none",
            markeredgecolor=_colour(curve), markeredgewidth=1.8, zorder=5,
        )  # fmt: skip
    _make_headroom(axes)
    right = mark.epoch > (low + high) / 2
    axes.annotate(
        words, (mark.epoch, 0.985), xycoords=axes.get_xaxis_transform(),
        xytext=(-5 if right else 5, 0), textcoords="offset points", color=INK, fontsize=9,
        ha="right" if right else "left", va="top",
    )  # fmt: skip


def _make_headroom(axes: Axes) -> None:
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        axes.set_ylim(low, high * (high / low) ** _HEADROOM)
    else:
        axes.set_ylim(low, high + (high - low) * _HEADROOM)


def _draw_legend(figure: Figure, axes: Axes) -> None:
    """Name the curves where there is more than one, beside the title or below the axes."""
    handles, labels = axes.get_legend_handles_labels()
    labels = [shown(label, 28) for label in labels]
    if len(labels) < 2:
        return
    if len(labels) <= 2:
        axes.legend(
            handles, labels, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2,
            borderaxespad=0.2, columnspacing=1.4, handlelength=1.8,
        )  # fmt: skip
    else:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
