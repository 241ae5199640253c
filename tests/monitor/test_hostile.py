"""Whatever a log holds, folding it and drawing every pane of it raises nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurotrain.monitor.choices import CHOICES
from neurotrain.monitor.fold import fold, fold_all
from neurotrain.monitor.frame import VIEWS, Frame, Options, Shown
from neurotrain.monitor.health import alerts
from neurotrain.monitor.ink import ASCII, UNICODE, Glyphs
from neurotrain.monitor.logs import LogLine
from neurotrain.monitor.plots import groups
from neurotrain.monitor.screen import RunScreen
from neurotrain.monitor.state import State
from neurotrain.monitor.tail import Liveness
from neurotrain.monitor.view import View
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.recorder.events import Event

KINDS = (
    "run.started", "run.resumed", "stage.started", "stage.finished", "stage.skipped",
    "epoch.started", "curriculum.changed", "step.finished", "validation.finished", "epoch.finished",
    "early_stopping.updated", "checkpoint.saved", "progress.reported", "machine.sampled",
    "update.skipped", "warning.raised", "run.finished", "run.failed", "run.interrupted",
)  # fmt: skip
FIELDS = (
    "name", "stages", "epochs", "steps_per_epoch", "validate_every", "monitor", "early_stopping",
    "num_samples", "synthetic", "from_step", "checkpoint", "stage", "total_epochs", "seconds",
    "result", "reason", "lr", "num_batches", "loss", "grad_norm", "batch", "metrics", "validated",
    "value", "best", "best_epoch", "counter", "patience", "needed", "stops_at_epoch", "stopped",
    "path", "roles", "bytes", "removed", "done", "total", "gpus", "cpu", "message", "outputs",
    "exit_code", "score_name", "mode", "min_delta", "memory_used_bytes", "index", "train", "valid",
    "settings", "predictions", "unit", "train.checkpoints.every", "train.checkpoints.keep_last",
    "verified", "memory_total_bytes", "disk_total_bytes", "is_throttled", "temperature_c",
    "samples_per_s", "data_wait", "model", "num_parameters", "hint", "disk_free_bytes",
    "curriculum", "level", "epoch",
)  # fmt: skip
NAMES = ("trainer", "tester", "valid/dice", "valid/loss", "train/loss", "lr", "dice")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 50),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["NaN", "Infinity", "-Infinity", "\x1b[2J", "\ud800", "[red]", "2 epochs", "3", *NAMES]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(
        st.lists(below, max_size=4),
        st.dictionaries(st.sampled_from((*FIELDS, *NAMES, "\x07")), below, max_size=4),
    ),
    max_leaves=12,
)
METRICS = st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=5)
DATA = st.builds(
    lambda plain, metrics: plain | ({"metrics": metrics} if metrics else {}),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
    METRICS,
)
EVENTS = st.lists(
    st.builds(
        Event,
        kind=st.one_of(st.sampled_from(KINDS), st.text(max_size=12)),
        seq=st.one_of(st.just(0), st.integers(0, 60), st.integers(-(10**20), 10**20)),
        attempt=st.integers(-1, 3),
        time=st.one_of(st.floats(0, 2e9), st.floats()),
        rank=st.integers(0, 1),
        step=st.one_of(st.integers(0, 500), st.integers(-(10**30), 10**30)),
        epoch=st.one_of(st.integers(0, 20), st.integers(-(10**30), 10**30)),
        data=DATA,
    ),
    max_size=25,
)
PANES = [pane for pane in RunScreen.compose(RunScreen.__new__(RunScreen)) if isinstance(pane, Pane)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS)
def test_folding_one_by_one_and_together_tells_the_same(found: list[Event]) -> None:
    """Steps that are read in one go count exactly as if they had come alone."""
    one_by_one = View()
    for event in found:
        one_by_one = fold(one_by_one, event)
    assert repr(fold_all(View(), found)) == repr(one_by_one)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    EVENTS,
    st.sampled_from(State),
    st.sampled_from([UNICODE, ASCII]),
    st.lists(st.sampled_from(sorted(CHOICES)), max_size=8),
    st.sampled_from(VIEWS),
    st.integers(1, 130),
    st.integers(1, 30),
)
def test_no_log_makes_a_pane_fail(
    found: list[Event], state: State, glyphs: Glyphs, choices: list[str], shown: Shown,
    width: int, height: int,
) -> None:  # fmt: skip
    """Every pane draws every view in any state at any size, and no escape gets through."""
    view = fold_all(View(), found)
    options = Options(shown=shown, log_filter="/(/")
    for name in choices:
        options = CHOICES[name](options, view)
    frame = Frame(
        name="run", run_dir="run", view=view, state=state, liveness=Liveness(alive=True),
        log=(LogLine(0, "a"), LogLine(1, "warn")),
        resume="", alerts=tuple(alerts(view, state, 1e9)), missing=frozenset(),
        options=options, glyphs=glyphs, now=1e9, opened_at=1e9,
    )  # fmt: skip
    assert len(PANES) == 35
    for pane in PANES:
        for line in pane.draw(frame, width, height):
            text = "".join(part for part, _ in line)
            assert text.isprintable()
    assert len(groups(view)) == len(set(groups(view)))
