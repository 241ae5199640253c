"""The keys: one table for the bindings, the footer and the help.

Knows no screen; `action` names what the screen does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it does."""

    id: str
    """What a person names to put the action on another key."""
    keys: str
    """Textual's names of the keys, separated by commas."""
    shown: str
    action: str
    label: str
    help: str
    asks_run: bool = False
    """Whether it asks something of the run, so that `--readonly` and the run's end disable it."""
    hint: str = ""
    """What the footer shows in place of `shown`."""
    rank: int = 9
    """Its place in the footer, 0 the first to stay; 9 is never in the footer."""


KEYS: Final = (
    Key("detach", "q,ctrl+c", "q", "detach", "detach", "Leave the screen; the run goes on", rank=0),
    Key(
        "stop", "s", "s", "stop", "stop…",
        "Ask the run to stop after the step it is in; asks before", asks_run=True, rank=3,
    ),
    Key(
        "save", "c", "c", "save", "save now", "Ask the run to save a checkpoint now",
        asks_run=True, rank=4,
    ),
    Key("freeze", "space", "space", "freeze", "freeze", "Hold the screen still; again: live",
        rank=6),
    Key("next_metric", "right,n", "→ n", "metric(1)", "metric", "The next metric in the chart",
        hint="←→", rank=2),
    Key("previous_metric", "left,p", "← p", "metric(-1)", "metric back",
        "The previous metric in the chart"),
    Key("log_scale", "y", "y", "log_scale", "log scale", "Logarithmic or linear values", rank=5),
    Key("smooth", "m", "m", "smooth", "smooth", "Smooth the curves: off, 0.6, 0.9", rank=5),
    Key("palette", "ctrl+p", "ctrl+p", "app.command_palette", "palette",
        "The command palette: themes, a screenshot"),
    Key("back", "escape", "esc", "back", "list", "Back to the list of runs, where there is one"),
    Key("help", "question_mark,f1", "?", "help", "keys", "This table", rank=1),
)  # fmt: skip
