"""Everything about the checkpoints: which there are, what comes next, how to resume."""

from __future__ import annotations

from pathlib import PurePosixPath

from neurotrain.monitor import wording
from neurotrain.monitor.clean import fit
from neurotrain.monitor.frame import Frame
from neurotrain.monitor.ink import Line, Span, box, line
from neurotrain.monitor.saving import NextSave, next_save, num_fitting
from neurotrain.monitor.view import Checkpoint
from neurotrain.monitor.widgets.notes import clock
from neurotrain.monitor.widgets.pane import Pane


class Saves(Pane):
    """A table of the files, then the rule and the command."""

    def draw(self, frame: Frame, width: int, height: int) -> list[Line]:
        """The box with what fits; the command comes first, since it is what people look for."""
        saved = sorted(frame.view.checkpoints, key=lambda one: (one.step, one.time), reverse=True)
        saved += reversed(frame.view.earlier_checkpoints)
        table = [_row(frame, one, width - 2) for one in saved]
        told = [*_command(frame, width - 2), line(""), *_next(frame), *_room(frame)]
        head = _head(width - 2) if table else line((" no checkpoint yet", "dim"))
        room = max(1, height - 3 - len(told) - 1)
        down = min(frame.options.scrolled, max(0, len(table) - room))
        body = [head, *table[down : down + room], line(""), *told]
        kept = {(_folder(one), one.step, one.epoch): one.all_bytes for one in saved}
        right = line((wording.size(sum(kept.values())), "dim")) if kept else ()
        return box(line(("Checkpoints", "title")), right, body, width, height, frame.glyphs)


def state_of(frame: Frame, saved: Checkpoint) -> Span:
    """Whether a checkpoint can be trusted."""
    if saved.path in frame.missing:
        return ("not there", "bad")
    if saved.verified is None:
        return ("not verified", "dim")
    return ("verified", "good") if saved.verified else ("damaged", "bad")


def mark_of(frame: Frame, saved: Checkpoint) -> Span:
    """The star of the best, the triangle of the others."""
    if "best" in saved.roles:
        return (frame.glyphs.star, "best")
    return (frame.glyphs.saved, "accent")


def _head(inner: int) -> Line:
    name = max(12, inner - 68)
    wide = f"{'saved at':>10}{'took':>8}  state" if inner >= 74 else "  state"
    return line((f"   {fit('file', name)}{'epoch':>6}{'step':>9}{'size':>10}{wide}", "dim"))


def _folder(saved: Checkpoint) -> str:
    """The folder of the training that it is of; empty where there is one training."""
    parts = PurePosixPath(saved.path).parts
    return parts[1] if len(parts) > 3 else ""


def _named(saved: Checkpoint) -> str:
    """The file, with its training where there are several."""
    name = PurePosixPath(saved.path).name
    return f"{_folder(saved)}/{name}" if _folder(saved) else name


def _row(frame: Frame, saved: Checkpoint, inner: int) -> Line:
    name = fit(_named(saved), max(12, inner - 68))
    took = "–" if saved.seconds is None else f"{saved.seconds:.2g} s"
    wide = f"{clock(saved.time):>10}{took:>8}" if inner >= 74 else ""
    told, style = state_of(frame, saved)
    role = "" if not {"best", "last"} & set(saved.roles) else f"  {'/'.join(saved.roles)}"
    return line(
        " ", mark_of(frame, saved), f" {name}{saved.epoch:>6}{saved.step:>9}",
        (f"{wording.size(saved.num_bytes):>10}{wide}  ", "dim"), (told, style), (role, "dim"),
    )  # fmt: skip


def _command(frame: Frame, inner: int) -> list[Line]:
    """The command that resumes, on as many rows as it takes to be copied whole."""
    words, rows = frame.resume.split(" "), [""]
    for word in words:
        if rows[-1] and len(rows[-1]) + len(word) + 3 > inner - 12:
            rows[-1] += " \\"
            rows.append("")
        rows[-1] += f" {word}" if rows[-1] else word
    name = "resume" if frame.is_over else "reattach"
    shown = rows if frame.is_over else [f"neurotrain monitor {frame.run_dir}"]
    return [
        line((f" {fit(name if at == 0 else '', 10)}", "dim"), (row, "key"))
        for at, row in enumerate(shown)
    ] + ([] if frame.is_over else [line((f" {fit('resume', 10)}", "dim"), (rows[0], "dim"))])


def _next(frame: Frame) -> list[Line]:
    coming: NextSave | None = next_save(frame.view)
    if coming is None or frame.is_over:
        rule = frame.view.facts.setting("train.checkpoints.every")
        told = f"by number every {rule}" if rule else "best and last alone; none is kept by number"
        return [line((f" {fit('kept', 10)}", "dim"), told)]
    names = ", ".join(PurePosixPath(path).name for path in coming.deletes)
    gone = f"; it deletes {names}" if names else "; it deletes nothing"
    return [line((f" {fit('next', 10)}", "dim"), f"after epoch {coming.epoch}",
                 (gone, "warn" if names else "dim"))]  # fmt: skip


def _room(frame: Frame) -> list[Line]:
    fitting, machine = num_fitting(frame.view), frame.view.machine
    if fitting is None or machine is None:
        return []
    free = wording.size(machine.disk_free_bytes)
    told = f"{free} free: {wording.short_count(fitting)} more"
    return [line((f" {fit('disk', 10)}", "dim"), (told, "bad" if fitting < 3 else "plain"))]
