"""The last row: the keys that matter, or what came of the last one."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, cells, crop
from neurotrain.monitor.keys import KEYS
from neurotrain.monitor.state import State
from neurotrain.monitor.widgets.pane import Pane

_ANYWHERE: Final = ("detach", "stop", "save", "freeze", "help")
_LOG: Final = {"filter": 2, "up": 2, "follow": 3, "wrap": 4, "trouble": 5, "rank": 6}
_SCROLLED: Final = {"up": 2}
_LABELS: Final = {"up": "scroll"}


class Footer(Pane):
    """Key hints; those that are disabled are dim, and gone where the run is over."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """One line with the hints that fit."""
        if frame.message:
            return [crop(((f" {frame.message}", "accent"),), width)]
        return [_hints(frame, width)]


def _ranks(frame: Frame) -> dict[str, int]:
    """The keys that do something in the view that is shown, with their places."""
    ranks = {key.id: key.rank for key in KEYS if key.rank < 9}
    shown = frame.options.shown
    if shown in ("overview", "metrics") or frame.options.is_large:
        return ranks
    kept = {name: rank for name, rank in ranks.items() if name in _ANYWHERE}
    return kept | (_LOG if shown == "log" else {} if shown == "system" else _SCROLLED)


def _hints(frame: Frame, room: int) -> Line:
    ranks = _ranks(frame)
    if frame.is_over:
        ranks = {key.id: key.rank for key in KEYS if key.id in ranks and not key.asks_run}
        if frame.state in (State.STOPPED, State.FAILED, State.CRASHED):
            ranks["resume"] = 1
    wanted = sorted((key for key in KEYS if key.id in ranks), key=lambda key: ranks[key.id])
    kept: set[str] = set()
    used = 1
    for key in wanted:
        need = len(key.hint or key.shown) + len(_LABELS.get(key.id, key.label)) + 3
        if used + need <= room:
            used += need
            kept.add(key.id)
    spans: list[Span] = [(" ", "plain")]
    for key in KEYS:
        if key.id in kept:
            shown, label = key.hint or key.shown, _LABELS.get(key.id, key.label)
            if key.asks_run and not frame.can_ask:
                spans += [(f"{shown} {label}", "off"), ("  ", "plain")]
            else:
                spans += [(shown, "key"), (f" {label}  ", "dim")]
    assert cells(tuple(spans)) <= room or room < 12
    return tuple(spans)
