"""Events as lines: one an epoch, and the result with its paths."""

from __future__ import annotations

from pathlib import Path

from neurotrain.recorder.console import PlainLines, result_text
from neurotrain.recorder.events import Event


def event(kind: str, **data: object) -> Event:
    """An event of epoch 2."""
    return Event(kind=kind, seq=1, attempt=1, time=50.0, step=4, epoch=2, data=data)


def test_synthetic_data_is_named() -> None:
    """Nobody takes the quickstart's score for a real one."""
    lines = PlainLines()
    assert "synthetic" in (lines.of(event("run.started", name="q", synthetic=True)) or "")


def test_a_new_best_has_a_star() -> None:
    """The monitored value is marked where it improves, in its direction."""
    lines = PlainLines()
    lines.of(event("run.started", epochs=9, monitor={"name": "valid/dice", "mode": "max"}))
    values = [0.5, 0.4, 0.6, "NaN"]
    told = [lines.of(event("epoch.finished", metrics={"valid/dice": v})) or "" for v in values]
    assert ["*" in line for line in told] == [True, False, True, False]
    assert told[0].startswith("epoch 2/9  valid/dice 0.5000*")


def test_a_resume_from_nothing_is_told() -> None:
    """Starting at step 0 is said, not left to be guessed."""
    line = PlainLines().of(event("run.resumed", from_step=0, checkpoint=None))
    assert line == "no checkpoint yet, starting at step 0"


def test_the_result_says_where_everything_is() -> None:
    """Scores first, then the paths, then how to open the monitor."""
    text = result_text(
        {"result": {"dice": 0.84}, "outputs": {"report": "test/report.html"}}, Path("runs/q")
    )
    assert text.splitlines() == [
        "result       dice 0.8400",
        "report       runs/q/test/report.html",
        "monitor      neurotrain monitor runs/q",
    ]
