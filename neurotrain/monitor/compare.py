"""Several runs side by side: their curves, scores and the settings that differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from neurotrain.monitor import wording
from neurotrain.monitor.chart import Curve, Plot
from neurotrain.monitor.clean import fit
from neurotrain.monitor.ink import Glyphs, Line, box, line
from neurotrain.monitor.plots import Look, best_of, group_of, groups, members, smoothed
from neurotrain.monitor.runs import RunSummary
from neurotrain.monitor.state import LOOKS
from neurotrain.monitor.view import Facts, View

MAX_RUNS: Final = 6
STYLES: Final = ("train", "valid", "accent", "good", "bad", "plain")
_NAME: Final = 22


@dataclass(frozen=True, slots=True)
class Compared:
    """A run as it is compared."""

    summary: RunSummary
    view: View


def shared_groups(runs: Sequence[Compared]) -> tuple[str, ...]:
    """The groups of metrics that any of the runs has, the first run's monitored one first."""
    found: dict[str, None] = {}
    if runs and runs[0].view.facts.monitor:
        found[group_of(runs[0].view.facts.monitor)] = None
    for run in runs:
        found.update(dict.fromkeys(groups(run.view)))
    return tuple(found)


def plot_of(runs: Sequence[Compared], group: str, look: Look) -> Plot:
    """One curve a run: on validation data where there is one, else in training."""
    curves = []
    for run, style in zip(runs, STYLES, strict=False):
        series = [held for _, held, _ in members(run.view, group) if held]
        if series:
            chosen = series[-1]
            buckets = smoothed(chosen, look.smooth) if look.smooth else chosen.buckets
            curves.append(Curve(name=run.summary.run_dir.name, buckets=buckets, style=style))
    return Plot(curves=tuple(curves), log=look.log)


def table(runs: Sequence[Compared], group: str, glyphs: Glyphs, width: int) -> list[Line]:
    """A row a run: state, epochs, time, the best of the group, the test's score.

    Where it is narrow, epochs and time make room for the names and the scores.
    """
    longest = max((len(run.summary.run_dir.name) for run in runs), default=0)
    is_wide = width >= 3 + _NAME + 16 + 18 + 18 + 30
    name = max(_NAME, min(longest + 1, width - (95 if is_wide else 51)))
    middle = f"{'epoch':>9}{'time':>9}" if is_wide else ""
    rows = [line((f"   {fit('run', name)}{fit('state', 14)}{middle}{'best':>16}  score", "dim"))]
    for run, style in zip(runs, STYLES, strict=False):
        row, view = run.summary, run.view
        found = best_of(f"valid/{group}", view) or best_of(f"train/{group}", view)
        best = "–" if found is None else f"{wording.value(found.value)} @ e{found.epoch}"
        score = "" if row.score is None else f"{wording.value(row.score)}  {row.score_name}"
        epochs = f"{row.epoch}/{row.epochs}" if row.epochs else str(row.epoch)
        middle = f"{epochs:>9}{wording.duration(elapsed(view)):>9}" if is_wide else ""
        rows.append(
            line(
                (f" {glyphs.point} ", style), fit(row.run_dir.name, name),
                (fit(row.state.value, 14), LOOKS[row.state].style),
                f"{middle}{best:>16}  {score}",
            )
        )  # fmt: skip
    return rows


def elapsed(view: View) -> float | None:
    """How long a run took over all its attempts, by its events."""
    if view.started_at is None or view.updated_at is None:
        return None
    return view.earlier_s + max(0.0, view.updated_at - view.started_at)


def differences(runs: Sequence[Compared], width: int) -> list[Line]:
    """The settings in which the runs differ, a column a run."""
    held = [_told(run.view.facts) for run in runs]
    paths = dict.fromkeys(path for settings in held for path in settings)
    differing = [path for path in paths if len({told.get(path, "–") for told in held}) > 1]
    name = max(16, min(40, width // 3))
    column = max(8, (width - name - 2) // max(1, len(runs)))
    if not differing:
        known = any(run.view.facts.settings for run in runs)
        return [line((" all settings are the same" if known else " no settings known", "dim"))]
    heads = [
        (fit(run.summary.run_dir.name, column - 1) + " ", style)
        for run, style in zip(runs, STYLES, strict=False)
    ]
    rows = [line(f" {fit('', name)} ", *heads)]
    for path in differing:
        cells = "".join(fit(told.get(path, "–"), column - 1) + " " for told in held)
        rows.append(line((f" {fit(path, name)} ", "dim"), cells))
    return rows


def titled(
    title: str, right: str, body: list[Line], size: tuple[int, int], glyphs: Glyphs
) -> list[Line]:
    """A box with a title."""
    return box(line((title, "title")), line((right, "dim")), body, *size, glyphs)


def _told(facts: Facts) -> dict[str, str]:
    if facts.settings:
        return dict(facts.settings)
    told = {"model": facts.model, "precision": facts.precision, "device": facts.device}
    return told | {"epochs": str(facts.epochs or ""), "seed": str(facts.seed)}
