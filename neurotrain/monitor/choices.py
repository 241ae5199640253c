"""What keys change in what is shown: pure functions from options to options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias

from neurotrain.monitor.across import AXES, panned, span, zoomed
from neurotrain.monitor.frame import VIEWS, Options
from neurotrain.monitor.logs import matcher
from neurotrain.monitor.plots import SMOOTHINGS, Look, best_epoch, group_of, groups, main_group
from neurotrain.monitor.view import View

Choice: TypeAlias = Callable[[Options, View], Options]

_CURSOR_STEP: Final = 0.0125
_PAN: Final = 0.25
_TROUBLE: Final = "/warn|error|exception|traceback|critical|fatal/"


def offered(options: Options, view: View) -> tuple[str, ...]:
    """The groups of metrics that the filter lets through; all where it lets none."""
    found = groups(view)
    matches = matcher(options.metric_filter)
    return tuple(name for name in found if matches(name)) or found


def next_group(options: Options, view: View, by: int) -> Options:
    """The group that many places further on."""
    found = offered(options, view)
    if not found:
        return options
    now = options.group or (found[0] if options.shown == "metrics" else main_group(view))
    at = found.index(now) if now in found else -1 if by > 0 else 0
    return replace(options, group=found[(at + by) % len(found)])


def scrolled(options: Options, by: int) -> Options:
    """Rows up (negative) or down; the log is counted from its end."""
    down = -by if options.shown in ("log", "overview") else by
    return replace(options, scrolled=max(0, options.scrolled + down))


def show(options: Options, number: int) -> Options:
    """One of the views by its number, from 1."""
    return replace(options, shown=VIEWS[number - 1], is_large=False, scrolled=0)


def turned(options: Options, by: int) -> Options:
    """The next view, or the one before."""
    return show(options, (VIEWS.index(options.shown) + by) % len(VIEWS) + 1)


def _look(options: Options, look: Look) -> Options:
    return replace(options, look=look)


def _log_scale(options: Options, view: View) -> Options:
    return _look(options, replace(options.look, log=not options.look.log))


def _smooth(options: Options, view: View) -> Options:
    at = SMOOTHINGS.index(options.look.smooth)
    smooth = SMOOTHINGS[(at + 1) % len(SMOOTHINGS)]
    return _look(options, replace(options.look, smooth=smooth))


def _unsmooth(options: Options, view: View) -> Options:
    return _look(options, replace(options.look, smooth=0.0))


def _axis(options: Options, view: View) -> Options:
    axis = AXES[(AXES.index(options.look.axis) + 1) % len(AXES)]
    return _look(options, replace(options.look, axis=axis, window=None, cursor=None))


def _zoom(factor: float) -> Choice:
    def choose(options: Options, view: View) -> Options:
        look = options.look
        window = zoomed(look.window, span(view, look.axis), factor, look.cursor)
        return _look(options, replace(look, window=window))

    return choose


def _whole(options: Options, view: View) -> Options:
    return _look(options, replace(options.look, window=None))


def _pan(by: float) -> Choice:
    def choose(options: Options, view: View) -> Options:
        look = options.look
        window = panned(look.window, span(view, look.axis), by)
        return _look(options, replace(look, window=window))

    return choose


def _cursor(options: Options, view: View) -> Options:
    look = options.look
    end = (look.window or span(view, look.axis))[1]
    return _look(options, replace(look, cursor=end if look.cursor is None else None))


def _sideways(by: int) -> Choice:
    """The arrows move the cursor where there is one, else they choose the metric."""

    def choose(options: Options, view: View) -> Options:
        look = options.look
        if look.cursor is None:
            return next_group(options, view, by)
        low, high = look.window or span(view, look.axis)
        cursor = min(high, max(low, look.cursor + by * _CURSOR_STEP * (high - low)))
        return _look(options, replace(look, cursor=cursor))

    return choose


def _best(options: Options, view: View) -> Options:
    """The cursor on the best epoch; again: on the newest value."""
    best, look = best_epoch(view), options.look
    end = span(view, "epoch")[1]
    at = end if best is None or look.cursor == float(best) else float(best)
    return _look(options, _at_epoch(look, at))


def _large(options: Options, view: View) -> Options:
    return replace(options, is_large=not options.is_large)


def _follow(options: Options, view: View) -> Options:
    return replace(options, scrolled=0)


def _rank(options: Options, view: View) -> Options:
    """All ranks, then each alone."""
    known: list[int | None] = [None, 0, *sorted(view.ranks)]
    at = known.index(options.log_rank) if options.log_rank in known else -1
    return replace(options, log_rank=known[(at + 1) % len(known)])


def _wrap(options: Options, view: View) -> Options:
    return replace(options, log_wraps=not options.log_wraps)


def _trouble(options: Options, view: View) -> Options:
    """Of the log only warnings and errors; again: all of it."""
    is_on = options.log_filter == _TROUBLE
    return replace(options, log_filter="" if is_on else _TROUBLE, scrolled=0)


def filtered(options: Options, view: View, pattern: str) -> Options:
    """Only what matches: of the metrics in their view, else of the log."""
    if options.shown == "metrics":
        return replace(options, metric_filter=pattern, group="")
    return replace(options, log_filter=pattern, scrolled=0)


def _view(options: Options, view: View, name: str) -> Options:
    return show(options, [str(each) for each in VIEWS].index(name) + 1)


def _metric(options: Options, view: View, name: str) -> Options:
    group = group_of(name)
    keeps = group in offered(options, view)
    return replace(options, group=group, metric_filter=options.metric_filter if keeps else "")


def _epoch(options: Options, view: View, number: str) -> Options:
    """The cursor to the end of an epoch, or as near as there is anything."""
    at = min(float(number[:15]), span(view, "epoch")[1])
    return _look(options, _at_epoch(options.look, at))


def _at_epoch(look: Look, at: float) -> Look:
    """The cursor on an epoch; a window that does not hold it is left."""
    if look.axis != "epoch":
        look = replace(look, axis="epoch", window=None)
    if look.window is not None and not look.window[0] <= at <= look.window[1]:
        look = replace(look, window=None)
    return replace(look, cursor=at)


GIVEN: Final[Mapping[str, Callable[[Options, View, str], Options]]] = MappingProxyType(
    {"view": _view, "metric": _metric, "epoch": _epoch, "filter": filtered}
)
"""What a word of the command line changes, by what stands after it."""

CHOICES: Final[Mapping[str, Choice]] = MappingProxyType(
    {
        "log_scale": _log_scale,
        "smooth": _smooth,
        "unsmooth": _unsmooth,
        "axis": _axis,
        "zoom_in": _zoom(0.5),
        "zoom_out": _zoom(2.0),
        "whole": _whole,
        "pan_left": _pan(-_PAN),
        "pan_right": _pan(_PAN),
        "cursor": _cursor,
        "left": _sideways(-1),
        "right": _sideways(1),
        "next_metric": lambda options, view: next_group(options, view, 1),
        "previous_metric": lambda options, view: next_group(options, view, -1),
        "best": _best,
        "large": _large,
        "follow": _follow,
        "rank": _rank,
        "wrap": _wrap,
        "trouble": _trouble,
        "next_view": lambda options, view: turned(options, 1),
        "previous_view": lambda options, view: turned(options, -1),
    }
)
"""By the name that the table of keys uses."""
