"""What the run was asked for: its stages, data and model."""

from __future__ import annotations

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, line
from neurotrain.monitor.view import Facts
from neurotrain.monitor.widgets.pane import Pane
from neurotrain.monitor.widgets.stages import mark_of, mean_of, told_of


class Plan(Pane):
    """The stages with their state, then the facts."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with the rows that fit."""
        return box(line(("Plan", "title")), (), rows(frame), width, height, frame.glyphs)


def rows(frame: Frame) -> list[Line]:
    """The lines of the box."""
    longest = max((len(stage.name) for stage in frame.view.stages), default=0)
    name = min(max(10, longest), 16) + 1
    named = len(frame.view.trainings) < 2
    stages = [
        line(" ", mark_of(stage, frame), f" {fit(stage.name, name)}",
             (told_of(stage, named=named), "dim"))
        for stage in frame.view.stages
    ]  # fmt: skip
    mean = mean_of(frame.view)
    stages += [line((f"   {mean}", "best"))] if mean else []
    facts = [
        line((f" {fit(name, 11)}", "dim"), told) for name, told in _told(frame.view.facts) if told
    ]
    return stages + facts


def _told(facts: Facts) -> list[tuple[str, str]]:
    sizes = "  ".join(f"{part} {size}" for part, size in facts.num_samples)
    weights = "" if facts.num_parameters is None else wording.short_count(facts.num_parameters)
    return [
        ("spec", facts.spec),
        ("task", facts.task),
        ("model", facts.model),
        ("parameters", weights),
        ("samples", sizes),
        ("precision", facts.precision),
        ("seed", "" if facts.seed is None else str(facts.seed)),
        ("plan", facts.digest),
    ]
