"""Zoomed in far, a chart shows the samples that the log holds: each of them, and no other."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.detail import MAX_SAMPLES, Closer, Detail, wanted
from neurotrain.monitor.plots import Look, plot, values_at
from neurotrain.monitor.screen import RunScreen
from neurotrain.monitor.tail import Tail
from neurotrain.monitor.view import View
from tests.monitor.piloting import run, screen_of, until

STEPS_PER_EPOCH = 100
Samples = list[tuple[float, float]]


class Log:
    """A log written line by line, and beside it what counts of it: the oracle."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = file.open("w")
        self._seq, self.attempt = 0, 1
        self.rng = random.Random(5)
        self.kept: list[tuple[int, float]] = []
        self.tell("run.started", name="long", epochs=1000, steps_per_epoch=STEPS_PER_EPOCH)

    def tell(self, kind: str, step: int = 0, epoch: int = 0, **data: Any) -> None:
        self._seq += 1
        event = {
            "v": 1, "seq": self._seq, "attempt": self.attempt, "time": 1e9 + self._seq * 0.01,
            "rank": 0, "kind": kind, "step": step, "epoch": epoch, "data": data,
        }  # fmt: skip
        self._stream.write(json.dumps(event, separators=(",", ":")) + "\n")

    def steps(self, first: int, last: int) -> None:
        for step in range(first, last + 1):
            loss = 7.5 if step == 12_345 else self.rng.random()
            batch = (step - 1) % STEPS_PER_EPOCH + 1
            self.tell(
                "step.finished", step, (step - 1) // STEPS_PER_EPOCH + 1, loss=loss, lr=1e-3,
                batch=batch, num_batches=STEPS_PER_EPOCH,
            )  # fmt: skip
            self.kept.append((step, loss))

    def resume(self, step: int) -> None:
        self.attempt += 1
        self.tell("run.resumed", step, from_step=step)
        self.kept = [each for each in self.kept if each[0] <= step]

    def close(self) -> None:
        self._stream.close()

    def between(self, low: float, high: float) -> Samples:
        at = [(step / STEPS_PER_EPOCH, loss) for step, loss in self.kept]
        return [(pytest.approx(x), loss) for x, loss in at if low <= x <= high]


def read_all(run_dir: Path) -> tuple[Tail, View]:
    tail = Tail(run_dir)
    view, more = tail.advance(View())
    while more:
        view, more = tail.advance(view)
    return tail, view


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Log]:
    """Forty thousand steps with two resumes, one that takes back a single step."""
    run_dir = tmp_path_factory.mktemp("long") / "run"
    log = Log(run_dir / "events.jsonl")
    log.steps(1, 20_000)
    log.resume(12_300)
    log.steps(12_301, 30_000)
    log.resume(29_999)
    log.steps(30_000, 40_000)
    log.close()
    return run_dir, log


def shown(view: View, tail: Tail, window: tuple[float, float]) -> Samples:
    """What the chart of the loss is made of in a window."""
    asked = wanted(view, "epoch", window)
    assert asked is not None
    drawn = plot(view, "loss", Look(window=window), most=4096, detail=tail.detail(asked))
    [curve] = drawn.curves
    assert {bucket.num for bucket in curve.buckets} == {1}
    return [(bucket.first_x, bucket.last) for bucket in curve.buckets]


@pytest.mark.parametrize(
    "window",
    [(0.0, 3.0), (122.5, 124.0), (199.0, 201.5), (299.5, 300.5), (396.0, 400.0), (0.5, 0.9)],
)
def test_every_sample_of_a_window_is_that_of_the_log(
    long: tuple[Path, Log], window: tuple[float, float]
) -> None:
    """At the beginning, across both resumes, at the spike and at the end."""
    run_dir, log = long
    tail, view = read_all(run_dir)
    assert shown(view, tail, window) == log.between(*window)


