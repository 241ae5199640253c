"""What is on the screen can be taken away as files."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.export import curves_of, write
from neurotrain.monitor.once import record
from neurotrain.monitor.tail import follow_to_end
from tests.monitor.piloting import opened, run, text


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_text_is_what_the_screen_shows(
    recorded: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    """Row by row; the state equals `--json`, and the picture names the run."""
    monkeypatch.chdir(tmp_path)
    run_dir = recorded["early_stopped"]

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        shown = [row.rstrip() for row in text(app).split("\n")]
        await pilot.press("E")
        assert "written" in text(app)
        folder = tmp_path / "drive-unet-overview-1"
        assert (folder / "screen.txt").read_text().split("\n")[:-1] == shown
        assert json.loads((folder / "state.json").read_text()) == record(run_dir)
        assert "<svg" in (folder / "screen.svg").read_text()
        await pilot.press("E")
        assert (tmp_path / "drive-unet-overview-2" / "curves.csv").is_file()

    run(opened(run_dir), act, size)


def test_the_table_of_curves_holds_every_epoch(recorded: dict[str, Path]) -> None:
    """The values are those of the events."""
    view = follow_to_end(recorded["early_stopped"])
    rows = list(csv.DictReader(curves_of(view).splitlines()))
    told = {
        int(event["epoch"]): event["data"]["metrics"]["valid/dice"]
        for event in map(
            json.loads, (recorded["early_stopped"] / "events.jsonl").read_bytes().splitlines()
        )
        if event["kind"] == "epoch.finished"
    }
    found = {int(row["epoch"]): float(row["last"]) for row in rows if row["name"] == "valid/dice"}
    assert found == told
    assert {row["name"] for row in rows} >= {"step/loss", "step/lr", "train/loss"}


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Dots and slashes of a hostile name become dashes."""
    for name in ("../../evil", "/etc/x", "..", "a/b", "\u202ename"):
        made = write(tmp_path, name, {"a.txt": "x"})
        assert made.parent == tmp_path
        assert made.name not in (".", "..")


def test_where_nothing_can_be_written_it_is_told(
    recorded: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor goes on, and says why there is no file."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    shutil.rmtree(gone)

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        await pilot.press("E")
        assert "Could not write" in text(app)

    run(opened(recorded["live"]), act)
