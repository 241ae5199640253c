"""The keys: one table for the bindings, the footer, the help, the palette and the command line.

Knows no screen; `action` names what the screen does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it does."""

    id: str
    """What a person names to put the action on another key, and its word on the command line."""
    keys: str
    """Textual's names of the keys, separated by commas; empty where it has only a word."""
    shown: str
    action: str
    label: str
    help: str
    asks_run: bool = False
    """Whether it asks something of the run, so that `--readonly` and the run's end disable it."""
    hint: str = ""
    """What the footer shows in place of `shown`."""
    takes: str = ""
    """What can stand after its word: a when, view, metric, epoch, filter or theme."""
    rank: int = 9
    """Its place in the footer, 0 the first to stay; 9 is never in the footer."""


KEYS: Final = (
    Key("detach", "q,ctrl+c", "q", "detach", "detach", "Leave the screen; the run goes on", rank=0),
    Key("stop", "s", "s", "stop", "stop…",
        "Stop the run after the step or the epoch; asks before", asks_run=True, takes="when",
        rank=3),
    Key("save", "c", "c", "save", "save now", "Ask the run to save a checkpoint now",
        asks_run=True, rank=4),
    Key("resume", "R", "R", "resume", "resume command",
        "Show and copy the command that resumes the run"),
    Key("overview", "1", "1", "view(1)", "overview", "The overview", hint="1-7", rank=9),
    Key("metrics", "2", "2", "view(2)", "metrics", "All charts"),
    Key("log", "3", "3", "view(3)", "log", "The log of all ranks"),
    Key("system", "4", "4", "view(4)", "system", "Processor, memory, disk, GPUs, ranks"),
    Key("checkpoints", "5", "5", "view(5)", "checkpoints",
        "Checkpoints, the next save, how to resume"),
    Key("plan", "6", "6", "view(6)", "plan", "Plan against actual, all settings"),
    Key("runs", "7", "7", "runs", "runs", "The list of runs, to open and to compare"),
    Key("next_view", "tab", "tab", "choose('next_view')", "next view", "The next view"),
    Key("previous_view", "shift+tab", "⇧tab", "choose('previous_view')", "view back",
        "The previous view"),
    Key("freeze", "space", "space", "freeze", "freeze", "Hold the screen still; again: live",
        rank=7),
    Key("right", "right", "→", "choose('right')", "metric",
        "The next metric; the value cursor to the right", hint="←→", rank=2),
    Key("left", "left", "←", "choose('left')", "metric back",
        "The previous metric; the value cursor to the left"),
    Key("next_metric", "n", "n", "choose('next_metric')", "next metric", "The next metric"),
    Key("previous_metric", "p", "p", "choose('previous_metric')", "metric before",
        "The previous metric"),
    Key("large", "z,enter", "z", "choose('large')", "large", "One chart on the whole screen",
        rank=5),
    Key("cursor", "v", "v", "choose('cursor')", "values", "The value cursor, in all charts at once",
        rank=6),
    Key("best", "b", "b", "choose('best')", "best", "The cursor to the best epoch; to the newest"),
    Key("zoom_in", "plus,equals_sign", "+", "choose('zoom_in')", "zoom in", "Zoom in at the cursor",
        hint="+-", rank=8),
    Key("zoom_out", "minus", "-", "choose('zoom_out')", "zoom out", "Zoom out"),
    Key("whole", "0", "0", "choose('whole')", "whole", "The whole curve again"),
    Key("pan_left", "shift+left", "⇧←", "choose('pan_left')", "pan left", "Earlier in the curve"),
    Key("pan_right", "shift+right", "⇧→", "choose('pan_right')", "pan right", "Later in the curve"),
    Key("log_scale", "y", "y", "choose('log_scale')", "log scale", "Logarithmic or linear values",
        rank=6),
    Key("axis", "x", "x", "choose('axis')", "axis", "Epochs, steps or time below the curves",
        rank=7),
    Key("smooth", "m", "m", "choose('smooth')", "smooth", "Smooth the curves: off, 0.6, 0.9, 0.99",
        rank=6),
    Key("unsmooth", "M", "M", "choose('unsmooth')", "no smoothing", "No smoothing"),
    Key("filter", "slash", "/", "filter", "filter",
        "Filter the log, or the metrics: text, glob, /regex/, !not", takes="filter", rank=6),
    Key("follow", "f,end", "f", "choose('follow')", "follow", "The log's end, and follow it"),
    Key("rank", "r", "r", "choose('rank')", "rank", "The log of all ranks, or of one"),
    Key("wrap", "w", "w", "choose('wrap')", "wrap", "Long lines of the log whole, or cut"),
    Key("trouble", "L", "L", "choose('trouble')", "warnings",
        "Of the log only warnings and errors"),
    Key("alert", "exclamation_mark", "!", "alert", "alerts",
        "The next alert or warning, in the last row"),
    Key("acknowledge", "a", "a", "acknowledge", "acknowledge",
        "The alert in the last row, or all, is seen: dim and not counted until it changes"),
    Key("copy", "Y", "Y", "copy", "copy value", "Copy the main metric, at the cursor or its last"),
    Key("export", "E", "E", "export", "export",
        "Screen (text, SVG), curves (CSV) and state (JSON) into a folder here"),
    Key("earlier", "comma", ",", "move(-0.05)", "earlier", "In a replay: back by a twentieth"),
    Key("later", "full_stop", ".", "move(0.05)", "later", "In a replay: on by a twentieth"),
    Key("up", "up,k", "↑", "scroll_by(-1)", "up", "Scroll up", hint="↑↓"),
    Key("down", "down,j", "↓", "scroll_by(1)", "down", "Scroll down"),
    Key("page_up", "pageup", "pgup", "page(-1)", "page up", "A page up"),
    Key("page_down", "pagedown", "pgdn", "page(1)", "page down", "A page down"),
    Key("top", "home", "home", "page(-100000)", "top", "The beginning"),
    Key("command", "colon", ":", "command", "command",
        "Type a command, as in :stop epoch; tab completes, ↑↓ earlier lines"),
    Key("view", "", ":view", "", "view by name", "A view by its name", takes="view"),
    Key("metric", "", ":metric", "", "metric by name", "A metric by its name, such as valid/dice",
        takes="metric"),
    Key("epoch", "", ":epoch", "", "epoch", "The value cursor to an epoch", takes="epoch"),
    Key("theme", "", ":theme", "", "theme", "Other colours, by the theme's name", takes="theme"),
    Key("palette", "ctrl+p", "ctrl+p", "app.command_palette", "palette",
        "Every action by name; themes, a screenshot"),
    Key("back", "escape", "esc", "back", "back",
        "Out one layer: filter, cursor, large chart, view, list of runs"),
    Key("help", "question_mark,f1", "?", "help", "keys", "This table", rank=1),
)  # fmt: skip
