"""The stages of the run on one row."""

from __future__ import annotations

from neurotrain.monitor import wording
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Glyphs, Line, Span
from neurotrain.monitor.view import Stage
from neurotrain.monitor.widgets.pane import Pane


class Stages(Pane):
    """The stages in the order of the graph."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """One line."""
        spans: list[Span] = [(" ", "plain")]
        for stage in frame.view.stages:
            spans += [mark_of(stage, frame), (f" {stage.name}", _name_style(stage))]
            told = told_of(stage)
            spans += [(f" {told}", "dim"), ("   ", "plain")] if told else [("   ", "plain")]
        return [tuple(spans)]


def mark_of(stage: Stage, frame: Frame) -> Span:
    """The glyph of a stage's state; a stage in which the run ended badly shows it."""
    glyphs: Glyphs = frame.glyphs
    if stage.state == "running" and frame.is_over:
        return ("x" if glyphs.ascii_only else "✗", "bad")
    return {
        "waiting": (glyphs.waiting, "dim"),
        "running": (glyphs.running, "good"),
        "done": (glyphs.done, "good"),
        "skipped": ("-", "dim"),
    }[stage.state]


def told_of(stage: Stage) -> str:
    """How long it took, how far it is, or why it was skipped."""
    if stage.state == "done" and stage.seconds is not None:
        scores = [f"{name} {wording.value(score)}" for name, score in stage.result if "/" in name]
        return "  ".join([wording.duration(stage.seconds), *scores[: 1 if stage.trains else 0]])
    if stage.state == "skipped":
        return "skipped"
    if stage.state == "running" and stage.done and stage.total and stage.done < stage.total:
        return wording.percent(min(1.0, stage.done / stage.total))
    return ""


def _name_style(stage: Stage) -> str:
    return "dim" if stage.state in ("waiting", "skipped") else "plain"
