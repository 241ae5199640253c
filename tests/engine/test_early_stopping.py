"""Early stopping and the best value against a reference written from their definition."""

from __future__ import annotations

import math
import random

import pytest

from neurotrain.engine.early_stopping import Best, EarlyStopping, Mode

SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 0.5]


def reference(
    values: list[float], patience: int, min_delta: float, mode: Mode
) -> tuple[int | None, float | None]:
    """The index at which to stop, and the best value then; patience counts values since."""
    best: float | None = None
    last_improvement = -1
    for index, value in enumerate(values):
        sign = 1 if mode == "max" else -1
        improves = not math.isnan(value) and (
            best is None or sign * value > sign * (best + sign * min_delta)
        )
        if improves:
            best, last_improvement = value, index
        if index - last_improvement >= patience:
            return index, best
    return None, best


def drawn(draw: random.Random) -> float:
    """A value, now and then a special one."""
    return draw.choice(SPECIAL) if draw.random() < 0.2 else round(draw.uniform(0, 1), 2)


def test_random_histories_stop_where_the_reference_does() -> None:
    """10,000 histories, each interrupted and resumed at a random point."""
    draw = random.Random(1)
    for _ in range(10_000):
        mode: Mode = draw.choice(["min", "max"])
        patience, min_delta = draw.randint(1, 5), draw.choice([0.0, 1e-4, 0.1])
        values = [drawn(draw) for _ in range(draw.randint(1, 15))]
        resumed_at = draw.randrange(len(values))
        stopper = EarlyStopping(patience, min_delta, mode)
        stopped_at = None
        for index, value in enumerate(values):
            if index == resumed_at:
                state = stopper.state_dict()
                stopper = EarlyStopping(patience, min_delta, mode)
                stopper.load_state_dict(state)
            if stopper(value):
                stopped_at = index
                break
        wanted = reference(values, patience, min_delta, mode)
        assert (stopped_at, stopper.best) == wanted


def test_nan_is_never_the_best() -> None:
    """NaN neither improves nor becomes the best."""
    best = Best(mode="min")
    assert not best.offer(math.nan, 1)
    assert best.offer(0.3, 2)
    assert not best.offer(math.nan, 3)
    assert (best.value, best.epoch) == (0.3, 2)


def test_the_loss_decides_between_equal_values() -> None:
    """A tie is an improvement where the loss is smaller; without losses the earlier one stays."""
    best = Best(mode="max")
    best.offer(0.5, 1, loss=0.9)
    assert not best.offer(0.5, 2, loss=0.9)
    assert best.offer(0.5, 3, loss=0.8)
    assert not best.offer(0.5, 4, loss=math.nan)
    assert not best.offer(0.4, 5, loss=0.1)
    assert (best.epoch, best.loss) == (3, 0.8)
    plain = Best(mode="max")
    plain.offer(0.5, 1)
    assert not plain.offer(0.5, 2)


@pytest.mark.parametrize(("patience", "min_delta"), [(0, 0.0), (1, -1.0)])
def test_senseless_settings_are_refused(patience: int, min_delta: float) -> None:
    """Patience is at least one and min_delta not negative."""
    with pytest.raises(ValueError, match="patience"):
        EarlyStopping(patience, min_delta)
