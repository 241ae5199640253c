"""Which curves a run offers and how each is drawn.

A group is what a chart shows at once: `dice` holds `train/dice` and `valid/dice`. Pure.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from neurotrain.monitor.across import Axis, Window, converted, converter, inside
from neurotrain.monitor.chart import Curve, Drawn, Plot
from neurotrain.monitor.detail import Detail
from neurotrain.monitor.series import Bucket, Series, sample, thinned
from neurotrain.monitor.view import View

SMOOTHINGS: Final = (0.0, 0.6, 0.9, 0.99)
_BY_STEP: Final = ("lr", "grad_norm", "samples_per_s", "data_wait")
_MIN_TO_SMOOTH: Final = 10
_MOST: Final = 1024
_SMALLER_IS_BETTER: Final = (
    "loss",
    "error",
    "hd95",
    "hausdorff",
    "distance",
    "perplexity",
    "mae",
    "mse",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best value of a metric and the epoch it was reached at."""

    value: float
    epoch: int


def groups(view: View) -> tuple[str, ...]:
    """The groups that have data: the loss, the monitored metric, other metrics, then the rest."""
    found = dict.fromkeys(["loss"] if "loss" in view.by_step else [])
    names = sorted(view.by_epoch, key=lambda name: name != view.facts.monitor)
    metrics = dict.fromkeys(group_of(name) for name in names)
    found.update({"loss": None} if "loss" in metrics else {})
    found.update({name: None for name in metrics if name not in _BY_STEP})
    found.update({name: None for name in _BY_STEP if name in view.by_step or name in metrics})
    return tuple(found)


def main_group(view: View) -> str:
    """The group to show beside the loss: the monitored metric, or the first that is no loss."""
    monitored = group_of(view.facts.monitor)
    if monitored not in ("", "loss"):
        return monitored
    offered = [name for name in groups(view) if name not in ("loss", "lr")]
    return next(iter(offered), "metrics")


def group_of(name: str) -> str:
    """`dice` of `valid/dice`."""
    return name.rsplit("/", 1)[-1]


def mode_of(name: str, view: View) -> str:
    """Whether smaller (`min`) or larger values of a metric are better."""
    facts = view.facts
    if facts.mode and group_of(name) == group_of(facts.monitor):
        return facts.mode
    return "min" if any(word in name for word in _SMALLER_IS_BETTER) else "max"


def has_best(name: str) -> bool:
    """Whether a best value of it means anything."""
    group = group_of(name)
    return group not in _BY_STEP and not group.endswith("_grad_norm")


def best_of(name: str, view: View) -> Best | None:
    """The best value of a metric so far."""
    found = view.by_epoch.get(name, Series()).best(mode_of(name, view))
    return None if found is None else Best(value=found[0], epoch=int(found[1]))


