"""How far a run's training is, from its event log. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from neurotrain.plan.difference import Progress
from neurotrain.recorder.events import effective, read_all


def progress_of(run_dir: Path) -> tuple[Progress, ...]:
    """The progress that each training of a run has told; at least that of its newest checkpoint."""
    found: dict[str, Progress] = {}
    stage = ""
    for event in effective(read_all(run_dir / "events.jsonl")):
        if event.kind == "stage.started":
            stage = str(event.data.get("stage"))
            continue
        known = found.get(stage, Progress(training=stage))
        match event.kind:
            case "epoch.started":
                found[stage] = replace(known, num_begun=max(known.num_begun, event.epoch))
            case "epoch.finished":
                found[stage] = replace(known, num_finished=max(known.num_finished, event.epoch))
            case "early_stopping.updated":
                found[stage] = replace(known, stopped=event.data.get("stopped") is True)
    return tuple(found.values())
