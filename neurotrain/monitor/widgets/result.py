"""How the run ended: the scores and where things lie, or what went wrong and what to do."""

from __future__ import annotations

from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, box, cells, crop, line
from neurotrain.monitor.state import State
from neurotrain.monitor.view import End
from neurotrain.monitor.widgets.notes import clock
from neurotrain.monitor.widgets.pane import Pane

_HEAD: Final = 13
_SIDE: Final = (40, 60)
"""The widths of a column at the side, which is high: there everything has a row of its own."""
_TITLES: Final = {
    State.FINISHED: ("Result", "good"),
    State.EARLY_STOPPED: ("Result", "good"),
    State.STOPPED: ("Stopped", "warn"),
    State.FAILED: ("Failed", "bad"),
    State.CRASHED: ("Crashed", "bad"),
}


class Result(Pane):
    """The closing block."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with what there is to tell."""
        title, style = _TITLES.get(frame.state, ("Result", "title"))
        return box(line((title, style)), (), rows(frame, width - 2), width, height, frame.glyphs)


def rows(frame: Frame, width: int) -> list[Line]:
    """The lines of the block."""
    end = frame.view.end
    if frame.state in (State.FINISHED, State.EARLY_STOPPED) and end is not None:
        return _finished(end, width)
    if frame.state is State.STOPPED:
        return _stopped(frame, end, width)
    if frame.state is State.FAILED:
        return _failed(frame, end, width)
    if frame.state is State.CRASHED:
        return _crashed(frame, width)
    return [line((" The run is over", "dim"))]


def _finished(end: End, width: int) -> list[Line]:
    found: list[Line] = []
    if not end.result:
        found.append(line((" No test was asked for", "dim")))
    names = [name if name.startswith("test") else f"test {name}" for name, _ in end.result]
    head = min(max([_HEAD, *map(len, names)]), width - 12) if width >= _SIDE[0] else 0
    scores = [_score(name, score, end.score_name, head) for name, score in end.result]
    if _SIDE[0] <= width < _SIDE[1]:
        return [*found, *scores, *(_named(name, path, width) for name, path in end.outputs)]
    half = width // 2 if width >= _SIDE[1] else width
    outputs = [_named(name, path, half) for name, path in end.outputs]
    return [*found, *_packed(scores, width, 0), *_packed(outputs, width, half)]


def _score(name: str, score: float, deciding: str, room: int) -> Line:
    """A name in as many cells as `room` says, or as it takes, and the score."""
    style = "title" if name == deciding else "plain"
    head = "test " if not name.startswith("test") else ""
    told = fit(head + name, room) if room else head + name
    return line((f" {told} ", style), (f"{wording.value(score)}  ", style))


def _packed(parts: list[Line], width: int, each: int) -> list[Line]:
    """Short lines side by side, every one in as many cells as `each` says or as it takes."""
    rows: list[Line] = []
    for part in parts:
        padded = crop(part, each) if each else part
        if rows and cells(rows[-1]) + cells(padded) <= width:
            rows[-1] = (*rows[-1], *padded)
        else:
            rows.append(padded)
    return rows


def _stopped(frame: Frame, end: End | None, width: int) -> list[Line]:
    message = end.message if end is not None and end.message else "The run was asked to stop"
    found = [line(f" {text}") for text in _wrapped(message, width - 2)]
    if end is not None and end.signal:
        found.append(_named("signal", end.signal, width))
    if end is not None and end.checkpoint:
        found.append(_named("checkpoint", end.checkpoint, width))
    return [*found, *_resume(frame, width)]


def _failed(frame: Frame, end: End | None, width: int) -> list[Line]:
    if end is None:
        return [line(f" The process ended with exit code {frame.liveness.exit_code}"),
                _named("log", "logs/rank-0.log", width)]  # fmt: skip
    found = [line((f" {text}", "bad")) for text in _wrapped(end.message or "failed", width - 2)]
    found += [line(f" {text}") for text in _wrapped(end.hint, width - 2)]
    if end.exit_code is not None:
        found.append(_named("exit code", str(end.exit_code), width))
    return [*found, _named("log", end.log or "logs/rank-0.log", width), *_resume(frame, width)]


def _crashed(frame: Frame, width: int) -> list[Line]:
    found = [line((" The process is gone and left no result", "bad"))]
    last = [saved for saved in frame.view.checkpoints if "last" in saved.roles]
    if last:
        found.append(_named("checkpoint", last[-1].path, width))
    if frame.view.updated_at is not None:
        found.insert(1, _named("last event", clock(frame.view.updated_at), width))
    found.append(_named("log", "logs/rank-0.log", width))
    return [*found, *_resume(frame, width)]


def _resume(frame: Frame, width: int) -> list[Line]:
    """The command that goes on, whole; R copies it."""
    told = frame.resume
    room = width - _HEAD - 3
    if len(told) <= room:
        return [line((f" {fit('resume', _HEAD)} ", "dim"), (told, "key"))]
    return [
        line((" resume (R copies it)", "dim")),
        *(line((f"  {row}", "key")) for row in _wrapped(told, width - 3)),
    ]


def _named(name: str, told: str, width: int) -> Line:
    return line((f" {fit(name, _HEAD)} ", "dim"), _end_of(told, max(8, width - _HEAD - 3)))


def _end_of(path: str, room: int) -> str:
    """A path that loses its beginning where it is too long."""
    return path if len(path) <= room else "…" + path[-(room - 1) :]


def _wrapped(text: str, room: int) -> list[str]:
    """The text on lines of that many cells, at most four; words longer than a line are cut."""
    found: list[str] = []
    for word in text.split():
        if found and len(found[-1]) + 1 + len(word) <= room:
            found[-1] += " " + word
        else:
            found.append(word)
    return found[:4]