def test_at_the_cursor_stands_the_value_of_that_step(long: tuple[Path, Log]) -> None:
    """The curves in memory know only the extremes of some steps together."""
    run_dir, log = long
    tail, view = read_all(run_dir)
    window = (150.0, 151.0)
    asked = wanted(view, "epoch", window)
    assert asked is not None
    detail, look = tail.detail(asked), Look(window=window)
    for step, loss in log.kept:
        if 15_000 < step <= 15_100:
            at = step / STEPS_PER_EPOCH + 1e-6
            assert values_at(view, "loss", look, at, detail) == [("train/loss", loss, "train")]


def test_other_axes_ask_for_the_same_samples(long: tuple[Path, Log]) -> None:
    """Steps and seconds are turned into epochs first."""
    run_dir, log = long
    tail, view = read_all(run_dir)
    asked = wanted(view, "step", (15_000.0, 15_200.0))
    assert asked is not None
    assert asked[0] <= 150.0
    assert asked[1] >= 152.0
    held = tail.detail(asked).by_step["loss"].buckets
    assert [(each.first_x, each.last) for each in held] == log.between(*asked)


def test_what_the_curves_hold_is_not_read_again(long: tuple[Path, Log], tmp_path: Path) -> None:
    """No window, one at the newest steps, or one with too many samples."""
    _, view = read_all(long[0])
    assert wanted(view, "epoch", None) is None
    assert wanted(view, "epoch", (399.9, 400.0)) is None
    assert wanted(view, "epoch", (0.0, (MAX_SAMPLES + 2000) / STEPS_PER_EPOCH)) is None
    short = Log(tmp_path / "events.jsonl")
    short.steps(1, 1500)
    short.close()
    assert wanted(read_all(tmp_path)[1], "epoch", (1.0, 2.0)) is None


def test_another_training_of_the_run_counts_its_own(tmp_path: Path) -> None:
    """Of two folds in one log only the second one's samples lie in its epochs."""
    log = Log(tmp_path / "events.jsonl")
    for name in ("trainer", "trainer-2"):
        log.kept = []
        log.tell("stage.started", stage=name)
        log.steps(1, 9000)
        log.tell("stage.finished", stage=name)
    log.close()
    tail, view = read_all(tmp_path)
    for window in ((0.2, 3.0), (44.0, 46.0)):
        assert shown(view, tail, window) == log.between(*window)


def test_a_live_log_read_in_pieces_has_the_same_index(long: tuple[Path, Log]) -> None:
    """Line by line or in blocks: the windows hold the same."""
    run_dir, log = long
    tail, view = Tail(run_dir), View()
    while True:
        before = view
        view, _ = tail.advance(view, budget_s=0.0)
        if view is before:
            break
    assert shown(view, tail, (299.5, 300.5)) == log.between(299.5, 300.5)


def test_the_screen_reads_it_beside_the_keys(long: tuple[Path, Log]) -> None:
    """Zooming in shows the exact samples soon; zooming out forgets them."""

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        screen = screen_of(app)
        assert isinstance(screen, RunScreen)
        await until(lambda: screen.view.position.step == 40_000, pilot)
        await pilot.press("v", *["left"] * 30, *["plus"] * 8)
        await until(lambda: screen.frame().detail is not None, pilot)
        detail = screen.frame().detail
        assert detail is not None
        assert detail.low <= screen.options.look.window[0]
        await pilot.press("0")
        assert screen.frame().detail is None

    run(Monitor(long[0], readonly=True, clock=lambda: 1e9 + 800), act, (120, 40))


def test_what_is_read_of_one_training_is_not_shown_of_another() -> None:
    """And a window that gives nothing is not asked for again at once."""
    found = Detail(0.0, 2.0, MappingProxyType({}), False)
    read: list[tuple[float, float]] = []

    def give(window: tuple[float, float]) -> Detail | None:
        read.append(window)
        return found if len(read) == 1 else None

    closer, window = Closer(give), (0.5, 1.5)
    asyncio.run(closer.read(window, (1, "trainer-1", None)))
    assert closer.fitting(window, (1, "trainer-1", None)) is found
    for other in ((1, "trainer-2", None), (2, "trainer-1", None), (2, "trainer-1", 7)):
        assert closer.fitting(window, other) is None
        assert closer.is_due(window, other)
    asyncio.run(closer.read(window, (2, "trainer-1", 7)))
    assert not closer.is_due(window, (2, "trainer-1", 7))
