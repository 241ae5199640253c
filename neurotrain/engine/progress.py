"""How far a run's training is, from its event log. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from neurotrain.plan.difference import Progress
from neurotrain.recorder.events import effective, read_all


def progress_of(run_dir: Path) -> Progress:
    """The progress that a run has told; at least that of its newest checkpoint."""
    finished = begun = 0
    stopped = False
    for event in effective(read_all(run_dir / "events.jsonl")):
        match event.kind:
            case "epoch.started":
                begun = max(begun, event.epoch)
            case "epoch.finished":
                finished = max(finished, event.epoch)
            case "early_stopping.updated":
                stopped = event.data.get("stopped") is True
    return Progress(num_finished=finished, num_begun=begun, stopped=stopped)
