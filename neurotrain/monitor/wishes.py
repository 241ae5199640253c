"""What a run has to show, as far as it changes the arrangement of the panes."""

from __future__ import annotations

from neurotrain.monitor.choices import offered
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.layout import Wish
from neurotrain.monitor.state import State
from neurotrain.monitor.widgets import actual, early, machine, metrics, plan, result


def wish_of(frame: Frame, width: int) -> Wish:
    """What a frame has to show on a screen of that width."""
    view = frame.view
    watched = view.early_stopping
    ended = frame.is_over
    inner = 40 if width >= 100 else width - 2
    return Wish(
        early=watched is not None or (bool(view.facts.monitor) and not ended),
        ended=ended,
        failed=frame.state in (State.FAILED, State.CRASHED),
        num_early_rows=1 if watched is None else len(early.block(frame, watched)),
        num_result_rows=min(12, len(result.rows(frame, inner))) if ended else 0,
        num_metrics=metrics.num_rows(view),
        num_checkpoints=max(1, min(6, len(view.checkpoints) + 1)),
        num_machine_rows=machine.num_rows(view),
        num_trainings=len(view.trainings),
        num_plan_rows=len(plan.rows(frame)),
        num_actual_rows=len(actual.rows(frame)) if frame.options.shown == "plan" else 0,
        num_log_lines=len(frame.log) if frame.log or view.by_epoch else 1,
        num_charts=len(offered(frame.options, view)),
    )
