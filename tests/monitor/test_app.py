"""The app as a person meets it, driven through Textual's pilot."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.keys import KEYS
from neurotrain.monitor.screen import RunScreen
from neurotrain.monitor.widgets.confirm import StopMenu
from neurotrain.monitor.widgets.help import Help
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.picker import Picker
from neurotrain.recorder import control
from neurotrain.recorder.events import EventLog
from tests.monitor.piloting import opened, run, screen_of, text, until

SIZES = [
    (40, 10), (60, 15), (80, 24), (99, 30), (100, 22), (120, 40), (160, 45), (200, 60), (80, 60),
]  # fmt: skip


@pytest.fixture
def live(recorded: dict[str, Path], tmp_path: Path) -> Path:
    """A live run that a test may change."""
    return Path(shutil.copytree(recorded["live"], tmp_path / "run"))


@pytest.mark.parametrize("name", ["live", "waiting", "early_stopped", "failed"])
def test_panes_have_their_place_at_every_size(recorded: dict[str, Path], name: str) -> None:
    """Panes are inside the screen and apart; the state word and the epoch are readable."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.02)
            panes = [pane for pane in app.screen.query(Pane) if pane.display]
            for pane in panes:
                assert app.screen.region.contains_region(pane.region), (size, pane.id)
            for a, b in combinations(panes, 2):
                assert not a.region.overlaps(b.region), (size, a.id, b.id)
            rows = text(app).split("\n")
            words = {"live": "TRAIN", "waiting": "TRAIN", "early_stopped": "EARLY-STOPPED"}
            assert words.get(name, "FAILED") in rows[0]
            assert len(rows) == size[1]
            assert name == "waiting" or any(row.startswith(" Epoch") for row in rows)

    run(opened(recorded[name]), act)


def test_a_storm_of_sizes_leaves_a_whole_screen(recorded: dict[str, Path]) -> None:
    """However the window was resized, the screen ends as if opened at its size."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        for size in [(200, 60), (20, 5), (40, 10), (130, 33), (1, 1), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.05)
        resized.append(text(app))

    async def look(app: Monitor, pilot: Pilot[None]) -> None:
        resized.append(text(app))

    resized: list[str] = []
    run(opened(recorded["live"]), act)
    run(opened(recorded["live"]), look)
    assert resized[0] == resized[1]


def test_the_small_screen_tells_what_matters(recorded: dict[str, Path]) -> None:
    """At 80x24 a live run shows state, epochs, early stopping, curves, metrics and log."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        shown = text(app)
        for told in (
            "● TRAIN", "cpu", "22/30", "left", "30/40", "valid/dice ↑", "best 0.8287 @ e18",
            "■■■□□□ 3/6", "stops after epoch 24 in 32s", "loss",
            "valid/accuracy", "samples/s", "saved train/checkpoints/last.pth", "q detach",
        ):  # fmt: skip
            assert told in shown, told

    run(opened(recorded["live"]), act)


def test_synthetic_data_is_named(recorded: dict[str, Path]) -> None:
    """A run on generated data says so in its first row."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert "synthetic data" in text(app).split("\n")[0]

    run(opened(recorded["synthetic"]), act)


def test_the_end_shows_scores_and_the_report(recorded: dict[str, Path]) -> None:
    """A finished run shows the test's scores and where the report lies."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        shown = text(app)
        assert "test dice     0.8123" in shown
        assert "test/report.html" in shown
        assert "no valid/dice above" in shown

    run(opened(recorded["early_stopped"]), act)


def test_a_failure_shows_message_hint_and_log(recorded: dict[str, Path]) -> None:
    """A failed run shows what went wrong, what to do and the end of the log."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        shown = text(app)
        for told in ("exit code 3", "The training diverged", "Lower train", "FloatingPointError"):
            assert told in shown, told

    run(opened(recorded["failed"]), act)


def test_before_the_first_event_it_says_what_it_waits_for(tmp_path: Path) -> None:
    """An empty run directory shows the folder's name and that the run has not started."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        shown = text(app)
        assert "PENDING" in shown
        assert "run-to-come" in shown
        assert "Waiting for the run: its folder is not there  0s" in shown
        await pilot.press("c")
        assert not (tmp_path / "run-to-come").exists()

    run(Monitor(tmp_path / "run-to-come", readonly=False, clock=lambda: 100.0), act)


def test_new_events_appear(live: Path) -> None:
    """What a run appends comes onto the screen without a key."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        log = EventLog(live / "events.jsonl")
        log.write("warning.raised", message="odd")
        log.close()
        await until(lambda: "1 warning" in text(app), pilot)

    run(opened(live), act)


def test_nothing_is_painted_when_nothing_happens(recorded: dict[str, Path]) -> None:
    """A finished run's screen polls and paints no pane again."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        screen = screen_of(app)
        shown = screen._shown
        for _ in range(3):
            screen.poll()
        assert screen._shown is shown

    run(opened(recorded["finished"]), act)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving(recorded: dict[str, Path], key: str) -> None:
    """`q` and ctrl+c leave with 0 and ask nothing of the run."""
    app = opened(recorded["live"])

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press(key)

    run(app, act)
    assert app.return_code == 0
    assert not (recorded["live"] / "control").exists()


