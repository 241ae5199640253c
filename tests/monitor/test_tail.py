"""The tail reads what is new, once, whatever happens to the files."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurotrain.monitor.tail import Tail, follow_to_end
from neurotrain.monitor.view import View


def _read(tail: Tail, view: View) -> View:
    """The view after everything that is there."""
    return tail.advance(view, budget_s=math.inf)[0]


@pytest.fixture
def run_dir(recorded: dict[str, Path], tmp_path: Path) -> Path:
    """A live run that a test may change."""
    return Path(shutil.copytree(recorded["live"], tmp_path / "run"))


def test_reading_in_pieces_tells_the_same(run_dir: Path) -> None:
    """A file that grows by odd pieces, lines torn, folds to the same view."""
    whole = (run_dir / "events.jsonl").read_bytes()
    expected = follow_to_end(run_dir)
    file = run_dir / "events.jsonl"
    file.write_bytes(b"")
    tail, view = Tail(run_dir), View()
    for start in range(0, len(whole), 7919):
        with file.open("ab") as stream:
            stream.write(whole[start : start + 7919])
        view = _read(tail, view)
    assert view == expected


def test_a_torn_last_line_waits(run_dir: Path) -> None:
    """A line without its end is not read, and read when the end comes."""
    file = run_dir / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    tail, view = Tail(run_dir), View()
    view = _read(tail, view)
    assert view.num_events == len(lines) - 1
    with file.open("ab") as stream:
        stream.write(lines[-1][20:])
    view = _read(tail, view)
    assert view.num_events == len(lines)


def test_a_truncated_file_is_read_anew(run_dir: Path) -> None:
    """After the file became shorter, only what it holds now counts."""
    file = run_dir / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    tail, view = Tail(run_dir), View()
    view = _read(tail, view)
    file.write_bytes(b"".join(lines[:50]))
    view = _read(tail, view)
    assert view.num_events == 50
    assert view == follow_to_end(run_dir)


def test_a_replaced_file_is_read_anew(run_dir: Path, recorded: dict[str, Path]) -> None:
    """Another file at the same path, even a longer one, starts over."""
    tail, view = Tail(run_dir), View()
    view = _read(tail, view)
    shutil.copy(recorded["early_stopped"] / "events.jsonl", run_dir / "new")
    os.replace(run_dir / "new", run_dir / "events.jsonl")
    view = _read(tail, view)
    assert view == follow_to_end(recorded["early_stopped"])


def test_nothing_is_there_yet(tmp_path: Path) -> None:
    """A directory without files gives an empty view, no heartbeat and no log."""
    tail = Tail(tmp_path / "later")
    assert tail.advance(View()) == (View(), False)
    assert not tail.liveness(0.0).found
    assert tail.log() == ()


def test_the_heartbeat_of_a_dead_process_is_no_life(recorded: dict[str, Path]) -> None:
    """A pid that is gone on this machine is told, one that lives too."""
    crashed = Tail(recorded["crashed"]).liveness(0.0)
    assert (crashed.found, crashed.alive, crashed.here) == (True, False, True)
    assert Tail(recorded["live"]).liveness(0.0).alive


@pytest.mark.parametrize(
    "change",
    [{"pid": "1"}, {"pid": -1}, {"pid": 10**30}, {"time": None}, {"time": "now"}, {"host": 3}],
)
def test_a_heartbeat_that_makes_no_sense_counts_as_none(
    run_dir: Path, change: dict[str, object]
) -> None:
    """Any program may have written the file; nonsense in it is not an error of ours."""
    file = run_dir / "status.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert not Tail(run_dir).liveness(0.0).found


def test_the_log_is_cleaned_and_its_end_is_read(run_dir: Path) -> None:
    """Progress bars collapse to their last state and no escape sequence survives."""
    file = run_dir / "logs" / "rank-0.log"
    file.write_bytes(b"x" * 200_000 + b"\nfirst\n10%\r50%\r100%\n\x1b[31mred\x1b[0m\x07\xff\n")
    assert [line.text for line in Tail(run_dir).log()[-3:]] == ["first", "100%", "red�"]


def test_a_log_that_grows_is_read_again(run_dir: Path) -> None:
    """The lines follow the file."""
    tail = Tail(run_dir)
    tail.log()
    with (run_dir / "logs" / "rank-0.log").open("a") as stream:
        stream.write("the newest\n")
    assert tail.log()[-1] == (0, "the newest")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6)), max_size=30))
def test_a_damaged_file_can_be_read(
    recorded: dict[str, Path], tmp_path: Path, damage: list[tuple[float, bytes]]
) -> None:
    """Bytes replaced, lost and added anywhere cost at most the lines they hit."""
    block = (recorded["failed"] / "events.jsonl").read_bytes()
    for where, found in damage:
        at = int(where * len(block))
        block = block[:at] + found + block[at + 3 :]
    (tmp_path / "events.jsonl").write_bytes(block)
    view = follow_to_end(tmp_path)
    hit = 4 * len(damage) + 1
    assert view.num_events >= block.count(b"\n") - hit
