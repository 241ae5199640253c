"""Zoom, cursor, axes and the choice of metrics, without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurotrain.monitor.across import AXES, converter, span, ticks
from neurotrain.monitor.choices import CHOICES, offered, show, turned
from neurotrain.monitor.frame import VIEWS, Options
from neurotrain.monitor.plots import Look, plot, values_at
from neurotrain.monitor.tail import follow_to_end
from neurotrain.monitor.view import View


@pytest.fixture
def view(recorded: dict[str, Path]) -> View:
    """21 epochs and three quarters of 40 steps, 0.3 s each."""
    return follow_to_end(recorded["live"])


def _press(options: Options, view: View, *names: str) -> Options:
    for name in names:
        options = CHOICES[name](options, view)
    return options


def test_zoom_halves_the_window_and_the_whole_comes_back(view: View) -> None:
    """Zoomed in twice it is a quarter, at the newest end; zoomed out it is everything."""
    low, high = span(view, "epoch")
    zoomed = _press(Options(), view, "zoom_in", "zoom_in").look.window
    assert zoomed == pytest.approx((high - (high - low) / 4, high))
    assert _press(Options(), view, "zoom_in", "zoom_out").look.window is None
    assert _press(Options(), view, "zoom_in", "whole").look.window is None


def test_panning_stays_inside(view: View) -> None:
    """However often it is moved, the window keeps its width and its place in the whole."""
    end = span(view, "epoch")[1]
    moved = _press(Options(), view, "zoom_in", *["pan_left"] * 9).look.window
    assert moved == pytest.approx((0.0, end / 2))
    assert _press(Options(), view, "zoom_in", *["pan_right"] * 9).look.window == pytest.approx(
        (end / 2, end)
    )


def test_zoom_keeps_the_cursor_in_place(view: View) -> None:
    """The value under the cursor stays in the window."""
    options = _press(Options(), view, "cursor", *["left"] * 40, "zoom_in", "zoom_in", "zoom_in")
    window, cursor = options.look.window, options.look.cursor
    assert window is not None
    assert cursor is not None
    assert window[0] < cursor < window[1]


def test_the_cursor_tells_the_value_of_the_sample_before_it(view: View) -> None:
    """Between two validations it is the earlier one."""
    wanted = next(b.last for b in view.by_epoch["valid/dice"].buckets if b.last_x == 5.0)
    assert [value for _, value, _ in values_at(view, "dice", Look(), 5.4)] == [wanted]


def test_the_best_and_the_newest(view: View) -> None:
    """`b` puts the cursor on the best epoch, and again on the end."""
    assert _press(Options(), view, "best").look.cursor == 18.0
    assert _press(Options(), view, "best", "best").look.cursor == span(view, "epoch")[1]


def test_epochs_become_steps_and_seconds(view: View) -> None:
    """40 steps an epoch; time grows with them and begins at the first step."""
    steps, seconds = converter(view, "step"), converter(view, "time")
    assert steps(10.0) == pytest.approx(400)
    assert steps(10.5) == pytest.approx(420)
    assert seconds(1 / 40) == 0.0
    assert seconds(2.0) > seconds(1.0) > 40 * 0.29


def test_another_axis_keeps_the_extremes(view: View) -> None:
    """A chart by time has the same largest loss as one by epochs."""
    highest = {
        max(b.high for curve in plot(view, "loss", Look(axis=axis)).curves for b in curve.buckets)
        for axis in AXES
    }
    assert len(highest) == 1


def test_ticks_of_time_are_round(view: View) -> None:
    """An hour in 80 cells gets names such as 10 minutes."""
    named = [name for _, name in ticks("time", 0.0, 3600.0, 80)]
    assert named[:3] == ["0s", "10m 00s", "20m 00s"]


def test_a_filter_leaves_the_metrics_that_match(view: View) -> None:
    """And all of them where none does."""
    assert offered(Options(metric_filter="ou"), view) == ("iou",)
    assert "dice" in offered(Options(metric_filter="nothing such"), view)


def test_views_are_turned_in_a_circle() -> None:
    """From the last to the first."""
    assert turned(show(Options(), len(VIEWS)), 1).shown == "overview"
    assert turned(Options(), -1).shown == VIEWS[-1]
