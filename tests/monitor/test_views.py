"""The views beside the overview, zoom, filter and comparison, through Textual's pilot."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.tail import follow_to_end
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
            ("6", ("planned", "1200", "4.2 G", "train.checkpoints.keep_last", ", then predictor")),
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


def test_long_lines_of_the_log_can_be_wrapped(cluster: Path) -> None:
    """`w` shows the end of every line that was cut, and cuts it again."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        assert "…" in text(app).rsplit("\n", 1)[0]
        await pilot.press("w")
        assert "…" not in text(app).rsplit("\n", 1)[0]
        await pilot.press("w")
        assert "…" in text(app).rsplit("\n", 1)[0]

    run(opened(cluster), act, (50, 30))


def test_the_log_can_be_cut_to_its_warnings(cluster: Path) -> None:
    """`L` leaves only lines that warn or tell an error; again: all."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        whole = text(app)
        await pilot.press("L")
        rows = [row for row in text(app).split("\n") if "INFO" in row]
        assert rows == []
        await pilot.press("L")
        assert text(app) == whole

    run(opened(cluster), act, (120, 40))


def test_alerts_are_told_one_by_one(cluster: Path) -> None:
    """`!` names each with its number, and begins again after the last."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("exclamation_mark")
        first = text(app).split("\n")[-1]
        num = int(first.split(" of ")[1].split(":")[0])
        assert first.startswith(" 1 of ")
        for _ in range(num):
            await pilot.press("exclamation_mark")
        assert text(app).split("\n")[-1] == first

    run(opened(cluster), act, (120, 40))


def test_the_main_metric_can_be_copied(recorded: dict[str, Path]) -> None:
    """`Y` puts name and value into the clipboard: the last, or that at the cursor."""
    held = follow_to_end(recorded["early_stopped"]).by_epoch["valid/dice"].buckets

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("Y")
        assert app.clipboard == f"valid/dice {held[-1].last!r}"
        await pilot.press("b", "Y")
        assert app.clipboard == f"valid/dice {max(each.last for each in held)!r}"

    run(opened(recorded["early_stopped"]), act)


def test_where_nothing_is_logged_the_epochs_stand(
    recorded: dict[str, Path], tmp_path: Path
) -> None:
    """A run in the foreground logs to its own terminal: its place shows the epochs."""
    run_dir = Path(shutil.copytree(recorded["early_stopped"], tmp_path / "run"))
    shutil.rmtree(run_dir / "logs")

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        for size in ((80, 40), (120, 40), (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.05)
            assert "─ Epochs ─" in text(app)
            assert "─ Log" not in text(app)

    run(opened(run_dir), act)


def test_the_keys_of_an_ended_run_are_those_that_do_something(recorded: dict[str, Path]) -> None:
    """No stop and no save; after a failure the command to resume."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        last = text(app).split("\n")[-1]
        assert "stop" not in last
        assert "save" not in last
        assert ("resume command" in last) == ("FAILED" in text(app))

    for name in ("finished", "failed"):
        run(opened(recorded[name]), act)