def test_stop_wants_a_typed_yes(live: Path) -> None:
    """`s` asks when, then whether; only `y` leaves a request: after the step, or the epoch."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        assert isinstance(app.screen, StopMenu)
        for refused in (["n"], ["s", "s", "n"], ["s", "y"]):
            await pilot.press(*refused)
            assert control.take_requests(live) == []
        await pilot.press("s", "s", "y")
        assert control.take_requests(live) == ["stop"]
        await pilot.press("s", "e", "y")
        assert control.take_requests(live) == ["stop_after_epoch"]
        assert "stop after this epoch" in text(app)

    run(opened(live), act)


def test_save_asks_at_once(live: Path) -> None:
    """`c` leaves a request to save a checkpoint."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        assert control.take_requests(live) == ["save"]

    run(opened(live), act)


@pytest.mark.parametrize("name", ["live", "finished"])
def test_requests_are_off_where_they_make_no_sense(
    recorded: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """Read-only, or when the run is over, `s` and `c` do nothing."""
    run_dir = Path(shutil.copytree(recorded[name], tmp_path / "run"))

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("s", "c", "y")
        assert isinstance(app.screen, RunScreen)
        assert control.take_requests(run_dir) == []

    run(opened(run_dir, readonly=name == "live"), act)


def test_the_metric_can_be_switched(recorded: dict[str, Path]) -> None:
    """The arrows and n/p go through the metrics in both directions."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert "─ loss" in text(app)
        await pilot.press("right")
        assert "─ dice" in text(app)
        await pilot.press("n", "p", "left")
        assert "─ loss" in text(app)

    run(opened(recorded["live"]), act)


def test_scale_and_smoothing_can_be_switched(recorded: dict[str, Path]) -> None:
    """`y` and `m` change the chart and say so on its edge."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        assert "log scale" in text(app)
        await pilot.press("y", "m")
        assert "smooth 0.6" in text(app)
        await pilot.press("m", "m", "m")
        assert "smooth 0" not in text(app)

    run(opened(recorded["live"]), act)


def test_freezing_holds_the_screen(live: Path) -> None:
    """Frozen, new events are read and not shown; the next press shows them."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        assert "FROZEN" in text(app)
        log = EventLog(live / "events.jsonl")
        log.write("warning.raised", message="odd")
        log.close()
        await until(lambda: screen_of(app).view.num_warnings == 1, pilot)
        assert "1 warning" not in text(app)
        await pilot.press("space")
        assert "1 warning" in text(app)

    run(opened(live), act)


def test_the_help_is_the_table_of_the_bindings(recorded: dict[str, Path]) -> None:
    """Every key is bound, and the help has a line for each."""
    bound = {key for binding in RunScreen.BINDINGS for key in binding.key.split(",")}  # type: ignore[union-attr]
    assert bound == {key for row in KEYS if row.keys for key in row.keys.split(",")}

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        await pilot.pause(0.1)
        shown = text(app)
        for row in KEYS:
            assert row.help[:40] in shown, row.id
            assert row.shown in shown, row.id
        await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)
        await pilot.press("f1")
        assert isinstance(app.screen, Help)

    run(opened(recorded["live"]), act, (80, 70))


def test_a_folder_of_runs_gives_a_list_to_choose_from(recorded: dict[str, Path]) -> None:
    """Enter opens the chosen run, escape comes back, and `q` leaves."""
    app = Monitor(recorded["live"].parent, readonly=False, choose=True)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert isinstance(app.screen, Picker)
        shown = text(app)
        assert "EARLY-STOPPED" in shown
        assert "test accuracy" in shown
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, RunScreen), pilot)
        await pilot.pause(0.1)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, Picker), pilot)
        await pilot.press("q")

    run(app, act, (100, 24))
    assert not app._exception


def test_plain_glyphs_are_ascii(recorded: dict[str, Path]) -> None:
    """Where only ASCII can be shown, nothing else is."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert text(app).isascii()
        assert "* TRAIN" in text(app)

    run(opened(recorded["live"], ascii_only=True), act, (200, 60))


def test_hostile_text_is_inert(live: Path) -> None:
    """Escapes, bidirectional controls and markup in names and logs stay text."""
    lines = (live / "events.jsonl").read_text().splitlines()
    started = json.loads(lines[0])
    name = "[bold]\x1b[2Jx\u202e[/nope] 网络"
    started["data"] |= {"name": name, "model": "[red", "host": "\ud800"}
    lines[0] = json.dumps(started)
    (live / "events.jsonl").write_text("\n".join(lines) + "\n")
    (live / "logs" / "rank-0.log").write_text("\x1b]0;evil\x07[link=x]\x1b[31m" + "界" * 300)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        shown = text(app)
        assert "[bold]x[/nope] 网络" in shown
        assert "[link=x]" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown

    for size in ((80, 24), (200, 60)):
        run(opened(live), act, size)


def test_no_color_leaves_no_colour(
    recorded: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR every cell is grey; words and glyphs carry the state."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        colours = {
            segment.style.color.triplet
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None and segment.style.color is not None
        }
        assert colours
        assert all(colour is None or len(set(colour)) == 1 for colour in colours)
        assert "● TRAIN" in text(app)

    run(opened(recorded["live"]), act)
