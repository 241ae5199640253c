"""Events are written whole, numbered over all attempts, and read whatever is in the file."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurotrain.recorder.events import (
    MAX_LINE_BYTES,
    Event,
    EventLog,
    decode,
    effective,
    encode,
    number,
    read,
    read_all,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below),
    max_leaves=8,
)


@given(data=st.dictionaries(st.text(max_size=8), VALUES, max_size=5), step=st.integers(0, 2**40))
def test_an_event_survives_its_line(data: dict[str, object], step: int) -> None:
    """What is encoded is one line that decodes to the same fact."""
    event = Event(kind="a.b", seq=1, attempt=1, time=1.5, step=step, data=data)
    line = encode(event)
    assert line.count(b"\n") == 1
    found = decode(line)
    assert found is not None
    assert (found.kind, found.seq, found.step) == ("a.b", 1, step)
    json.loads(line, parse_constant=lambda name: pytest.fail(f"bare {name}"))


@given(st.binary(max_size=200))
def test_no_line_can_break_the_reader(line: bytes) -> None:
    """A damaged line is no event, never an error."""
    found = decode(line)
    assert found is None or isinstance(found, Event)


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[1]",
        b'{"kind":"a","seq":"1","time":1,"data":{}}',
        b'{"kind":"a","seq":1,"time":true,"data":{}}',
        b'{"kind":"a","seq":1,"time":1' + b"0" * 400 + b',"data":{}}',
        b'{"kind":1,"seq":1,"time":1,"data":{}}',
        b'{"kind":"a","seq":1,"time":1,"data":3}',
        b"[" * 100_000,
    ],
)
def test_malformed_records_are_no_events(line: bytes) -> None:
    """Each field has to be of its type."""
    assert decode(line) is None


def test_non_finite_numbers_are_words() -> None:
    """JSON has none, so they are the strings that readers know."""
    data = {"x": math.nan, "y": [math.inf, -math.inf]}
    found = decode(encode(Event(kind="k", seq=1, attempt=1, time=0.0, data=data)))
    assert found is not None
    assert found.data == {"x": "NaN", "y": ["Infinity", "-Infinity"]}
    assert math.isnan(number(found.data["x"]) or 0.0)
    assert number("12") is None
    assert number(True) is None
    assert number(10**400) is None


def test_a_torn_line_is_skipped_and_numbers_go_on(tmp_path: Path) -> None:
    """After a crash in a write the next attempt continues the numbers on a line of its own."""
    file = tmp_path / "events.jsonl"
    log = EventLog(file)
    log.write("one.done")
    log.write("two.done")
    log.close()
    with file.open("ab") as stream:
        stream.write(b'{"v":1,"seq":3,"kind":"tor')
    again = EventLog(file)
    event = again.write("three.done")
    assert (event.seq, event.attempt) == (3, 2)
    assert [e.kind for e in read_all(file)] == ["one.done", "two.done", "three.done"]


def test_reading_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    """A line that is still being written is read when it is whole."""
    file = tmp_path / "events.jsonl"
    line = encode(Event(kind="k", seq=1, attempt=1, time=0.0))
    file.write_bytes(line[:10])
    events, offset = read(file)
    assert (events, offset) == ([], 0)
    file.write_bytes(line)
    events, offset = read(file, offset)
    assert [event.kind for event in events] == ["k"]
    assert offset == len(line)


def test_a_file_larger_than_the_block_is_read_whole(tmp_path: Path) -> None:
    """Blocks end inside lines; nothing is lost or doubled."""
    file = tmp_path / "events.jsonl"
    log = EventLog(file)
    for index in range(500):
        log.write("step.finished", step=index, text="x" * (index % 90))
    found, offset = [], 0
    while True:
        events, end = read(file, offset, max_bytes=700)
        found += events
        if end == offset:
            break
        offset = end
    assert [event.step for event in found] == list(range(500))


def test_an_event_that_is_too_long_is_refused() -> None:
    """A line stays within what one write brings out whole."""
    with pytest.raises(ValueError, match=str(MAX_LINE_BYTES)):
        encode(Event(kind="k", seq=1, attempt=1, time=0.0, data={"x": "y" * MAX_LINE_BYTES}))


def test_a_resume_supersedes_what_it_redoes(tmp_path: Path) -> None:
    """Records of earlier attempts beyond the resumed step do not count."""
    file = tmp_path / "events.jsonl"
    first = EventLog(file)
    for step in (10, 20, 30):
        first.write("epoch.finished", step=step, epoch=step // 10)
    second = EventLog(file)
    second.write("run.resumed", step=20, from_step=20)
    second.write("epoch.finished", step=30, epoch=3)
    kept = [(e.attempt, e.step) for e in effective(read_all(file)) if e.kind == "epoch.finished"]
    assert kept == [(1, 10), (1, 20), (2, 30)]


def test_a_resume_takes_nothing_back_of_another_stage(tmp_path: Path) -> None:
    """Of two trainings each counts its steps from 1; the second goes back to its third."""
    file = tmp_path / "events.jsonl"
    log = EventLog(file)
    for stage in ("trainer-1", "trainer-2"):
        log.write("stage.started", stage=stage)
        for step in range(1, 6):
            log.write("epoch.finished", step=step, epoch=step)
    again = EventLog(file)
    again.write("stage.started", stage="trainer-2")
    again.write("run.resumed", from_step=3)
    again.write("epoch.finished", step=4, epoch=4)
    kept = [e.step for e in effective(read_all(file)) if e.kind == "epoch.finished"]
    assert kept == [1, 2, 3, 4, 5, 1, 2, 3, 4]


def test_lines_of_several_threads_do_not_mix(tmp_path: Path) -> None:
    """The reporter may be told from the heartbeat and the loop at once."""
    from neurotrain.engine.reporter import Reporter

    reporter = Reporter(tmp_path)
    threads = [
        threading.Thread(target=lambda: [reporter.tell("k.told", x="y" * 500) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in read_all(tmp_path / "events.jsonl")] == list(range(1, 801))
