"""The last row: the keys that matter, or what came of the last one."""

from __future__ import annotations

from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, cells, crop
from neurotrain.monitor.keys import KEYS
from neurotrain.monitor.state import State
from neurotrain.monitor.widgets.pane import Pane


class Footer(Pane):
    """Key hints; those that are disabled are dim, and gone where the run is over."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """One line with the hints that fit."""
        if frame.message:
            return [crop(((f" {frame.message}", "accent"),), width)]
        return [_hints(frame, width)]


def _hints(frame: Frame, room: int) -> Line:
    ranks = {key.id: key.rank for key in KEYS if key.rank < 9}
    if frame.is_over:
        ranks = {key.id: key.rank for key in KEYS if key.id in ranks and not key.asks_run}
        if frame.state in (State.STOPPED, State.FAILED, State.CRASHED):
            ranks["resume"] = 1
    wanted = sorted((key for key in KEYS if key.id in ranks), key=lambda key: ranks[key.id])
    kept: set[str] = set()
    used = 1
    for key in wanted:
        need = len(key.hint or key.shown) + len(key.label) + 3
        if used + need <= room:
            used += need
            kept.add(key.id)
    spans: list[Span] = [(" ", "plain")]
    for key in KEYS:
        if key.id in kept:
            shown = key.hint or key.shown
            if key.asks_run and not frame.can_ask:
                spans += [(f"{shown} {key.label}", "off"), ("  ", "plain")]
            else:
                spans += [(shown, "key"), (f" {key.label}  ", "dim")]
    assert cells(tuple(spans)) <= room or room < 12
    return tuple(spans)
