"""The views beside the overview, zoom, filter and comparison, through Textual's pilot."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.widgets.comparison import Comparison
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.picker import Picker
from tests.monitor.piloting import opened, run, text, until


@pytest.mark.parametrize("key", ["2", "3", "4", "5", "6", "z"])
def test_every_view_has_its_place_at_every_size(cluster: Path, key: str) -> None:
    """Whatever is shown, panes are inside and apart; state and progress stay."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        for size in [(40, 10), (60, 15), (80, 24), (120, 40), (200, 60)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.02)
            panes = [pane for pane in app.screen.query(Pane) if pane.display]
            for pane in panes:
                assert app.screen.region.contains_region(pane.region), (size, pane.id)
            for a, b in combinations(panes, 2):
                assert not a.region.overlaps(b.region), (size, a.id, b.id)
            rows = text(app).split("\n")
            assert "TRAIN" in rows[0]
            assert any(row.startswith(" Epoch") for row in rows)

    run(opened(cluster), act)


def test_the_views_tell_what_they_are_for(cluster: Path) -> None:
    """System, checkpoints and plan, each with what no other view has."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        for key, told in (
            ("3", ("r0 ", "r1 ", "follow")),
            ("4", ("gpu 1", "throttled", "behind", "1.43× the others", "disk i/o")),
            ("5", ("verified", "it deletes epoch-0010.pth", "neurotrain run ", "reattach")),
            ("6", ("planned", "1200", "4.2 G", "train.checkpoints.keep_last", "left + predictor")),
        ):  # fmt: skip
            await pilot.press(key)
            await pilot.pause()
            shown = text(app)
            for word in told:
                assert word in shown, (key, word)

    run(opened(cluster), act, (120, 40))


def test_the_log_can_be_filtered_and_scrolled(cluster: Path) -> None:
    """What is typed filters at once; escape ends the filter; page up leaves the end."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("3", "slash", *"hot")
        await pilot.pause(0.1)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert "/hot · 1 lines" in text(app)
        await pilot.press("escape")
        assert "/hot" not in text(app)
        await pilot.press("pageup")
        assert "below" in text(app)
        await pilot.press("f")
        assert "follow" in text(app)

    run(opened(cluster), act)


def test_zoom_and_cursor_are_told_on_the_edge(cluster: Path) -> None:
    """The value at the cursor stands on every chart, and escape takes the cursor away."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("plus")
        assert "e10.88 to e21.75" in text(app)
        await pilot.press("b")
        shown = text(app)
        assert "e18  train 0." in shown
        assert "e18  valid 0.8287" in shown
        await pilot.press("escape", "0", "x")
        assert "by step" in text(app)

    run(opened(cluster), act, (120, 40))


def test_pinned_runs_are_compared(recorded: dict[str, Path]) -> None:
    """Curves, a table and what differs; `d` opens it, escape comes back."""
    app = Monitor(recorded["live"].parent, readonly=False, choose=True)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("space", "down", "down", "space", "d")
        await until(lambda: isinstance(app.screen, Comparison), pilot)
        await pilot.pause(0.1)
        assert "Settings that differ" in text(app)
        await pilot.press("right", "y", "m", "escape")
        await until(lambda: isinstance(app.screen, Picker), pilot)

    run(app, act, (100, 30))
