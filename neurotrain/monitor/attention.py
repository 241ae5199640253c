"""What a person has been told of the alerts and has acknowledged; kept as long as the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from neurotrain.monitor.frame import Frame
from neurotrain.monitor.health import Alert
from neurotrain.monitor.widgets.notes import clock

_FORGOTTEN_AFTER_S: Final = 60.0
_WORSE: Final = 1.5


@dataclass(slots=True)
class _Known:
    """One alert since it was first seen."""

    since: float
    seen: float
    alert: Alert
    acknowledged: Alert | None = None


class Attention:
    """Gives every alert its time, and whether it was acknowledged and has not changed since.

    It has changed once it is worse by half, where it has a size, or was gone for a minute.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def mark(self, alerts: Sequence[Alert], time: float) -> tuple[Alert, ...]:
        """The alerts with what is known of them, at a time of the run: the acknowledged last."""
        for name, known in list(self._known.items()):
            if not 0 <= time - known.seen <= _FORGOTTEN_AFTER_S:
                del self._known[name]
        found = [self._mark(alert, time) for alert in alerts]
        return tuple(sorted(found, key=lambda alert: alert.acknowledged))

    def all_of(self, frame: Frame) -> list[tuple[str, str]]:
        """The alerts by name, then the warnings so far, the newest first, each with its time."""
        told = [(alert.name, f"{clock(alert.since or 0.0)} {alert.text}") for alert in frame.alerts]
        troubles = (note for note in reversed(frame.view.notes) if note.mark in ("warn", "bad"))
        return told + [("", f"{clock(note.time)} {note.text}") for note in troubles]

    def acknowledge(self, name: str = "") -> int:
        """Take note of an alert by its name, or of all; how many were not yet acknowledged."""
        fresh = [
            known for each, known in self._known.items()
            if each == (name or each) and known.acknowledged is None
        ]  # fmt: skip
        for known in fresh:
            known.acknowledged = known.alert
        return len(fresh)

    def _mark(self, alert: Alert, time: float) -> Alert:
        known = self._known.setdefault(alert.name, _Known(time, time, alert))
        known.seen, known.alert = time, alert
        before = known.acknowledged
        if before is not None and (
            before.mark != alert.mark or alert.worth > _WORSE * max(0.0, before.worth)
        ):
            known.acknowledged, known.since = None, time
        told_of = known.acknowledged is not None
        return replace(alert, since=known.since, acknowledged=told_of)
