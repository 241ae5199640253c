"""The merged logs of all ranks, and their filter."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurotrain.monitor.logs import MAX_LINES, LogLine, Logs, chosen


def test_ranks_are_merged_by_the_time_of_their_lines(tmp_path: Path) -> None:
    """A line without a time stays behind the line before it."""
    (tmp_path / "rank-0.log").write_text("10:00:01 a\n10:00:03 c\ncontinued\n")
    (tmp_path / "rank-1.log").write_text("10:00:02 b\n10:00:04 d\n")
    assert [line.text[-1] for line in Logs(tmp_path).advance()] == ["a", "b", "c", "d", "d"]


def test_a_line_that_is_being_written_is_shown_and_completed(tmp_path: Path) -> None:
    """A progress bar without a line end shows its last state, once."""
    file, logs = tmp_path / "rank-0.log", Logs(tmp_path)
    file.write_text("start\n10%\r20%")
    assert [line.text for line in logs.advance()] == ["start", "20%"]
    with file.open("a") as stream:
        stream.write("\r100%\n")
    assert [line.text for line in logs.advance()] == ["start", "100%"]
    assert logs.advance() is logs.advance()


def test_a_truncated_log_is_read_anew(tmp_path: Path) -> None:
    """What the file held before is gone."""
    file, logs = tmp_path / "rank-0.log", Logs(tmp_path)
    file.write_text("old\n" * 10)
    logs.advance()
    file.write_text("new\n")
    assert logs.advance() == (LogLine(0, "new"),)


def test_only_the_newest_lines_are_kept(tmp_path: Path) -> None:
    """Memory stays bounded however long the log is."""
    (tmp_path / "rank-0.log").write_text("x\n" * (MAX_LINES + 5000))
    assert len(Logs(tmp_path).advance()) == MAX_LINES


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("", ["epoch 1", "WARN hot", "epoch 12"]),
        ("warn", ["WARN hot"]),
        ("!warn", ["epoch 1", "epoch 12"]),
        ("epoch ?2", ["epoch 12"]),
        (r"/epoch \d$/", ["epoch 1"]),
        ("/(/", []),
    ],
)
def test_filters(pattern: str, texts: list[str]) -> None:
    """Text, glob, expression and their negation; a broken expression is looked for as it is."""
    lines = [LogLine(0, text) for text in ("epoch 1", "WARN hot", "epoch 12")]
    assert [line.text for line in chosen(lines, pattern, None)] == texts


def test_one_rank_alone() -> None:
    """The lines of the others are left out."""
    lines = [LogLine(0, "a"), LogLine(1, "b")]
    assert chosen(lines, "", 1) == [LogLine(1, "b")]
