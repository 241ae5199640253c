"""The first row: which run, in which state, where, for how long."""

from __future__ import annotations

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit, width
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, cells, crop
from neurotrain.monitor.state import LOOKS, State
from neurotrain.monitor.widgets.pane import Pane


class Header(Pane):
    """The state row; of its parts the state is the last to go."""

    ticks = True

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """One line: name, state, machine and data on the left; time and mode on the right."""
        return [_row(frame, width)]


def _row(frame: Frame, room: int) -> Line:
    state = _state(frame)
    right = _right(frame)
    name_room = max(6, min(width(frame.name), room - cells(state) - cells(right) - 4))
    left: Line = ((" ", "plain"), (fit(frame.name, name_room), "title"), ("  ", "plain"), *state)
    for extra in _extras(frame):
        if cells(left) + cells(extra) + cells(right) + 4 <= room:
            left = (*left, ("  ", "plain"), *extra)
    gap = room - cells(left) - cells(right)
    if gap < 1:
        return crop((*state, ("  ", "plain"), (frame.name, "title")), room)
    return (*left, (" " * gap, "plain"), *right)


def _state(frame: Frame) -> Line:
    look = LOOKS[frame.state]
    glyph = look.plain if frame.glyphs.ascii_only else look.glyph
    spans: list[Span] = [(f"{glyph} {frame.state.value}", look.style)]
    end = frame.view.end
    if frame.state is State.FAILED and end is not None and end.exit_code is not None:
        spans.append((f" (exit code {end.exit_code})", "bad"))
    return tuple(spans)


def _extras(frame: Frame) -> list[Line]:
    """From the most important on."""
    facts, view = frame.view.facts, frame.view
    extras: list[Line] = []
    if facts.synthetic:
        extras.append((("synthetic data", "warn"),))
    if frame.state is State.STALE and frame.liveness.since is not None:
        age = wording.duration(frame.now - frame.liveness.since)
        extras.append(((f"no heartbeat for {age}", "warn"),))
    if view.position.level:
        extras.append(((f"level {view.position.level}", "accent"),))
    if facts.device:
        extras.append(((facts.device, "plain"),))
    if frame.view.resumed_from is not None:
        extras.append(((f"resumed at step {view.resumed_from}", "dim"),))
    details = [facts.model, facts.precision, facts.spec]
    if facts.num_parameters is not None:
        details.insert(1, f"{wording.short_count(facts.num_parameters)} parameters")
    if facts.seed is not None:
        details.append(f"seed {facts.seed}")
    if facts.host:
        details.append(facts.host)
    extras += [((detail, "dim"),) for detail in details if detail]
    return extras


def _right(frame: Frame) -> Line:
    spans: list[Span] = []
    if frame.replay:
        spans.append((f"REPLAY {frame.replay}  ", "accent"))
    if frame.options.frozen:
        spans.append(("FROZEN  ", "warn"))
    if frame.options.readonly:
        spans.append(("read-only  ", "dim"))
    spans.append((f"{wording.duration(frame.elapsed_s)} ", "plain"))
    return tuple(spans)
