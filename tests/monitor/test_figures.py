"""Figures on the screen against the events they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from textual.pilot import Pilot

from neurotrain.monitor import wording
from neurotrain.monitor.across import zoomed
from neurotrain.monitor.actual import compare, total_time
from neurotrain.monitor.app import Monitor
from neurotrain.monitor.forecast import run_left, step_pace
from neurotrain.monitor.health import alerts
from neurotrain.monitor.state import State
from neurotrain.monitor.tail import follow_to_end
from neurotrain.monitor.view import View
from tests.monitor.piloting import opened, run, text


@pytest.fixture
def view(cluster: Path) -> View:
    """A live run of two processes."""
    return follow_to_end(cluster)


def _told(view: View) -> list[str]:
    return [alert.text for alert in alerts(view, State.TRAIN, 0.0)]


def test_memory_is_an_alert_only_where_it_is_full(view: View) -> None:
    """Above 95 percent."""
    assert view.machine is not None
    full = replace(view.machine, memory_used_bytes=97, memory_total_bytes=100)
    assert "memory is 97% full" in _told(replace(view, machine=full))
    assert not any(told.startswith("memory") for told in _told(view))


def test_a_short_pause_is_no_silence(view: View) -> None:
    """Five steps of 0.3 seconds are not worth a word; twenty seconds are."""
    assert view.updated_at is not None
    for after, expected in ((5.0, False), (30.0, True)):
        found = alerts(view, State.TRAIN, view.updated_at + after)
        assert any("no step for" in alert.text for alert in found) is expected


def test_the_plan_compares_rates_and_the_whole_time(view: View) -> None:
    """Operations over the pace; what passed and what is left."""
    pace, left = step_pace(view), run_left(view)
    assert pace is not None
    assert left is not None
    row = next(row for row in compare(view) if row.name == "FLOP a second")
    assert row.actual == f"{4.2 / pace.median_s:.3g} G"
    assert total_time(view, 100.0) == wording.duration(100.0 + left.seconds)


def test_a_zoom_keeps_the_cursor_where_it_is() -> None:
    """A quarter from the left stays a quarter from the left."""
    assert zoomed(None, (0.0, 8.0), 0.5, 2.0) == (1.0, 5.0)


def test_the_overview_tells_the_last_change_and_how_far_it_is(recorded: dict[str, Path]) -> None:
    """By the newest two validations; batches of the epoch that runs count."""
    view = follow_to_end(recorded["live"])
    recent = view.by_epoch["valid/dice"].recent
    change = wording.change(recent[-1].last - recent[-2].last)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        rows = text(app).split("\n")
        assert any("valid/dice" in row and f"{change} │" in row for row in rows)
        assert any("Epoch" in row and f" {100 * 21.75 / 30:.0f}%" in row for row in rows)
        assert any("valid/accuracy" in row and "★│" in row for row in rows)

    run(opened(recorded["live"]), act, (120, 40))


def test_ranks_lag_and_the_disk_is_used(cluster: Path) -> None:
    """Rank 1 is two steps behind; 61 of 100 GB are free."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await pilot.pause()
        rows = text(app).split("\n")
        assert any(row.split()[1:2] == ["1"] and row.split()[3] == "2" for row in rows)
        assert any("disk  " in row and " 39% " in row for row in rows)

    run(opened(cluster), act, (120, 40))


def test_the_newest_checkpoint_comes_first(recorded: dict[str, Path]) -> None:
    """By its step."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await pilot.pause()
        shown = text(app)
        assert shown.index("last.pth") < shown.index("epoch-0020") < shown.index("epoch-0010")

    run(opened(recorded["live"]), act, (120, 40))


def test_a_stop_at_the_last_epoch_is_none(logs: ModuleType, tmp_path: Path) -> None:
    """The training is over then in any case."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert "not before the last epoch" in text(app)

    recording = logs.Recording(tmp_path / "run", epochs=7, patience=6)
    recording.start()
    recording.train(1)
    recording.train_steps(2, num=5)
    run(opened(logs._spread_times(recording.close("training", None))), act, (120, 40))
