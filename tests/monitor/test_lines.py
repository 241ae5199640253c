"""Reading steps by type tells the same as reading them like every other line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurotrain.monitor.fold import fold, fold_all
from neurotrain.monitor.lines import Step, decode
from neurotrain.monitor.view import View
from neurotrain.recorder import events

STEP = {
    "v": 1, "seq": 3, "attempt": 1, "time": 1.5, "rank": 0, "kind": "step.finished", "step": 7,
    "epoch": 1,
    "data": {"loss": 0.5, "lr": 1e-3, "grad_norm": 1.0, "samples_per_s": 9.0, "data_wait": 0.1,
             "batch": 7, "num_batches": 40},
}  # fmt: skip
ODD = st.sampled_from(
    [None, True, False, 0, -1, 1, 1.0, 2.5, 10**14, 10**15, 10**400, "NaN", "Infinity", "-Infinity",
     "x", "", [], {}, [1], {"a": 1}, -0.0, 1e308, "step.finished"]
)  # fmt: skip


def _is_same(line: bytes) -> None:
    """One line read by type, after a step that counts, and read as any other."""
    before = fold(View(), events.decode(_line(STEP | {"seq": 1})))  # type: ignore[arg-type]
    told, known = decode(line), events.decode(line)
    assert (told is None) == (known is None)
    if told is not None and known is not None:
        assert repr(fold(before, told)) == repr(fold(before, known))


def _line(record: dict[str, object]) -> bytes:
    return json.dumps(record).encode()


def test_a_step_is_read_by_type() -> None:
    """A step as the engine writes it takes the fast way; others do not."""
    assert isinstance(decode(_line(STEP)), Step)
    assert isinstance(decode(_line(STEP | {"kind": "epoch.finished"})), events.Event)
    assert isinstance(decode(_line(STEP | {"rank": 1})), events.Event)
    assert decode(_line(STEP)[:-3]) is None


@given(st.sampled_from([*STEP, "other"]), ODD)
def test_an_odd_field_reads_the_same_both_ways(name: str, value: object) -> None:
    """Any value in any field of the event."""
    _is_same(_line(STEP | {name: value}))


@given(st.sampled_from([*STEP["data"], "other"]), ODD)  # type: ignore[misc]
def test_an_odd_value_reads_the_same_both_ways(name: str, value: object) -> None:
    """Any value in any field of what the step tells."""
    _is_same(_line(STEP | {"data": STEP["data"] | {name: value}}))  # type: ignore[operator]


@given(st.data())
def test_a_damaged_line_reads_the_same_both_ways(data: st.DataObject) -> None:
    """Bytes of a line that were changed into others of ASCII, or lost."""
    line = bytearray(_line(STEP))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        if data.draw(st.booleans()):
            line[at] = data.draw(st.integers(1, 127))
        else:
            del line[at]
    _is_same(bytes(line))


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400])
def test_a_number_beyond_all_reads_the_same_both_ways(number: str) -> None:
    """What Python's reader takes for infinite is the same however it is read."""
    _is_same(_line(STEP).replace(b"0.5", number.encode()))


def test_a_run_reads_the_same_both_ways(tmp_path: Path) -> None:
    """A whole log with a second attempt, folded by lines and by events."""
    lines = [
        _line(STEP | {"seq": seq, "step": seq, "attempt": 1 + seq // 300, "time": 1.0 * seq})
        for seq in range(1, 600)
    ]
    lines.insert(200, _line(STEP | {"kind": "epoch.finished", "seq": 0, "data": {}}))
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    by_lines = fold_all(View(), (told for told in map(decode, lines) if told is not None))
    assert repr(by_lines) == repr(fold_all(View(), events.read_all(path)))
