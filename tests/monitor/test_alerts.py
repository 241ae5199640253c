"""What counts as wrong with a run, each rule on its own, and what a person has acknowledged."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from textual.pilot import Pilot

from neurotrain.monitor.app import Monitor
from neurotrain.monitor.attention import Attention
from neurotrain.monitor.health import Alert, alerts
from neurotrain.monitor.series import Series
from neurotrain.monitor.state import State
from neurotrain.monitor.tail import follow_to_end
from neurotrain.monitor.view import Gpu, Machine, View
from tests.monitor.piloting import opened, run, screen_of, text


def series(values: Sequence[float]) -> Series:
    return Series().extend(
        [float(at) for at in range(1, len(values) + 1)], values, range(1, len(values) + 1)
    )


def stepped(name: str, values: Sequence[float]) -> View:
    return View(by_step=MappingProxyType({name: series(values)}))


def losses(train: Sequence[float], valid: Sequence[float]) -> View:
    named = {"train/loss": series(train), "valid/loss": series(valid)}
    return View(by_epoch=MappingProxyType(named))


def names(view: View, state: State = State.TRAIN) -> list[str]:
    return [alert.name for alert in alerts(view, state, 0.0)]


def test_a_gradient_spike_is_told_with_its_step() -> None:
    """A hundred norms about 1 with a spread of 0.1, then 9 at step 101: about 80 sigmas."""
    rng = random.Random(1)
    usual = [rng.gauss(1.0, 0.1) for _ in range(100)]
    assert names(stepped("grad_norm", usual)) == []
    [alert] = alerts(stepped("grad_norm", [*usual, 9.0]), State.TRAIN, 0.0)
    assert alert.name == "gradient spike"
    assert "at step 101" in alert.text
    later = [*usual, 9.0, *[1.0] * 8]
    assert names(stepped("grad_norm", later)) == []


@pytest.mark.parametrize("spread", [0.05, 0.3, 0.6])
def test_scattered_norms_are_no_spikes(spread: float) -> None:
    """Log-normal norms, as trainings have them: not one false alarm in 3000 steps."""
    rng = random.Random(3)
    held, told = Series(), 0
    for step in range(1, 3001):
        held = held.add(float(step), rng.lognormvariate(0.0, spread), step)
        told += bool(names(View(by_step=MappingProxyType({"grad_norm": held}))))
    assert told == 0


def test_norms_that_are_not_finite_do_not_hide_a_spike() -> None:
    """They are told on their own and left out of the judgement."""
    values = [1.0, math.nan] * 40 + [math.inf, 30.0]
    assert "gradient spike" in names(stepped("grad_norm", values))


def test_waiting_for_data_is_judged_by_several_steps() -> None:
    """One step that waits is none; a median above 30 % is."""
    assert names(stepped("data_wait", [0.05] * 20 + [0.9])) == []
    assert names(stepped("data_wait", [0.05] * 20 + [0.4] * 8)) == ["data wait"]


def test_overfitting_is_an_information() -> None:
    """The validation loss rises since epoch 6 while the training loss falls: both ends are told."""
    train = [1 / epoch for epoch in range(1, 16)]
    valid = [0.5 + 0.03 * abs(epoch - 6) for epoch in range(1, 16)]
    [alert] = alerts(losses(train, valid), State.TRAIN, 0.0)
    assert alert.mark == "info"
    assert not alert.counts
    assert alert.text.startswith("overfitting since e6: valid/loss 0.5")
    assert names(losses(train, valid[:9])) == []
    assert names(losses([1.0] * 15, valid)) == []
    noise = [0.5 + 0.01 * (epoch % 3) for epoch in range(15)]
    assert names(losses(train, noise)) == []


def test_the_machine_is_judged_by_device() -> None:
    """A full GPU, one that is throttled, and one that answered once and no longer does."""
    gpus = (
        Gpu(index=0, util=5.0, memory_used_bytes=96, memory_total_bytes=100),
        Gpu(index=1, util=5.0, is_throttled=True),
        Gpu(index=2),
        Gpu(index=3),
    )
    by_time = MappingProxyType({"gpu 2": series([50.0])})
    view = View(machine=Machine(gpus=gpus), by_time=by_time)
    assert names(view) == ["GPU 2 lost", "GPU 0 memory", "GPU 1 throttled"]


def test_an_old_heartbeat_is_told() -> None:
    """Only where the state says that it is too old."""
    [alert] = alerts(View(), State.STALE, 100.0, 88.0)
    assert (alert.mark, alert.text) == ("bad", "no heartbeat for 12s")
    assert alerts(View(), State.TRAIN, 100.0, 88.0) == []


def test_an_acknowledged_alert_waits_again_when_it_is_worse() -> None:
    """Worse by half, or bad where it was a warning, or back after a minute."""
    attention = Attention()
    slow = Alert("warn", "rank 1 takes 1.4×", "rank 1", 1.4)
    [seen] = attention.mark([slow], 10.0)
    assert (seen.since, seen.counts) == (10.0, True)
    assert attention.acknowledge() == 1
    assert attention.acknowledge() == 0
    [seen] = attention.mark([replace(slow, text="rank 1 takes 1.5×", worth=1.5)], 20.0)
    assert (seen.since, seen.counts) == (10.0, False)
    [seen] = attention.mark([replace(slow, worth=2.2)], 30.0)
    assert (seen.since, seen.counts) == (30.0, True)
    attention.acknowledge("rank 1")
    assert attention.mark([], 40.0) == ()
    assert not attention.mark([replace(slow, worth=2.2)], 60.0)[0].counts
    attention.mark([], 140.0)
    assert attention.mark([slow], 141.0)[0].counts
    attention.acknowledge("rank 1")
    assert attention.mark([replace(slow, mark="bad")], 142.0)[0].counts


def test_keys_acknowledge_the_alert_in_the_last_row(cluster: Path) -> None:
    """`!` names one and `a` takes it out of the count; `a` again takes all; nothing is written."""
    before = sorted((file, file.stat().st_mtime_ns) for file in cluster.rglob("*"))

    async def act(app: Monitor, pilot: Pilot[None]) -> None:
        num = len(screen_of(app).frame().waiting)
        assert num >= 2
        await pilot.press("exclamation_mark", "a")
        assert "1 alert acknowledged" in text(app)
        assert len(screen_of(app).frame().waiting) == num - 1
        await pilot.press("a")
        assert screen_of(app).frame().waiting == ()
        assert "seen" in text(app)

    run(opened(cluster), act, (200, 60))
    assert sorted((file, file.stat().st_mtime_ns) for file in cluster.rglob("*")) == before


def test_a_recorded_run_raises_no_false_alarm(recorded: dict[str, Path]) -> None:
    """Noise that is usual is none."""
    assert names(follow_to_end(recorded["live"])) == []
