"""The list of runs to choose from."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import DataTable, Static

from neurotrain.monitor import wording
from neurotrain.monitor.clean import clean, fit, width
from neurotrain.monitor.compare import MAX_RUNS, Compared
from neurotrain.monitor.ink import Glyphs
from neurotrain.monitor.logs import matcher
from neurotrain.monitor.runs import Listing, RunSummary
from neurotrain.monitor.state import LOOKS
from neurotrain.monitor.widgets.notes import moment
from neurotrain.monitor.widgets.prompt import Prompt

_BUDGET_S: Final = 0.1
_READ_ON_S: Final = 0.02
_TITLE: Final = " Runs in "
_HINTS: Final = " enter open   space pin   d compare the pinned   / filter   q leave"
_COLUMNS: Final = ("  run", "state", "epoch", "changed", "score")


class Picker(Screen[None]):
    """The runs of a folder, the newest first; enter opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("q,ctrl+c", "app.exit", "leave"),
        ("escape", "back", "back"),
        ("space,p", "pin", "pin"),
        ("d", "compare", "compare"),
        ("slash", "filter", "filter"),
    ]

    class Picked(Message):
        """A run was chosen."""

        def __init__(self, run_dir: str) -> None:
            super().__init__()
            self.run_dir = run_dir

    class CompareAsked(Message):
        """Several runs are to be compared."""

        def __init__(self, runs: tuple[Compared, ...]) -> None:
            super().__init__()
            self.runs = runs

    def __init__(self, listing: Listing, glyphs: Glyphs, *, now: float) -> None:
        super().__init__()
        self._listing = listing
        self._glyphs = glyphs
        self._rows: tuple[RunSummary, ...] = ()
        self._now = now
        self._filter = ""
        self._pinned: list[str] = []

    def compose(self) -> ComposeResult:
        """A title, the table, the keys."""
        with Vertical(id="picker"):
            yield Static(markup=False, classes="title")
            yield DataTable(cursor_type="row", id="runs", zebra_stripes=False)
            yield Static(_HINTS, markup=False, classes="hints")

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(DataTable)
        for name in _COLUMNS:
            table.add_column(name, key=name)
        self.refresh_rows(self._now)
        table.focus()

    def action_back(self) -> None:
        """To the run below, where there is one; else leave."""
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()
        else:
            self.app.exit()

    def action_pin(self) -> None:
        """Choose the run under the cursor for a comparison, or not any more."""
        at = self.query_one(DataTable).cursor_row
        rows = self._shown()
        if not 0 <= at < len(rows):
            return
        name = rows[at].run_dir.name
        if name in self._pinned:
            self._pinned.remove(name)
        elif len(self._pinned) < MAX_RUNS:
            self._pinned.append(name)
        self._fill()

    def action_filter(self) -> None:
        """Type a filter for the names and the states."""
        before = self._filter

        def change(text: str) -> None:
            self._filter = clean(text, 80)
            self._entitle()
            self._fill()

        def take(text: str | None) -> None:
            if text is None:
                change(before)

        label = "filter the runs: text, glob*, /regex/, !not"
        self.app.push_screen(Prompt(label, before, change), take)

    def on_resize(self) -> None:
        """The title has the room of the screen."""
        self._entitle()

    def _entitle(self) -> None:
        """The filter whole, and of a long folder the end."""
        told = f"   /{self._filter}" if self._filter else ""
        room = max(8, self.size.width - width(f"{_TITLE}{told} "))
        folder = clean(str(self._listing.folder))
        if width(folder) > room:
            folder = fit(folder[::-1], room)[::-1]
        self.query_one(".title", Static).update(Content(f"{_TITLE}{folder}{told}"))

    def _shown(self) -> tuple[RunSummary, ...]:
        """The runs that the filter lets through."""
        matches = matcher(self._filter)
        return tuple(row for row in self._rows if matches(f"{row.run_dir.name} {row.state.value}"))

    def action_compare(self) -> None:
        """Compare the pinned runs; without two of them, the first ones of the list."""
        names = (
            self._pinned if len(self._pinned) > 1 else [row.run_dir.name for row in self._shown()]
        )
        by_name = {row.run_dir.name: row for row in self._rows}
        chosen = tuple(
            Compared(by_name[name], self._listing.view(by_name[name].run_dir))
            for name in names if name in by_name
        )[:MAX_RUNS]  # fmt: skip
        if chosen:
            self.post_message(self.CompareAsked(chosen))

    def refresh_rows(self, now: float) -> None:
        """Take the runs as they are at a time."""
        self._now = now
        rows = self._listing.advance(now, _BUDGET_S / max(1, len(self._rows)))
        if not all(row.is_read for row in rows):
            self.set_timer(_READ_ON_S, partial(self.refresh_rows, now))
        if rows == self._rows and self._rows:
            return
        self._rows = rows
        self._fill()

    def _fill(self) -> None:
        table = self.query_one(DataTable)
        at, rows = table.cursor_row, self._shown()
        table.clear()
        for row in rows:
            table.add_row(*self._cells(row), key=str(row.run_dir))
        table.move_cursor(row=min(at, max(0, len(rows) - 1)))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the chosen run."""
        if event.row_key.value is not None:
            self.post_message(self.Picked(event.row_key.value))

    def _cells(self, row: RunSummary) -> tuple[Text, ...]:
        if not row.is_read:
            return Text(f"  {clean(row.run_dir.name, 60)}"), Text("reading…", style="dim")
        look = LOOKS[row.state]
        glyph = look.plain if self._glyphs.ascii_only else look.glyph
        epochs = f"{row.epoch}/{row.epochs}" if row.epochs else str(row.epoch)
        score = "" if row.score is None else f"{wording.value(row.score)}  {row.score_name}"
        style = {"good": "green", "bad": "red", "warn": "yellow"}.get(look.style, "")
        state = Text(f"{glyph} {row.state.value}", style=style)
        pin = self._glyphs.point if row.run_dir.name in self._pinned else " "
        changed = Text(moment(row.changed_at, self._now))
        name = Text(f"{pin} {clean(row.run_dir.name, 60)}")
        return name, state, Text(epochs), changed, Text(score)
