"""The runs in a folder: what a list of them shows.

Reads the files of each run by `tail`; knows no screen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurotrain.monitor.clean import clean
from neurotrain.monitor.plots import best_of
from neurotrain.monitor.state import State, judge
from neurotrain.monitor.tail import Liveness, Tail
from neurotrain.monitor.view import View

MARKS: Final = ("events.jsonl", "status.json", "plan.json")
_MAX_RUNS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run as one row of a list."""

    run_dir: Path
    name: str
    state: State
    epoch: int
    epochs: int | None
    score_name: str
    score: float | None
    """The test's score, or before it the best monitored value."""
    changed_at: float
    is_read: bool
    """Whether all of its events have been read; before that the row may lag behind."""


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return any((folder / mark).is_file() for mark in MARKS)


def find(folder: Path) -> tuple[Path, ...]:
    """The runs right below a folder, the newest first."""
    try:
        below = [entry for entry in folder.iterdir() if entry.is_dir() and is_run(entry)]
    except OSError:
        return ()
    return tuple(sorted(below, key=_changed_at, reverse=True)[:_MAX_RUNS])


def summarise(
    run_dir: Path, view: View, liveness: Liveness, now: float, *, is_read: bool = True
) -> RunSummary:
    """The row of a run."""
    score_name, score = _score(view)
    return RunSummary(
        run_dir=run_dir,
        name=view.facts.name or clean(run_dir.name),
        state=judge(view, liveness, now),
        epoch=max(view.position.epoch, view.position.num_finished),
        epochs=view.facts.epochs,
        score_name=score_name,
        score=score,
        changed_at=_changed_at(run_dir),
        is_read=is_read,
    )


class Listing:
    """Follows all runs of a folder, those that appear later included."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tails: dict[Path, tuple[Tail, View]] = {}

    def advance(self, now: float, budget_s: float = 0.05) -> tuple[RunSummary, ...]:
        """The rows, the newest run first; each run is read on for a part of the time at most."""
        rows: list[RunSummary] = []
        for run_dir in find(self.folder):
            tail, view = self._tails.get(run_dir, (Tail(run_dir), View()))
            view, more = tail.advance(view, budget_s)
            self._tails[run_dir] = tail, view
            liveness = tail.liveness(now)
            rows.append(summarise(run_dir, view, liveness, now, is_read=not more))
        return tuple(rows)

    def view(self, run_dir: Path) -> View:
        """A run as far as it has been read."""
        return self._tails[run_dir][1] if run_dir in self._tails else View()

    def read_all(self, now: float) -> tuple[RunSummary, ...]:
        """The rows after every run has been read to its end."""
        return self.advance(now, budget_s=math.inf)


def _score(view: View) -> tuple[str, float | None]:
    if view.end is not None and view.end.result:
        scores = dict(view.end.result)
        name = view.end.score_name if view.end.score_name in scores else next(iter(scores))
        return f"test {name}", scores[name]
    if view.early_stopping is not None and view.early_stopping.best is not None:
        return view.early_stopping.monitor, view.early_stopping.best
    best = best_of(view.facts.monitor, view)
    return view.facts.monitor, None if best is None else best.value


def _changed_at(run_dir: Path) -> float:
    for mark in MARKS:
        try:
            return (run_dir / mark).stat().st_mtime
        except OSError:
            continue
    return 0.0