def best_epoch(view: View) -> int | None:
    """The epoch with the best monitored value, by however little; its weights are kept."""
    early = view.early_stopping
    best = best_of(view.facts.monitor if early is None else early.monitor, view)
    if best is not None:
        return best.epoch
    return early.best_epoch if early is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the charts are looked at."""

    log: bool = False
    smooth: float = 0.0
    axis: Axis = "epoch"
    window: Window | None = None
    cursor: float | None = None


def plot(
    view: View, group: str, look: Look, most: int = _MOST, detail: Detail | None = None
) -> Plot:
    """What the chart of a group shows, with at most that many buckets a curve."""
    to = converter(view, look.axis)
    curves: list[Curve] = []
    for name, series, style in members(view, group, detail):
        weight = look.smooth if _is_smoothed(series, group, look) else 0.0
        drawn: list[tuple[float, str, Drawn]] = [(0.0, "raw", "line")] if weight else []
        drawn.append((weight, style, "line"))
        if style == "valid":
            drawn.append((0.0, style, "points"))
        for smooth, shown_as, form in drawn:
            kept = _shown(series, smooth, look.window, to, most)
            placed = kept if look.axis == "epoch" else converted(kept, to)
            curves.append(Curve(name=name, buckets=placed, style=shown_as, drawn=form))
    epoch = best_epoch(view)
    here = [saved for saved in view.checkpoints if saved.training == view.training]
    return Plot(
        curves=tuple(curves),
        log=look.log,
        best_x=None if epoch is None else to(float(epoch)),
        saved_x=tuple(to(float(saved.epoch)) for saved in here if saved.epoch),
        axis=look.axis,
        window=look.window,
        cursor_x=look.cursor,
    )


def _shown(
    series: Series, smooth: float, window: Window | None, to: Callable[[float], float], most: int
) -> tuple[Bucket, ...]:
    """What of a curve lies in the window, in few buckets."""
    if window is None:
        return _whole(series, smooth, most)
    buckets = smoothed(series, smooth) if smooth else series.buckets
    return tuple(thinned(inside(buckets, window, to), most))


@lru_cache(maxsize=32)
def _whole(series: Series, smooth: float, most: int) -> tuple[Bucket, ...]:
    return tuple(thinned(smoothed(series, smooth) if smooth else series.buckets, most))


def values_at(
    view: View, group: str, look: Look, x: float, detail: Detail | None = None
) -> list[tuple[str, float, str]]:
    """Name, value and style of each curve at a place: of the sample before it, else the first."""
    to = converter(view, look.axis)
    found: list[tuple[str, float, str]] = []
    for name, series, style in members(view, group, detail):
        buckets = series.buckets
        if _is_smoothed(series, group, look):
            buckets = smoothed(series, look.smooth)
        if buckets:
            at = bisect_right(buckets, x, key=lambda bucket: to(bucket.first_x))
            found.append((name, buckets[max(0, at - 1)].last, style))
    return found


def newest(view: View, group: str, look: Look, detail: Detail | None = None) -> str:
    """The values of a group (empty: the main one) at the cursor, or the last, as a text."""
    group = group or main_group(view)
    place = math.inf if look.cursor is None else look.cursor
    found = values_at(view, group, look, place, detail)
    return "  ".join(f"{name} {value!r}" for name, value, _ in found)


def _is_smoothed(series: Series, group: str, look: Look) -> bool:
    return bool(look.smooth) and group != "lr" and len(series.buckets) >= _MIN_TO_SMOOTH


@lru_cache(maxsize=8)
def smoothed(series: Series, weight: float) -> tuple[Bucket, ...]:
    """The exponential moving average over the buckets, free of the start's pull towards zero."""
    kept: list[Bucket] = []
    mean, total = 0.0, 0.0
    for bucket in series.buckets:
        if math.isnan(bucket.low):
            kept.append(bucket)
            continue
        middle = bucket.low / 2 + bucket.high / 2 if bucket.num > 1 else bucket.last
        mean = weight * mean + (1 - weight) * middle
        total = weight * total + (1 - weight)
        kept.append(sample(bucket.last_x, mean / total, bucket.last_step))
    return tuple(kept)


def members(view: View, group: str, detail: Detail | None = None) -> list[tuple[str, Series, str]]:
    """Name, series and style of the curves of a group, training first.

    With a detail the curves over the steps hold its samples in place of their own.
    """
    by_step = view.by_step.get(group, Series())
    if detail is not None and by_step:
        by_step = detail.of(group, by_step)
    if group in _BY_STEP:
        return [(group, by_step or view.by_epoch.get(group, Series()), "train")]
    found: list[tuple[str, Series, str]] = []
    if group == "loss" and by_step:
        found.append(("train/loss", by_step, "train"))
    for name, series in view.by_epoch.items():
        if group_of(name) == group and name not in [known for known, _, _ in found]:
            found.append((name, series, "valid" if name.startswith("valid") else "train"))
    return sorted(found, key=lambda member: member[2] == "valid")
