"""A recording plays back at the pace at which it was made, times a speed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.replay import Replay
from neurotrain.monitor.state import State, judge
from neurotrain.monitor.tail import follow_to_end
from neurotrain.monitor.view import View
from tests.monitor.piloting import run, text, until


@dataclass
class Seconds:
    """A clock that stands still until it is told."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def _times(run_dir: Path) -> list[float]:
    lines = (run_dir / "events.jsonl").read_bytes().splitlines()
    return [json.loads(line)["time"] for line in lines]


def test_after_a_second_the_speed_in_seconds_has_passed(recorded: dict[str, Path]) -> None:
    """Exactly the events up to that moment have come."""
    times, seconds = _times(recorded["finished"]), Seconds()
    replay = Replay(recorded["finished"], 30.0, seconds=seconds)
    seconds.now = 1.0
    view, _ = replay.advance(View())
    assert view.num_events == sum(time <= times[0] + 30.0 for time in times)
    assert replay.clock() == times[0] + 30.0


def test_at_its_end_it_shows_what_the_run_shows(recorded: dict[str, Path]) -> None:
    """The last view and the state equal those of the run itself."""
    for name, state in (("finished", State.FINISHED), ("failed", State.FAILED)):
        seconds = Seconds()
        replay = Replay(recorded[name], 1000.0, seconds=seconds)
        view = View()
        for _ in range(40):
            seconds.now += 1.0
            view, _ = replay.advance(view)
        assert repr(view) == repr(follow_to_end(recorded[name]))
        assert judge(view, replay.liveness(replay.clock()), replay.clock()) is state


def test_on_the_way_the_run_lives(recorded: dict[str, Path]) -> None:
    """Until the end has been told, the state is that of a run that trains."""
    seconds = Seconds()
    replay = Replay(recorded["finished"], 30.0, seconds=seconds)
    seconds.now = 1.0
    view, _ = replay.advance(View())
    assert judge(view, replay.liveness(replay.clock()), replay.clock()) is State.TRAIN


def test_back_and_on_again_tells_the_same(recorded: dict[str, Path]) -> None:
    """Going back forgets what is later; the way there does not matter."""
    seconds = Seconds()
    replay = Replay(recorded["finished"], 30.0, seconds=seconds)
    replay.move(0.5)
    half, _ = replay.advance(View())
    replay.move(0.25)
    more, _ = replay.advance(half)
    replay.move(-0.25)
    again, _ = replay.advance(more)
    assert half.num_events < more.num_events
    assert repr(again) == repr(half)


def test_a_pause_holds_the_time(recorded: dict[str, Path]) -> None:
    """While it is paused nothing comes, and the pause is not made up for."""
    seconds = Seconds()
    replay = Replay(recorded["finished"], 30.0, seconds=seconds)
    replay.is_paused = True
    seconds.now = 100.0
    view, _ = replay.advance(View())
    before = replay.clock()
    replay.is_paused = False
    seconds.now = 101.0
    replay.advance(view)
    assert replay.clock() == before + 30.0


def test_a_night_between_two_attempts_is_cut_short(tmp_path: Path) -> None:
    """A silence of hours passes at once."""
    lines = [
        {"seq": seq, "attempt": 1, "time": time, "kind": "warning.raised", "data": {"message": "m"}}
        for seq, time in ((1, 100.0), (2, 100_000.0))
    ]
    (tmp_path / "events.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    seconds = Seconds()
    replay = Replay(tmp_path, 1.0, seconds=seconds)
    view, _ = replay.advance(View())
    seconds.now = 1.0
    view, _ = replay.advance(view)
    assert view.num_warnings == 2


def _slow_steps(folder: Path) -> None:
    lines = [
        {"seq": seq, "attempt": 1, "time": 1000.0 + 90 * seq, "kind": "warning.raised",
         "data": {"message": "m"}}
        for seq in range(6)
    ]  # fmt: skip
    (folder / "events.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_long_silences_pass_in_a_second_each(tmp_path: Path) -> None:
    """However often the screen is drawn, events far apart come one a second."""
    _slow_steps(tmp_path)
    seconds, view = Seconds(), View()
    replay = Replay(tmp_path, 1.0, seconds=seconds)
    for _ in range(25):
        view, _ = replay.advance(view)
        seconds.now += 0.1
    assert view.num_warnings == 3


def test_a_pause_holds_long_silences_too(tmp_path: Path) -> None:
    """Nothing comes while it is paused, however far apart the events are."""
    _slow_steps(tmp_path)
    seconds, view = Seconds(), View()
    replay = Replay(tmp_path, 1.0, seconds=seconds)
    view, _ = replay.advance(view)
    replay.is_paused = True
    for _ in range(100):
        seconds.now += 1.0
        view, _ = replay.advance(view)
    assert view.num_warnings == 1


def test_an_empty_folder_plays_nothing(tmp_path: Path) -> None:
    """No events: an empty view, and keys that move do no harm."""
    replay = Replay(tmp_path, 2.0)
    replay.move(0.5)
    replay.move(-0.5)
    assert replay.advance(View()) == (View(), False)


def test_the_screen_says_that_it_replays_and_asks_nothing_of_the_run(
    recorded: dict[str, Path],
) -> None:
    """The header names the speed; `.` goes on; `s` and `c` are off."""
    run_dir = recorded["finished"]
    app = Monitor(run_dir, readonly=True, replay=Replay(run_dir, 5.0, seconds=Seconds()))

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        assert "REPLAY 5×" in text(app)
        await pilot.press(*["full_stop"] * 10, "space")
        assert "FINISHED" not in text(app).split("\n")[0]
        shown = text(app)
        await pilot.press("s", "c")
        await pilot.pause(0.3)
        assert text(app) == shown
        await pilot.press("space", *["full_stop"] * 12)
        await until(lambda: "FINISHED" in text(app).split("\n")[0], pilot)
        await pilot.press(*["comma"] * 10)
        assert "FINISHED" not in text(app).split("\n")[0]

    run(app, act, (120, 40))
    assert not (run_dir / "control").exists()
