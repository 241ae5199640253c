"""What is on the screen, as files: text, curves as CSV, the state as JSON.

Pure but for `write`. The curves are those that the monitor keeps: where a run is long, a row stands
for several samples and says for how many, with their extremes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from neurotrain.monitor.ink import Line, crop
from neurotrain.monitor.layout import Place
from neurotrain.monitor.once import state_record
from neurotrain.monitor.state import State
from neurotrain.monitor.view import View

_COLUMNS: Final = ("name", "epoch", "step", "last", "low", "high", "num_samples")
_MAX_FOLDERS: Final = 1000


def text_of(places: Sequence[Place], lines: Mapping[str, Sequence[Line]]) -> str:
    """The panes as rows of text: what a screen shows, without its colours."""
    height = max((place.y + place.height for place in places), default=0)
    rows = []
    for y in range(height):
        row, x = "", 0
        for place in sorted(places, key=lambda place: place.x):
            if place.y <= y < place.y + place.height:
                own = lines.get(place.name, ())
                at = y - place.y
                row += " " * (place.x - x)
                row += "".join(text for text, _ in crop(own[at] if at < len(own) else (),
                                                        place.width))  # fmt: skip
                x = place.x + place.width
        rows.append(row.rstrip())
    return "".join(f"{row}\n" for row in rows)


def files_of(run_dir: Path, view: View, state: State, screen: str, picture: str) -> dict[str, str]:
    """The files by name: the screen as text and as SVG, the curves, the state."""
    return {
        "screen.txt": screen,
        "screen.svg": picture,
        "curves.csv": curves_of(view),
        "state.json": state_of(run_dir, view, state),
    }


def curves_of(view: View) -> str:
    """Every curve over the epochs as a table of comma-separated values."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    steps = {name: series for name, series in view.by_step.items() if name != "time"}
    for name, series in {**{f"step/{name}": held for name, held in steps.items()},
                         **view.by_epoch}.items():  # fmt: skip
        for each in series.buckets:
            table.writerow(
                (name, f"{each.last_x:.6g}", each.last_step, each.last, each.low, each.high,
                 each.num)
            )  # fmt: skip
    return out.getvalue()


def state_of(run_dir: Path, view: View, state: State) -> str:
    """The same record as `monitor --json` prints."""
    return json.dumps(state_record(run_dir, view, state), indent=1) + "\n"


def write(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """Write the files into a fresh folder below the given one, and return that.

    Raises:
        OSError: it cannot be written.
    """
    for number in range(1, _MAX_FOLDERS):
        fresh = folder / f"{_plain(name)}-{number}"
        try:
            fresh.mkdir()
        except FileExistsError:
            continue
        for file, content in files.items():
            (fresh / file).write_text(content, encoding="utf-8")
        return fresh
    raise FileExistsError(f"{folder} holds {_MAX_FOLDERS} exports of {name}")


def _plain(name: str) -> str:
    """A name of letters, digits, dots, dashes and underscores, for a folder."""
    kept = "".join(char if char.isalnum() or char in "._-" else "-" for char in name)
    return kept.strip(".-")[:60] or "run"
